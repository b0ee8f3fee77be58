"""The precedents of a backtest, used as in life: a ruling helps only pull requests that were opened after its day.

First everything is screened without precedents. Then the pull requests are taken in order of creation, each compared
with what had been ruled before its day; what had been accepted by then, and the baseline, is no evidence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from rules.analysis.flow.established import Fact
from rules.precedents import Code, Guilt, Innocents, Precedent, PrecedentIndex, findings_of, tempered
from rules.report.contract import finding_entry
from rules.rule import Finding, Location, Severity, Source
from rules.submission import PullRequest
from rules.verdict import verdict_of
from worker.tables import RulingRow

Entry = dict[str, Any]

INVALID, ACCEPTED = "invalid", "accepted"
TEACHING = (INVALID, ACCEPTED)
WEIGHTY = (Severity.BLOCK, Severity.REVIEW)


@dataclass(frozen=True, slots=True)
class Screened:
    """An entry with the submission's packed code and, where it was ruled invalid, what its findings rest on."""

    entry: Entry
    code: bytes = b""
    guilt: tuple[Guilt, ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """Invalid pull requests of one category.

    `opened` and `ruled` are the days on which the first of them was opened and ruled on, `spread` those that were
    opened after that ruling and `caught` those of them that a precedent finds; `unruled` are found too, and no ruling
    on them is known; `stopped` is the day on which the first of both was opened.
    """

    category: str
    opened: date
    ruled: date
    spread: tuple[int, ...]
    caught: tuple[int, ...]
    unruled: tuple[int, ...]
    stopped: date | None

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "category": self.category,
            "first_opened": self.opened.isoformat(),
            "first_ruled": self.ruled.isoformat(),
            "opened_after": list(self.spread),
            "caught": list(self.caught),
            "caught_not_ruled": list(self.unruled),
            "first_caught": None if self.stopped is None else self.stopped.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Hindsight:
    """What precedents would have done. `telling`: those that hold evidence. Numbers are pull requests in their order.

    `later` are invalid ones that were opened after a ruling of one of their categories, `caught` those that a
    precedent finds, `only` those of them that no rule finds for a ruled category. `accepted` are accepted ones with a
    weighty finding of a precedent, `anew` those of them that no rule flagged.
    """

    precedents: int
    telling: int
    invalid: int
    later: tuple[int, ...]
    caught: tuple[int, ...]
    only: tuple[int, ...]
    accepted: tuple[int, ...]
    anew: tuple[int, ...]
    others: tuple[int, ...]
    families: tuple[Family, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "precedents": self.precedents,
            "with_evidence": self.telling,
            "invalid": self.invalid,
            "opened_after_a_ruling": list(self.later),
            "caught": list(self.caught),
            "caught_by_precedent_alone": list(self.only),
            "accepted_flagged": list(self.accepted),
            "accepted_flagged_by_precedent_alone": list(self.anew),
            "not_ruled_flagged": list(self.others),
            "families": [family.as_json() for family in self.families],
        }


def precedent_of(ruling: RulingRow, guilt: Sequence[Guilt]) -> Precedent:
    """A ruling of a table: in force from the end of its day on, for the findings of its categories.

    Notes are evidence only where nothing weightier of a ruled category was found.
    """
    named = [one for one in guilt if one.category in ruling.reasons]
    weighty = [one for one in named if one.severity is not Severity.NOTE]
    end = datetime.combine(ruling.ruled_on, time.max, UTC)
    evidence = tuple(weighty or named)
    return Precedent(str(ruling.number), ruling.number, ruling.outcome, ruling.reasons, "", end, evidence)


@dataclass(slots=True)
class Casebook:
    """Rulings in order of their days, and what they have taught so far."""

    rulings: Sequence[RulingRow]
    screened: Mapping[int, Screened]
    baseline: Iterable[Code] = ()
    precedents: list[Precedent] = field(default_factory=list)
    _innocents: Innocents = field(default_factory=Innocents)
    _index: PrecedentIndex | None = None
    _next: int = 0

    def __post_init__(self) -> None:
        self.rulings = sorted(self.rulings, key=lambda ruling: ruling.ruled_on)
        for code in self.baseline:
            self._innocents.add(code)

    def before(self, day: date) -> PrecedentIndex:
        """The precedents that were known on the morning of a day. Days are asked for in their order."""
        while self._next < len(self.rulings) and self.rulings[self._next].ruled_on < day:
            ruling = self.rulings[self._next]
            self._next += 1
            known = self.screened.get(ruling.number)
            if known is None:
                continue
            if ruling.outcome == ACCEPTED and known.code:
                self._innocents.add(Code.unpacked(known.code))
            elif ruling.outcome == INVALID:
                self.precedents.append(precedent_of(ruling, known.guilt))
            self._index = None
        if self._index is None:
            self._index = PrecedentIndex(self.precedents, self._innocents)
        return self._index


def apply(
    pull_requests: Sequence[PullRequest],
    screened: Mapping[int, Screened],
    rulings: Sequence[RulingRow],
    baseline: Iterable[Code] = (),
) -> None:
    """Add the findings of precedents to the entries of these pull requests, which come in order of creation."""
    book = Casebook(rulings, screened, baseline)
    for pull_request in pull_requests:
        one = screened[pull_request.number]
        if pull_request.created_at is None:
            continue
        index = book.before(pull_request.created_at.date())
        if one.code:
            matches = index.matches(Code.unpacked(one.code), pull_request.created_at)
            _add(one.entry, findings_of(matches, pull_request.number))


def _add(entry: Entry, inherited: Sequence[Finding]) -> None:
    """Put the findings of precedents among those of the rules."""
    if inherited:
        found, facts = map(_finding, entry["findings"]), map(_fact, entry["established"])
        both = [*entry["findings"], *(finding_entry(finding) for finding in tempered(inherited, found, facts))]
        entry["findings"] = sorted(both, key=lambda f: (-Severity(f["severity"]).rank, f["code"]))
        entry["verdict"] = verdict_of(list(map(_finding, both))).value


def _finding(told: Entry) -> Finding:
    return Finding(told["code"], told["name"], told["category"], Severity(told["severity"]), told["message"])


def _fact(told: Entry) -> Fact:
    places = (Location(place["path"], place["line"], place["unpacked_line"]) for place in told["places"])
    return Fact(told["subject"], told["text"], tuple(places))


def hindsight(
    entries: Sequence[Entry],
    pull_requests: Sequence[PullRequest],
    screened: Mapping[int, Screened],
    rulings: Sequence[RulingRow],
) -> Hindsight:
    """Sum up what the precedents did for the entries."""
    opened = {p.number: p.created_at.date() for p in pull_requests if p.created_at is not None}
    shown = {entry["number"]: entry for entry in entries}
    invalid = [ruling for ruling in rulings if ruling.outcome == INVALID]
    precedents = [precedent_of(r, screened[r.number].guilt) for r in invalid if r.number in screened]
    ruled = {ruling.number for ruling in rulings}
    families = tuple(_families([r for r in invalid if r.number in opened], opened, shown, ruled))
    later = {number for family in families for number in family.spread}
    caught = [r for r in invalid if r.number in shown and _has(shown[r.number], Source.PRECEDENT, r.reasons)]
    accepted = {r.number for r in rulings if r.outcome == ACCEPTED}
    flagged = [e["number"] for e in entries if _has(e, Source.PRECEDENT)]
    return Hindsight(
        precedents=len(precedents),
        telling=sum(bool(precedent.evidence) for precedent in precedents),
        invalid=sum(ruling.number in shown for ruling in invalid),
        later=tuple(number for number in opened if number in later),
        caught=tuple(ruling.number for ruling in caught),
        only=tuple(r.number for r in caught if not _has(shown[r.number], Source.RULE, r.reasons)),
        accepted=tuple(number for number in flagged if number in accepted),
        anew=tuple(n for n in flagged if n in accepted and not _has(shown[n], Source.RULE)),
        others=tuple(number for number in flagged if number not in ruled),
        families=families,
    )


def _families(
    invalid: Sequence[RulingRow], opened: Mapping[int, date], shown: Mapping[int, Entry], known: Collection[int]
) -> Iterator[Family]:
    for category in sorted({reason for ruling in invalid for reason in ruling.reasons}):
        members = [ruling for ruling in invalid if category in ruling.reasons]
        ruled = min(ruling.ruled_on for ruling in members)
        spread = sorted(r.number for r in members if opened[r.number] > ruled and r.number in shown)
        caught = [number for number in spread if _has(shown[number], Source.PRECEDENT, (category,))]
        others = [n for n, e in shown.items() if n not in known and _has(e, Source.PRECEDENT, (category,))]
        first = min(opened[ruling.number] for ruling in members)
        stopped = min((opened[number] for number in (*caught, *others)), default=None)
        yield Family(category, first, ruled, tuple(spread), tuple(caught), tuple(sorted(others)), stopped)


def _has(entry: Entry, source: Source, categories: Sequence[str] = ()) -> bool:
    """Whether a weighty finding of that source is there, of one of these categories where some are given."""
    return any(
        finding["source"] == source
        and Severity(finding["severity"]) in WEIGHTY
        and (not categories or finding["category"] in categories)
        for finding in entry["findings"]
    )
