"""H-Net: the model learns where to cut bytes into chunks, and processes chunks in an inner network.

## Recognised by
Live classes or functions whose name says H-Net, dynamic chunking or dechunking.

## Not to be confused with
Chunks of tokens in evaluation or in test-time training.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting

NAME = "h-net"
TITLE = "H-Net"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    return program.made_any("hnet", "h net", "dynamic chunking", "dynamic chunker", "dechunk", "de chunk layer")
