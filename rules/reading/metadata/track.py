"""The many spellings of a track's name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rules.reading.metadata.words import words_of

_NOISE = frozenset({"track", "records"})
_NEGATIONS = frozenset({"non", "not", "un"})


def normalise_track(text: str) -> str:
    """Words in lower case joined by hyphens, without "track": "track_Non_Record_16MB" → "non-record-16-mb"."""
    return "-".join(word for word in words_of(text) if word not in _NOISE)


def named_track(text: str | None, spellings: Mapping[str, Iterable[str]]) -> str | None:
    """The track that a text means, given each track's name → its further spellings; None where it means none.

    A spelling counts where the text holds all its words. One that negates ("non-record") wins over one that
    does not, since it takes the other back; then the one with more words; then the track that comes later, because
    competitions list the most demanding track first and a claim to it should be unmistakable.
    """
    given = set(normalise_track(text or "").split("-"))
    best: tuple[bool, int, int] = (False, 0, 0)
    found: str | None = None
    for order, (name, others) in enumerate(spellings.items()):
        for spelling in (name, *others):
            words = set(normalise_track(spelling).split("-"))
            rank = (not _NEGATIONS.isdisjoint(words), len(words), order)
            if words <= given and words != {""} and rank >= best:
                best, found = rank, name
    return found
