"""BigramHash: an embedding looked up by a hash of a token and the one before it, added to the token embedding.

## Recognised by
A live class or function whose name says bigram together with hash, or bigram together with embedding.

## Not to be confused with
n-gram caches, which count tokens during evaluation; logit biases by bigram, which are looked up without a hash.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting

NAME = "bigram-hash"
TITLE = "BigramHash embedding"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    return program.made_any(
        "bigram hash", "bigramhash", "bigram embedding", "bigram emb", "bigram embed", "bigram table"
    )
