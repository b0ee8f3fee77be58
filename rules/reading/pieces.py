"""What was made of pieces of text, remembered: scripts of the field share most of their lines.

A piece is one line, or several where something goes over them (a call, a docstring). It is found again by its first
line and then by its whole text. For readers that end a piece where nothing before or after it changes what is in it.
"""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")

MOST_PIECES = 100_000
MOST_BESIDE = 32  # pieces with the same first line, such as the quotes of a docstring
LONGEST = 8_000  # characters of a piece; a longer one is a payload, or nobody else's


class Pieces(Generic[T]):
    """Pieces and what was made of them; all are forgotten when there are too many. Not shared between threads."""

    def __init__(self) -> None:
        self._known: dict[str, list[tuple[str, T]]] = {}
        self._count = 0

    def find(self, text: str, position: int) -> tuple[int, T] | None:
        """Where the known piece ends that begins at a position, and what was made of it."""
        first = text[position : text.find("\n", position) + 1]
        for piece, made in self._known.get(first, ()):
            if text.startswith(piece, position):
                return position + len(piece), made
        return None

    def keep(self, piece: str, made: T) -> None:
        """Remember a piece with the end of its last line."""
        if len(piece) > LONGEST:
            return
        if self._count >= MOST_PIECES:
            self._known.clear()
            self._count = 0
        beside = self._known.setdefault(piece[: piece.find("\n") + 1], [])
        if len(beside) < MOST_BESIDE:
            beside.append((piece, made))
            self._count += 1
