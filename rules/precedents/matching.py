"""Comparing a submission with precedents: one look-up for each guilty statement, however many submissions there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rules.precedents.code import Code, CodeFile
from rules.precedents.values import Guilt, Match, Passage, Precedent
from rules.rule import Evidence, Finding, Source

MOST_NAMED = 4
KEEPS = "Keeps {what} for which {ruled}{others}."
NEVER_RUNS = " Nothing that is scored reaches it."
FIX = "Take these lines out or change what they do; if they are innocent here, say why: an organizer can waive it."
ROLE = "stood in #{}"


@dataclass(slots=True)
class Innocents:
    """Statements of accepted submissions and of the competition's own baseline, alone and with their neighbours."""

    alone: set[int] = field(default_factory=set)
    windows: set[tuple[int, int, int]] = field(default_factory=set)

    def add(self, code: Code) -> None:
        """What stands there is no evidence."""
        for file in code.files:
            self.alone.update(file.digests)
        self.windows.update(code.windows)

    def clears(self, passage: Passage) -> bool:
        """Whether a passage says nothing, not even with its neighbours."""
        return passage.window in self.windows

    def needs_neighbours(self, passage: Passage) -> bool:
        """Whether a statement tells something only with its neighbours."""
        return passage.short or passage.digest in self.alone


@dataclass(frozen=True, slots=True)
class _Case:
    """The guilt of one finding with what is left of it as evidence: passages and whether neighbours are needed."""

    precedent: Precedent
    guilt: Guilt
    telling: tuple[tuple[Passage, bool], ...]


class PrecedentIndex:
    """Precedents by the digest of one telling statement of each finding; a submission is asked for these alone."""

    def __init__(self, precedents: Iterable[Precedent], innocents: Innocents | None = None) -> None:
        self._cases: dict[int, list[_Case]] = defaultdict(list)
        innocents = innocents or Innocents()
        for precedent in precedents:
            for guilt in precedent.evidence:
                case = _Case(precedent, guilt, tuple(_telling(guilt, innocents)))
                if case.telling:
                    self._cases[case.telling[0][0].digest].append(case)

    def matches(self, code: Code, created_at: datetime | None) -> Iterator[Match]:
        """Which precedents a submission keeps to, of those that were ruled before its pull request was opened."""
        places = code.places
        for digest in self._cases.keys() & places.keys():
            for case in self._cases[digest]:
                if created_at is None or case.precedent.ruled_on < created_at:
                    match = _compare(case, code)
                    if match is not None:
                        yield match

    def findings(self, code: Code, created_at: datetime | None, number: int = 0) -> list[Finding]:
        """One finding for each rule, at its oldest precedent; `number`: a pull request is none for itself."""
        found: dict[str, list[Match]] = defaultdict(list)
        for match in self.matches(code, created_at):
            if match.precedent.number != number:
                found[match.guilt.code].append(match)
        return [_finding(matches) for _, matches in sorted(found.items())]


def matches(precedent: Precedent, code: Code, innocents: Innocents | None = None) -> Match | None:
    """Whether code keeps the guilty lines of one precedent; the gravest match where several findings were ruled on."""
    found = list(PrecedentIndex([precedent], innocents).matches(code, datetime.max.replace(tzinfo=UTC)))
    return max(found, key=lambda match: match.severity.rank, default=None)


def _telling(guilt: Guilt, innocents: Innocents) -> Iterator[tuple[Passage, bool]]:
    for passage in guilt.passages:
        if not innocents.clears(passage):
            yield passage, innocents.needs_neighbours(passage)


def _compare(case: _Case, code: Code) -> Match | None:
    evidence, live = [], True
    for passage, with_neighbours in case.telling:
        place = _find(passage, code, with_neighbours=with_neighbours)
        if place is None:
            return None
        file, position = place
        live = live and bool(file.live[position])
        evidence.append(Evidence(file.locate(position), passage.quote, ROLE.format(case.precedent.number)))
    whole = all(passage.digest in code.places for passage in case.guilt.passages)
    return Match(case.precedent, case.guilt, tuple(evidence), whole, live)


def _find(passage: Passage, code: Code, *, with_neighbours: bool) -> tuple[CodeFile, int] | None:
    """Where a passage stands, a place that may run before one that does not."""
    found = [
        (file, position)
        for file, position in code.places.get(passage.digest, ())
        if not with_neighbours or file.around(position) == passage.window
    ]
    return max(found, key=lambda place: place[0].live[place[1]], default=None)


def _finding(found: Sequence[Match]) -> Finding:
    gravest = max(match.severity.rank for match in found)
    first = min(
        (m for m in found if m.severity.rank == gravest), key=lambda m: (m.precedent.ruled_on, m.precedent.number)
    )
    precedent, guilt = first.precedent, first.guilt
    others = sorted({match.precedent.number for match in found} - {precedent.number})
    named = ", ".join(f"#{number}" for number in others[:MOST_NAMED])
    more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
    ruled = f"#{precedent.number} was ruled {precedent.outcome} on {precedent.ruled_on:%Y-%m-%d}"
    why = f": {precedent.text}" if precedent.text else f" ({', '.join(precedent.reasons)})"
    message = KEEPS.format(
        what="the line" if len(first.evidence) == 1 else f"the {len(first.evidence)} lines",
        ruled=ruled + why.rstrip(". "),
        others=f"; likewise {named}{more}" if others else "",
    )
    return Finding(
        code=guilt.code,
        name=guilt.name,
        category=guilt.category,
        severity=first.severity,
        message=message + ("" if first.live else NEVER_RUNS),
        location=first.evidence[0].location,
        fix=FIX,
        evidence=first.evidence,
        source=Source.PRECEDENT,
    )
