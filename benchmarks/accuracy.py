"""Backtest the whole mirror and write what came out: counts, coverage, seconds, agreement with the rulings.

python -m benchmarks.accuracy --git REPO --data FOLDER --write docs/accuracy.md
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import legality, records
from benchmarks.legality import link, table
from benchmarks.memory import Watch
from benchmarks.peers import Row, compare
from rules import catalog
from rules.competition import builtin
from rules.reading.git import GitRepository
from rules.submission import PullRequest
from worker.agreement import Agreement
from worker.backtest import BacktestOptions, BacktestResult, run
from worker.tables import read_pull_requests, read_rulings

CONTRADICTIONS = Path(__file__).parent / "contradictions.toml"

COVERAGE = (
    ("artifact bytes", "artifact_bytes", 0.95),
    ("a final score", "val_bpb", 0.96),
    ("training seconds", "train_seconds", 0.97),
    ("evaluation seconds", "eval_seconds", 0.93),
    ("world size", "world_size", 0.88),
)


def page(
    result: BacktestResult,
    listed: Sequence[PullRequest],
    peers: Sequence[Row],
    links: Sequence[records.Link],
    workers: int,
    resident_mib: float,
) -> str:
    """The page as Markdown."""
    agreement = result.agreement
    assert agreement is not None  # rulings are always given here
    sections = [
        _head(result, workers, resident_mib),
        _verdicts(result),
        legality.aims(result.entries, agreement),
        legality.peers(peers, agreement),
        _agreement(agreement),
        _contradictions(agreement),
        _precedents(result),
        legality.judged(result.entries),
        records.section(links, builtin()),
        _coverage(result.entries),
        _codes(result.entries),
        legality.weeks(result.entries, listed),
    ]
    return "\n".join(section for section in sections if section)


def _head(result: BacktestResult, workers: int, resident_mib: float) -> str:
    errors = sum(f["name"] == "internal-error" for e in result.entries for f in e["findings"])
    slowest = max((e["seconds"] for e in result.entries), default=0.0)
    per_thousand = result.seconds * 1000 / max(1, len(result.entries))
    return f"""# Accuracy

Written by `make accuracy` (`benchmarks/accuracy.py`), not by hand. Measured on every pull request of the public
repository of {builtin().title}, in order of creation.

- {len(result.entries):,} pull requests triaged in {result.seconds:.1f} s wall with {workers} processes
  ({per_thousand:.1f} s per 1,000); the slowest took {slowest:.2f} s of one processor.
- {resident_mib:,.0f} MiB resident, all processes together at most.
- {errors} `internal-error` findings.
"""


def _verdicts(result: BacktestResult) -> str:
    summary = result.summary()
    rows = ((name, f"{n:,}", f"{n / summary.total:.1%}") for name, n in summary.verdicts.most_common())
    return "## Verdicts\n\n" + table(("verdict", "pull requests", "share"), rows)


def _coverage(entries: Sequence[dict[str, Any]]) -> str:
    with_logs = [e for e in entries if e["logs"]]
    rows = []
    for title, key, wanted in COVERAGE:
        share = sum(e["measurements"][key] is not None for e in with_logs) / max(1, len(with_logs))
        rows.append((title, f"{share:.1%}", f"{wanted:.0%}", "yes" if share >= wanted else "**no**"))
    text = f"## What the logs give\n\nOf {len(with_logs):,} pull requests with logs:\n\n"
    return text + table(("found", "share", "aim", "reached"), rows)


def _codes(entries: Sequence[dict[str, Any]]) -> str:
    counts: dict[str, Counter[str]] = {}
    for item in entries:
        for code, severity in {(f["code"], f["severity"]) for f in item["findings"]}:
            counts.setdefault(code, Counter())[severity] += 1
    rows = []
    for rule in catalog.rules():
        count = counts.get(rule.code, Counter())
        shown = [f"{count[s]:,}" if count[s] else "" for s in ("block", "review", "incomplete", "note")]
        rows.append((rule.code, rule.name, *shown))
    text = "## Findings\n\nPull requests with at least one finding of the code, by severity.\n\n"
    return text + table(("code", "name", "block", "review", "incomplete", "note"), rows)


def _agreement(agreement: Agreement) -> str:
    outcomes = []
    for outcome, total in sorted(agreement.ruled.items()):
        verdicts = agreement.verdicts[outcome]
        counts = [str(verdicts[v]) for v in ("likely-invalid", "needs-review", "incomplete", "clear")]
        with_category = "" if outcome == "accepted" else str(agreement.any_category[outcome])
        outcomes.append((outcome, str(total), *counts, with_category))
    categories = [
        (outcome, category, f"{c.found} of {c.ruled}", ", ".join(link(n) for n in c.missed))
        for (outcome, category), c in sorted(agreement.categories.items())
    ]
    alarms = [(name, str(len(n)), ", ".join(link(i) for i in n)) for name, n in sorted(agreement.false_alarms.items())]
    return f"""## Beside the organizers' rulings

Half of the known rulings; nothing in the rules knows a pull request.

{table(("ruled", "", "likely-invalid", "needs-review", "incomplete", "clear", "has the ruled category"), outcomes)}
### By category

{table(("ruled", "category", "found", "missed"), categories)}
### Findings of severity `review` or `block` on accepted ones

{table(("category", "accepted ones", "which"), alarms)}"""


def _contradictions(agreement: Agreement) -> str:
    reasons = tomllib.loads(CONTRADICTIONS.read_text(encoding="utf-8"))
    rows = []
    for number, code in sorted(agreement.blocked):
        rows.append((link(number), code, reasons.get(code, "**not explained**")))
    body = table(("accepted", "code", "why the finding stands"), rows) if rows else "None.\n"
    return f"### Accepted, and yet `block`\n\n{body}"


def _precedents(result: BacktestResult) -> str:
    """What the rulings would have done for later pull requests, used as in life."""
    found = result.hindsight
    assert found is not None  # rulings are always given here
    rows = [
        (
            family.category,
            str(family.opened),
            str(family.ruled),
            f"{len(family.caught)} of {len(family.spread)}",
            str(len(family.unruled)),
            "" if family.stopped is None else str(family.stopped),
        )
        for family in found.families
    ]
    heads = ("category", "first opened", "first ruled", "caught of those opened after", "also kept by", "first caught")
    return f"""## Precedents

A ruling is used only by pull requests that were opened after its day; what had been accepted by then, and the
repository's own script, is no evidence. {found.telling} of {found.precedents} rulings of *invalid* have evidence in
code. {len(found.later)} of {found.invalid} invalid ones were opened after a ruling of their category;
{len(found.caught)} of these keep the guilty lines, {len(found.only)} of which no rule finds for a ruled category.
Accepted ones that a precedent flags: {len(found.accepted)}; that it alone flags: {len(found.anew)}. Of those on which
no ruling is at hand {len(found.others)} keep guilty lines ("also kept by").

{table(heads, rows)}"""


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--git", required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder with pull-requests.csv and rulings-dev.csv")
    parser.add_argument("--write", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    listed = read_pull_requests(options.data / "pull-requests.csv")
    rulings = read_rulings(options.data / "rulings-dev.csv")
    with Watch() as memory:
        result = run(BacktestOptions(options.git, listed, builtin(), rulings=rulings, workers=options.workers))
    repository = GitRepository(options.git)
    peers = compare(repository, listed, rulings, builtin())
    links = records.chain(repository, listed, rulings, builtin())
    options.write.write_text(page(result, listed, peers, links, options.workers, memory.most_mib), encoding="utf-8")
    print(f"{len(result.entries)} triaged in {result.seconds:.1f} s; wrote {options.write}", file=sys.stderr)


if __name__ == "__main__":
    main()
