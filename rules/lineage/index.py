"""The signatures of all scripts known so far, and which earlier ones resemble a given one most.

One scan over all slots answers a query: at ten thousand scripts that takes a few milliseconds, so nothing is indexed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from rules.lineage.signature import SLOTS, VERSION, Signature

NEAREST = 20
_ROOM = 256


@dataclass(frozen=True, slots=True)
class Known:
    """A script of a pull request at one head.

    `created_at` is when that head was first there: the pull request's creation for its first head, later for those
    that were pushed, so that what a push takes over from others does not count as older than theirs.
    """

    number: int
    author: str
    created_at: datetime
    signature: Signature
    head_sha: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A known script and the estimated share of shingles in common, 0 to 1."""

    known: Known
    estimate: float


class Index:
    """Scripts of any number of pull requests, in any order."""

    def __init__(self, known: Iterable[Known] = ()) -> None:
        self._known: list[Known] = []
        self._slots: npt.NDArray[np.uint32] = np.empty((_ROOM, SLOTS), np.uint32)
        self._times: npt.NDArray[np.float64] = np.empty(_ROOM, np.float64)
        self._numbers: npt.NDArray[np.int64] = np.empty(_ROOM, np.int64)
        for item in known:
            self.add(item)

    def __len__(self) -> int:
        return len(self._known)

    def add(self, known: Known) -> None:
        """Count a script among the known ones. Raises ValueError for a signature of another version."""
        _check(known.signature)
        at = len(self._known)
        if at == len(self._times):
            self._slots = np.concatenate([self._slots, np.empty_like(self._slots)])
            self._times = np.concatenate([self._times, np.empty_like(self._times)])
            self._numbers = np.concatenate([self._numbers, np.empty_like(self._numbers)])
        self._slots[at] = known.signature.array()
        self._times[at] = known.created_at.timestamp()
        self._numbers[at] = known.number
        self._known.append(known)

    def nearest(
        self, signature: Signature, *, number: int, author: str, created_at: datetime, most: int = NEAREST
    ) -> tuple[Candidate, ...]:
        """The scripts of other pull requests that were there before and share the most, at most `most`, best first.

        Each pull request comes once, with its likest head. Half of the places are for other authors where there are so
        many, so that a long series of one's own hides nobody. Of equally like ones the earliest goes first. Raises
        ValueError for a signature of another version.
        """
        _check(signature)
        count = len(self._known)
        shared = np.count_nonzero(self._slots[:count] == signature.array(), axis=1)
        times, moment = self._times[:count], created_at.timestamp()
        earlier = (times < moment) | ((times == moment) & (self._numbers[:count] < number))
        fit = np.flatnonzero(earlier & (self._numbers[:count] != number) & (shared > 0))
        order = fit[np.lexsort((self._numbers[fit], times[fit], -shared[fit]))]
        return tuple(
            Candidate(self._known[i], float(shared[i]) / SLOTS) for i in self._chosen(order.tolist(), author, most)
        )

    def _chosen(self, order: Sequence[int], author: str, most: int) -> list[int]:
        """The first of each pull request, in order, with at least half of the places for other authors."""
        own: list[int] = []
        others: list[int] = []
        seen: set[int] = set()
        for i in order:
            known = self._known[i]
            if known.number in seen:
                continue
            seen.add(known.number)
            (own if known.author == author else others).append(i)
            if len(others) >= most:
                break
        kept_own = own[: max(most // 2, most - len(others))]
        kept = {*kept_own, *others[: most - len(kept_own)]}
        return [i for i in order if i in kept]


def _check(signature: Signature) -> None:
    if signature.version != VERSION:
        raise ValueError(f"a signature of version {signature.version} cannot be compared with those of {VERSION}")
