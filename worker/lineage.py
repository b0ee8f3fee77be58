"""The lineage of many pull requests of a local repository: which earlier scripts are nearest to whose."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from rules.lineage.index import NEAREST, Index, Known
from rules.lineage.kin import Neighbour, in_order, likeness, rerank
from rules.lineage.signature import Script
from rules.submission import PullRequest, Refused
from worker.sheets import Sheet
from worker.tables import RulingRow

MORE = 4  # candidates beyond the nearest, for those that turn out to be later


class Lineage:
    """Everybody's sheets, and who is nearest to whom."""

    def __init__(self, sheets: Iterable[Sheet]) -> None:
        self._sheets = {sheet.pull_request.number: sheet for sheet in sheets}
        self._baseline = frozenset[int]().union(*(sheet.baseline for sheet in self._sheets.values()))
        self._index = Index(known for sheet in self._sheets.values() if (known := _known(sheet)) is not None)
        self._named_at = self._namings()

    def __len__(self) -> int:
        return len(self._index)

    def neighbours(self, pull_request: PullRequest) -> tuple[Neighbour, ...]:
        """The nearest earlier ones and those that it names as parents, the likest first; () where it is not known."""
        own = self._sheets.get(pull_request.number)
        return () if own is None else self.near(own)

    def plain(self, pull_request: PullRequest) -> frozenset[str]:
        """Its scripts that were seen to launch nothing, by content id."""
        own = self._sheets.get(pull_request.number)
        return frozenset() if own is None else own.plain

    def near(self, own: Sheet) -> tuple[Neighbour, ...]:
        """The same for a sheet that may stand outside: a folder on disk has number 0."""
        near = self.nearest(own)
        return in_order((*near, *self._named(own, {n.number for n in near})))

    def nearest(self, own: Sheet) -> tuple[Neighbour, ...]:
        """The nearest earlier ones alone, whatever the sheet names."""
        asked, at = own.pull_request, own.pull_request.created_at
        if own.signature is None or at is None:
            return ()
        candidates = self._index.nearest(
            own.signature, number=asked.number, author=asked.author, created_at=at, most=NEAREST + MORE
        )
        kept = [c for c in candidates if not self._took_from(c.known.number, asked.number)][:NEAREST]
        return rerank(kept, own.script, self._script_of, self._baseline, lambda number: self._times_named(number, at))

    def named(self, own: Sheet) -> tuple[Neighbour, ...]:
        """The earlier ones alone that the sheet names as parents, the likest first."""
        return in_order(self._named(own, set()))

    def _namings(self) -> dict[int, list[datetime]]:
        """When each pull request was named as a parent by somebody else, in order of time."""
        found: defaultdict[int, list[datetime]] = defaultdict(list)
        for sheet in self._sheets.values():
            for number in sheet.parents:
                named, at = self._sheets.get(number), sheet.pull_request.created_at
                if named is not None and at is not None and named.pull_request.author != sheet.pull_request.author:
                    found[number].append(at)
        return {number: sorted(times) for number, times in found.items()}

    def _times_named(self, number: int, before: datetime) -> int:
        return bisect_left(self._named_at.get(number, []), before)

    def _took_from(self, number: int, asked: int) -> bool:
        """Whether an earlier pull request was changed after this one was opened, and names it: it took from here."""
        sheet = self._sheets[number]
        return sheet.changed_at is not None and asked in sheet.named

    def _script_of(self, known: Known) -> Script:
        return self._sheets[known.number].script

    def _named(self, own: Sheet, near: set[int]) -> Iterator[Neighbour]:
        """Parents by name that are not among the nearest."""
        for number in own.parents:
            sheet = self._sheets.get(number)
            known = None if sheet is None or number in near else _known(sheet)
            if sheet is not None and known is not None and _is_earlier(known, own.pull_request):
                yield Neighbour.of(known, likeness(own.script, sheet.script, self._baseline))


def _known(sheet: Sheet) -> Known | None:
    request = sheet.pull_request
    if sheet.signature is None or request.created_at is None:
        return None
    return Known(request.number, request.author, request.created_at, sheet.signature, request.head_sha)


def _is_earlier(known: Known, asked: PullRequest) -> bool:
    return asked.created_at is not None and (known.created_at, known.number) < (asked.created_at, asked.number)


def refused_before(pull_request: PullRequest, rulings: Sequence[RulingRow]) -> tuple[Refused, ...]:
    """What was ruled invalid before the day of the pull request's creation; the last ruling counts."""
    if pull_request.created_at is None:
        return ()
    day = pull_request.created_at.date()
    last: dict[int, RulingRow] = {}
    for ruling in sorted(rulings, key=lambda r: r.ruled_on):
        if ruling.ruled_on < day:
            last[ruling.number] = ruling
    return tuple(Refused(r.number, r.reasons, r.ruled_on) for r in last.values() if r.outcome == "invalid")
