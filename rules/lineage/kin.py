"""How alike two scripts are beyond the repository's own baseline, and which earlier ones a submission descends from."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from rapidfuzz.distance import LCSseq

from rules.lineage.index import Candidate, Known
from rules.lineage.signature import Script, tokens_of
from rules.submission import Citation, Kin, Mention, Refused, Submission

NEARLY_THE_SAME = 0.99
OTHERS, OWN = 5, 3  # kin that are kept
FLOOR = 0.1  # below, two scripts share no more than what every training script has
ORDER_DIGITS = 2
OWN_WEIGHT = 0.3
"""Share of this script's length in the order of likeness. A child mostly adds to its parent: lines of the other that
are gone weigh more than lines that have come."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """`similarity` is 2·common/(own + theirs) in token lines, `order` the figure that the nearest are ordered by."""

    similarity: float
    order: float


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An earlier pull request and how alike its script is; `named`: how many earlier ones of others build on it."""

    number: int
    author: str
    created_at: datetime
    likeness: Likeness
    named: int = 0

    @classmethod
    def of(cls, known: Known, likeness: Likeness, named: int = 0) -> Neighbour:
        """A known script as a neighbour."""
        return cls(known.number, known.author, known.created_at, likeness, named)


def baseline_of(*scripts: str) -> frozenset[int]:
    """The hashed lines of the repository's own scripts, which weigh nothing."""
    return frozenset(line for script in scripts for line in Script.of(tokens_of(script)).hashes)


@lru_cache(maxsize=512)  # many a script was handed in several times, word for word
def likeness(own: Script, their: Script, baseline: frozenset[int] = frozenset()) -> Likeness:
    """Compare two scripts by the longest common subsequence of their lines outside the baseline.

    Two scripts without any such line are alike: both are the baseline.
    """
    mine, others = _outside(own, baseline), _outside(their, baseline)
    if not mine and not others:
        return Likeness(1.0, 1.0)
    common = LCSseq.similarity(mine, others)
    return Likeness(
        2 * common / (len(mine) + len(others)),
        common / (OWN_WEIGHT * len(mine) + (1 - OWN_WEIGHT) * len(others)),
    )


@lru_cache(maxsize=2_048)  # a script is compared with many others; some kilobytes each
def _outside(script: Script, baseline: frozenset[int]) -> array[int]:
    """The lines of a script that are none of the baseline."""
    return array("I", [line for line in script.hashes if line not in baseline])


def rerank(
    candidates: Iterable[Candidate],
    own: Script,
    script_of: Callable[[Known], Script | None],
    baseline: frozenset[int],
    named: Callable[[int], int] = lambda _number: 0,
) -> tuple[Neighbour, ...]:
    """The candidates as `in_order` puts them; those whose script is gone are left out.

    `named` tells how many earlier submissions of others name a pull request as their parent.
    """
    found = [
        Neighbour.of(candidate.known, likeness(own, script, baseline), named(candidate.known.number))
        for candidate in candidates
        if (script := script_of(candidate.known)) is not None
    ]
    return in_order(found)


def in_order(neighbours: Iterable[Neighbour]) -> tuple[Neighbour, ...]:
    """The likest first. Of those that are alike to a hundredth the one that most others build on, then the earliest.

    Copies of one script differ in nothing; whom people name tells which of them they mean.
    """
    return tuple(
        sorted(neighbours, key=lambda n: (-round(n.likeness.order, ORDER_DIGITS), -n.named, n.created_at, n.number))
    )


def parents_named(citations: Iterable[Citation]) -> tuple[int, ...]:
    """Numbers that are named as parents, in the order of the citations."""
    return tuple(dict.fromkeys(c.number for c in citations if c.kind is Mention.PARENT))


def kin_of(submission: Submission, neighbours: Sequence[Neighbour]) -> tuple[Kin, ...]:
    """The nearest of others, the further ones named as parents, then the nearest of the same author."""
    return kin_among(neighbours, submission.pull_request.author, parents_named(submission.citations))


def kin_among(neighbours: Sequence[Neighbour], author: str, named: Sequence[int]) -> tuple[Kin, ...]:
    """The kin of a submission by that author, which names these as parents."""
    known = {n.number: n for n in neighbours}
    near = [number for number, n in known.items() if n.likeness.similarity >= FLOOR]
    own = [number for number in near if known[number].author == author]
    chosen = [number for number in near if number not in own][:OTHERS]
    chosen += [number for number in named if number not in chosen]
    chosen += [number for number in own[:OWN] if number not in chosen]
    return tuple(_kin(number, known.get(number), number in named, author) for number in chosen)


def _kin(number: int, near: Neighbour | None, cited: bool, author: str) -> Kin:
    if near is None:
        return Kin(number, "", None, cited, same_author=False)
    return Kin(number, near.author, near.likeness.similarity, cited, same_author=near.author == author)


def likest(kin: Iterable[Kin]) -> Kin | None:
    """The one to compare a submission with: the likest of all, of equal ones the first.

    An earlier try of the same author that is nearly the same tells nothing, so that another goes before it.
    """
    fit = [k for k in kin if k.similarity is not None and k.similarity >= FLOOR]
    telling = [k for k in fit if not (k.same_author and (k.similarity or 0.0) >= NEARLY_THE_SAME)]
    return max(telling or fit, key=lambda k: k.similarity or 0.0, default=None)


def related(
    submission: Submission, neighbours: Sequence[Neighbour] = (), refused: Iterable[Refused] = ()
) -> Submission:
    """The submission with its kin. Of `refused` those stay that it names or that are near."""
    kin = kin_of(submission, neighbours)
    near = {k.number for k in kin} | {c.number for c in submission.citations}
    return replace(submission, kin=kin, refused=tuple(r for r in refused if r.number in near))
