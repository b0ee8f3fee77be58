"""Spectral (overtone) embedding init: the singular values of the embedding are set to a power law at the start.

## Recognised by
A live function that takes a singular value decomposition of an embedding while it initialises, or is named overtone.

## Not to be confused with
Singular value decompositions for LQER, for compression or for an optimiser.
"""

from __future__ import annotations

import ast

from rules.analysis.live import Program, Sighting
from rules.analysis.words import words_of

NAME = "spectral-embedding-init"
TITLE = "Spectral embedding init"

_INITIALISES = {"init", "initialize", "reset", "overtone", "spectral"}
_EMBEDDINGS = {"emb", "embed", "embedding", "wte", "embeddings"}


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    for name in ("svd", "svd_lowrank"):
        for unit, call in program.calls.get(name, ()):
            around = set(words_of(unit.scope.name)) | set(words_of(unit.scope.class_name))
            if around & _INITIALISES and _is_embedding(call.argument(0)):
                return unit.at(call.line)
    return program.made_any("overtone", "spectral embed", "spectral init", "spectral embedding")


def _is_embedding(node: ast.expr | None) -> bool:
    names = (
        {n.attr if isinstance(n, ast.Attribute) else getattr(n, "id", "") for n in ast.walk(node)} if node else set()
    )
    return any(set(words_of(name)) & _EMBEDDINGS for name in names)
