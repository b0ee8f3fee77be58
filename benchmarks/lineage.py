"""How long lineage takes over the whole mirror, whom it finds, and what a query costs at ten thousand submissions.

python -m benchmarks.lineage --git REPO --data FOLDER [--workers 2]
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rules.competition import builtin
from rules.lineage.index import Index, Known
from rules.lineage.kin import Neighbour, rerank
from rules.lineage.signature import Script, signature_of_tokens
from rules.reading.git import GitRepository
from rules.submission import PullRequest
from worker.crew import Crew
from worker.earlier import place_all
from worker.lineage import Lineage
from worker.sheets import Sheet
from worker.tables import read_pull_requests

NAMED = {549: 414, 1413: 1394, 1477: 1413, 1493: 1413}
GENERATED, QUERIES = 10_000, 50


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--git", required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder with pull-requests.csv")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    generated()
    listed = read_pull_requests(options.data / "pull-requests.csv")
    competition = builtin()
    placed = list(place_all(GitRepository(options.git), listed, competition))
    started, used = time.monotonic(), time.process_time()
    with Crew(options.git, competition, options.workers) as crew:
        sheets = list(crew.sheets(placed))
    read = time.monotonic() - started
    lineage = Lineage(sheets)
    near = {sheet.pull_request.number: lineage.nearest(sheet) for sheet in sheets}
    whole, spent = time.monotonic() - started, time.process_time() - used
    print(
        f"{len(listed):,} pull requests, {len(lineage):,} with a script: {whole:.1f} s wall, {read:.1f} s reading "
        f"in {options.workers} processes ({_children():.1f} s of processor) and {spent:.1f} s of processor here"
    )
    named_cases(near, listed)
    hits(near, sheets)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def named_cases(near: Mapping[int, Sequence[Neighbour]], listed: Sequence[PullRequest]) -> None:
    """The nearest of other authors where it is known who built on whom."""
    authors = {p.number: p.author for p in listed}
    for number, wanted in NAMED.items():
        others = [n for n in near.get(number, ()) if n.author != authors.get(number)]
        shown = ", ".join(f"{n.number} ({n.likeness.similarity:.2f})" for n in others[:3])
        print(f"{number}: wanted {wanted}, nearest of others {shown}")


def hits(near: Mapping[int, Sequence[Neighbour]], sheets: Sequence[Sheet]) -> None:
    """How often the nearest, and one of the nearest five, is named, of those that name an earlier one.

    Named as a parent ("built on #N"), or at all.
    """
    by_number = {sheet.pull_request.number: sheet for sheet in sheets}
    for what, at_all, of_others in (
        ("parent of others", False, True),
        ("parent of all", False, False),
        ("one of others at all", True, True),
    ):
        asked = first = five = same = 0
        for sheet in sheets:
            found = near[sheet.pull_request.number]
            author = sheet.pull_request.author
            named = sheet.named if at_all else sheet.parents
            wanted = {n for n in named if _counts(by_number.get(n), sheet, of_others)}
            order = [n.number for n in found if not (of_others and n.author == author)]
            if not wanted or sheet.signature is None:
                continue
            asked += 1
            first += order[:1] != [] and order[0] in wanted
            five += not wanted.isdisjoint(order[:5])
            same += order[:1] != [] and by_number[order[0]].script in {by_number[n].script for n in wanted}
        print(
            f"{asked} name an earlier {what}: the nearest is one in {first / asked:.1%}, one of the nearest "
            f"five in {five / asked:.1%}; the nearest has the very script of one in {same / asked:.1%}"
        )


def _counts(parent: Sheet | None, child: Sheet, of_others: bool) -> bool:
    if parent is None or parent.signature is None:
        return False
    one, other = parent.pull_request, child.pull_request
    earlier = one.created_at is not None and other.created_at is not None and one.created_at < other.created_at
    return earlier and not (of_others and one.author == other.author)


def generated() -> None:
    """A query against ten thousand generated scripts: families that grow by small edits."""
    rng = random.Random(7)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = datetime(2026, 1, 1, tzinfo=UTC)
    scripts: dict[int, Script] = {}
    families: list[list[str]] = []
    index = Index()
    for number in range(1, GENERATED + 1):
        lines = _edited(rng, families)
        families.append(lines)
        del families[:-400]
        signature = signature_of_tokens(lines)
        assert signature is not None
        scripts[number] = Script.of(lines)
        index.add(Known(number, f"author {number % 700}", start + timedelta(minutes=number), signature))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = sorted(_query(index, scripts, rng, families, start) for _ in range(QUERIES))
    print(
        f"{GENERATED:,} generated: a query with reranking {1e3 * seconds[QUERIES // 2]:.1f} ms (median), "
        f"{1e3 * seconds[-1]:.1f} ms (slowest of {QUERIES}); {(after - before) / 1024:.0f} MiB more resident"
    )


def _edited(rng: random.Random, families: Sequence[Sequence[str]]) -> list[str]:
    if not families or rng.random() < 0.02:
        return [f"value_{rng.randrange(10**6)} = call_{rng.randrange(500)} ( x )" for _ in range(1_200)]
    lines = list(rng.choice(families))
    for _ in range(rng.randrange(1, 60)):
        lines[rng.randrange(len(lines))] = f"changed_{rng.randrange(10**6)} = {rng.random()}"
    return lines


def _query(
    index: Index,
    scripts: Mapping[int, Script],
    rng: random.Random,
    families: Sequence[Sequence[str]],
    start: datetime,
) -> float:
    lines = _edited(rng, families)
    signature, own = signature_of_tokens(lines), Script.of(lines)
    assert signature is not None
    moment = start + timedelta(days=30)
    began = time.perf_counter()
    found = index.nearest(signature, number=GENERATED + 1, author="author 3", created_at=moment)
    rerank(found, own, lambda known: scripts[known.number], frozenset())
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
