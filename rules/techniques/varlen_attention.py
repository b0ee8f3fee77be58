"""Variable-length attention: documents are packed without padding, and attention does not cross from one to the next.

## Recognised by
Live calls of a variable-length attention kernel.

## Not to be confused with
Attention masks of a fixed length.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting

NAME = "varlen-attention"
TITLE = "Variable-length attention"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    return program.made("varlen")
