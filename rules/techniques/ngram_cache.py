"""n-gram cache: counts of tokens seen so far during evaluation are mixed with the model.

## Recognised by
Live classes or functions whose name says n-gram together with cache, mixer, backoff, counts or eval.

## Not to be confused with
BigramHash and other n-gram embeddings, which are trained; n-gram tilt, which only nudges logits.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting

NAME = "ngram-cache"
TITLE = "n-gram cache"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    return program.made_any(
        "ngram cache",
        "ngram mixer",
        "ngram backoff",
        "backoff ngram",
        "ngram eval",
        "ngram count",
        "ngram counts",
        "ngram counter",
        "ngram state",
        "ngram scorer",
        "ngram table",
        "ngram tables",
        "hashed ngram",
        "sliding ngram",
        "ngram expert",
        "ngram lib",
        "ngram rescore",
        "ngram update",
    )
