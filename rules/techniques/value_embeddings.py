"""Value embeddings: a table indexed by token id is added to the values of attention.

## Recognised by
Live code that builds a value embedding ("value_embeds", "ve_shared").

## Not to be confused with
Value residuals, which reuse the values of the first layer.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting

NAME = "value-embeddings"
TITLE = "Value embeddings"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    return program.made_any(
        "value embedding",
        "value embeddings",
        "value embeds",
        "value embed",
        "value emb",
        "ve shared",
        "ve table",
        "ve embed",
        "ve proj",
        "ve embeds",
    )
