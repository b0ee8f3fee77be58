"""The accepted records in order, each against what was accepted before it: what the tests say of them.

python -m benchmarks.records --git REPO --data FOLDER
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.legality import link, table
from rules.competition import Competition, builtin
from rules.reading.cache import Memory
from rules.reading.git import GitRepository
from rules.records import Answer, Entry, entry_of, frontier, incumbent_at, judge
from rules.submission import PullRequest
from worker.earlier import place_all
from worker.tables import RulingRow, read_pull_requests, read_rulings
from worker.triage import read_placed

EXPLANATIONS = Path(__file__).parent / "records.toml"
HEAD = ("record", "of", "score", "deviation", "n", "before it", "gain", "margin", "p", "z", "n₀", "answer", "remarks")


@dataclass(frozen=True, slots=True)
class Link:
    """One accepted record: as its logs show it, the accepted record before it, and what the tests say."""

    pull_request: PullRequest
    entry: Entry | None
    before: Entry | None
    answer: Answer

    @property
    def stands(self) -> bool:
        """Whether it improves on what was accepted before it; open where no log shows its runs, or it is the first."""
        return self.entry is None or self.before is None or self.answer.improves is True


def chain(
    repository: GitRepository, listed: Sequence[PullRequest], rulings: Sequence[RulingRow], competition: Competition
) -> list[Link]:
    """The accepted records in order of creation."""
    accepted = {r.number for r in rulings if r.outcome == "accepted" and "record" in r.reasons}
    memory = Memory()
    entries: list[Entry] = []
    links = []
    for placed in place_all(repository, listed, competition):
        request = placed.pull_request
        if request.number not in accepted or request.created_at is None:
            continue
        entry = entry_of(read_placed(repository, placed, competition, memory), competition)
        before = incumbent_at(entries, request.created_at, competition)
        answer = judge(entry, None if before is None else before.runs, competition, valid=True)
        links.append(Link(request, entry, before, answer))
        if entry is not None:
            entries.append(entry)
    return links


def section(links: Sequence[Link], competition: Competition) -> str:
    """The chain as Markdown; what does not improve is explained, or said not to be."""
    reasons = {int(number): text for number, text in tomllib.loads(EXPLANATIONS.read_text(encoding="utf-8")).items()}
    entries = [one.entry for one in links if one.entry is not None]
    steps = frontier(entries, competition)
    counted = [one for one in links if one.entry is not None and one.before is not None]
    improving = sum(one.answer.improves is True for one in counted)
    records = sum(one.answer.record is True for one in counted)
    return f"""\
## Accepted records, one after the other

{len(links)} rulings at hand accept a record; {len(entries)} show the scores of their runs in logs. Of the
{len(counted)} with one before them {improving} improve on it and {records} do so by the margin of their day at its
level; {len(steps)} make up the frontier. The other half of the rulings is not at hand, so that the record before one
may be another than that of its day. Gains, margins and deviations are in {competition.metric.unit}; p is that of the
one-sided Welch test (a one-sample t test against a single value), z that with the pooled deviation.

{table(HEAD, (_row(one, reasons) for one in links))}"""


def _row(one: Link, reasons: Mapping[int, str]) -> tuple[str, ...]:
    number, day = one.pull_request.number, f"{one.pull_request.created_at:%m-%d}"
    if one.entry is None:
        return link(number), day, *("",) * 9, "open", reasons.get(number, "no log shows a score")
    runs, found = one.entry.runs, one.answer.comparison
    deviation = "" if runs.deviation is None else f"{runs.deviation:.5f}"
    own = (link(number), day, f"{runs.mean:.4f}", deviation, str(len(runs.values)))
    before = "" if one.before is None else f"{link(one.before.number)} {one.before.runs.mean:.4f}"
    remarks = "; ".join(_remarks(one, reasons))
    if found is None:
        return *own, before, *("",) * 5, "first" if one.before is None else _told(one), remarks
    figures = (f"{found.gain:+.4f}", f"{found.margin:.4f}", f"{found.p:.2g}", f"{found.p_pooled:.2g}")
    return *own, before, *figures, str(found.n_incumbent), _told(one), remarks


def _told(one: Link) -> str:
    if one.answer.record:
        return "record"
    return "improves" if one.answer.improves else "**does not improve**"


def _remarks(one: Link, reasons: Mapping[int, str]) -> Iterator[str]:
    if one.answer.comparison is not None:
        yield from (doubt.value for doubt in one.answer.comparison.doubts)
    number = one.pull_request.number
    if number in reasons or not one.stands:
        yield reasons.get(number, "**not explained**")


def main() -> None:
    """Measure and print the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--git", required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder with pull-requests.csv and rulings-dev.csv")
    options = parser.parse_args()
    listed = read_pull_requests(options.data / "pull-requests.csv")
    rulings = read_rulings(options.data / "rulings-dev.csv")
    print(section(chain(GitRepository(options.git), listed, rulings, builtin()), builtin()))


if __name__ == "__main__":
    main()
