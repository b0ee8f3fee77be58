"""Comparing a submission with precedents: one look-up for each guilty statement, however many submissions there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from rules import catalog
from rules.analysis.flow.established import SCORE_FIRST, Fact
from rules.precedents.code import Code, CodeFile
from rules.precedents.values import Guilt, Match, Passage, Precedent
from rules.rule import Evidence, Finding, Location, Severity, Source

MOST_NAMED = 4
KEEPS = "Keeps {what} for which {ruled}{others}."
NEVER_RUNS = " Nothing that is scored reaches it."
LEGAL_HERE = " Here they learn from tokens that were scored before."
FIX = "Take these lines out or change what they do; if they are innocent here, say why: an organizer can waive it."
ROLE = "stood in #{}"
_OF_ORDER = frozenset({"B01", "B03", "B04"})  # the same lines are legal in another order


@dataclass(slots=True)
class Innocents:
    """The statements of accepted submissions and of the competition's own baseline."""

    _known: set[int] = field(default_factory=set)
    _files: list[Sequence[int]] = field(default_factory=list)

    def add(self, code: Code) -> None:
        """What stands there is no evidence."""
        for file in code.files:
            self._known.update(file.digests)
            self._files.append(file.digests)

    def mark(self, guilt: Guilt) -> Guilt:
        """The same guilt; statements that stand here too are marked as short, or as common with their neighbours."""
        marked = (
            replace(passage, short=True, common=passage.common or self._has_around(passage))
            if passage.digest in self._known
            else passage
            for passage in guilt.passages
        )
        return replace(guilt, passages=tuple(marked))

    def _has_around(self, passage: Passage) -> bool:
        """Whether a passage stands here with its neighbours."""
        return any(
            passage.stands_in(digests, position)
            for digests in self._files
            if passage.digest in digests
            for position, digest in enumerate(digests)
            if digest == passage.digest
        )


@dataclass(frozen=True, slots=True)
class _Case:
    """The guilt of one finding, and the passages that are left of it as evidence."""

    precedent: Precedent
    guilt: Guilt
    telling: tuple[Passage, ...]


class PrecedentIndex:
    """Precedents by the digest of one telling statement of each finding; a submission is asked for these alone."""

    def __init__(self, precedents: Iterable[Precedent], innocents: Innocents | None = None) -> None:
        self._cases: dict[int, list[_Case]] = defaultdict(list)
        innocents = innocents or Innocents()
        for precedent in precedents:
            for guilt in precedent.evidence:
                marked = innocents.mark(guilt)
                case = _Case(precedent, marked, tuple(passage for passage in marked.passages if not passage.common))
                for digest in {passage.digest for passage in case.telling}:
                    self._cases[digest].append(case)

    def matches(self, code: Code, created_at: datetime | None) -> Iterator[Match]:
        """Which precedents a submission keeps to, of those that were ruled before its pull request was opened."""
        places = code.places
        digests = self._cases.keys() & places.keys()
        for case in {id(case): case for digest in digests for case in self._cases[digest]}.values():
            if created_at is None or case.precedent.ruled_on < created_at:
                match = _compare(case, code)
                if match is not None:
                    yield match


def findings_of(matches: Iterable[Match], number: int = 0) -> list[Finding]:
    """One finding for each rule, at its oldest precedent; `number`: a pull request is no precedent for itself."""
    found: dict[str, list[Match]] = defaultdict(list)
    for match in matches:
        if match.precedent.number != number:
            found[match.guilt.code].append(match)
    return [_finding(matches) for _, matches in sorted(found.items())]


def tempered(inherited: Iterable[Finding], found: Iterable[Finding], facts: Iterable[Fact] = ()) -> list[Finding]:
    """Findings of precedents beside those of the rules: none is a block where its own rule reads this program milder.

    The same lines may be allowed under other settings, which a rule sees and a comparison of lines does not. Where the
    order of learning and scoring is the fault and the lines that were kept learn here from what was scored before, it
    is noted only, unless its own rule finds the fault too.
    """
    found = list(found)
    blocked = {finding.code for finding in found if finding.severity is Severity.BLOCK}
    asked = {finding.code for finding in found if finding.severity.rank >= Severity.REVIEW.rank}
    ruled = {rule.code for rule in catalog.rules()}
    legal = {place for fact in facts if fact.subject == SCORE_FIRST for place in fact.places}
    return [_tempered(one, one.code in ruled - blocked, legal if one.code not in asked else set()) for one in inherited]


def _tempered(finding: Finding, milder: bool, legal: set[Location]) -> Finding:
    if finding.code in _OF_ORDER and any(one.location in legal for one in finding.evidence):
        return replace(finding, severity=Severity.NOTE, message=finding.message + LEGAL_HERE)
    return replace(finding, severity=Severity.REVIEW) if finding.severity is Severity.BLOCK and milder else finding


def matches(precedent: Precedent, code: Code, innocents: Innocents | None = None) -> Match | None:
    """Whether code keeps the guilty lines of one precedent; the gravest match where several findings were ruled on."""
    found = list(PrecedentIndex([precedent], innocents).matches(code, datetime.max.replace(tzinfo=UTC)))
    return max(found, key=lambda match: match.severity.rank, default=None)


def _compare(case: _Case, code: Code) -> Match | None:
    """The match with one case, where all that tells is still there."""
    evidence, live = [], True
    for passage in case.telling:
        place = _find(passage, code)
        if place is None:
            return None
        file, position = place
        live = live and bool(file.live[position])
        evidence.append(Evidence(file.locate(position), passage.quote, ROLE.format(case.precedent.number)))
    whole = all(passage.digest in code.places for passage in case.guilt.passages)
    whole = whole and not all(passage.short for passage in case.telling)
    return Match(case.precedent, case.guilt, tuple(evidence), whole, live)


def _find(passage: Passage, code: Code) -> tuple[CodeFile, int] | None:
    """Where a passage stands, a place that may run before one that does not."""
    found = [
        (file, position)
        for file, position in code.places.get(passage.digest, ())
        if not passage.short or passage.stands_in(file.digests, position)
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
