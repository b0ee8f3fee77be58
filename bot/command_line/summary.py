"""The sum of a backtest: tables on a terminal, and the same as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rules.rule import Severity
from rules.verdict import Verdict
from worker.agreement import Agreement
from worker.backtest import BacktestResult

NUMBERS_AT_MOST = 12
NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: a title, the heads of its columns, rows of text. Columns but the first hold figures."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def show(result: BacktestResult, console: Console) -> None:
    """Print the summary for a person."""
    for sheet in sheets(result):
        table = Table(title=Text(sheet.title, "bold"), title_justify="left", box=None, padding=(0, 2, 0, 0))
        for index, head in enumerate(sheet.heads):
            table.add_column(Text(head), justify="right" if 0 < index < 4 else "left")
        for row in sheet.rows:
            table.add_row(*map(Text, row))
        console.print(table)
        console.print()
    console.print(_last_line(result))


def as_markdown(result: BacktestResult) -> str:
    """The summary as Markdown."""
    parts = [f"# Backtest: {result.competition}\n", f"{_last_line(result)}\n"]
    for sheet in sheets(result):
        lines = [f"## {sheet.title}", "", _line(sheet.heads), _line(("---",) * len(sheet.heads))]
        parts.append("\n".join([*lines, *map(_line, sheet.rows)]) + "\n")
    return "\n".join(parts)


def sheets(result: BacktestResult) -> Iterator[Sheet]:
    """The tables: verdicts, codes, and with rulings how far both agree."""
    total = max(len(result.entries), 1)
    found = result.summary()
    rows = [(verdict.value, str(n := found.verdicts[verdict.value]), f"{n / total:.1%}") for verdict in Verdict]
    yield Sheet("Verdicts", ("verdict", "pull requests", "share"), tuple(rows))
    yield Sheet("Findings, by pull requests that have one", ("code", *_severities()), tuple(_codes(found.codes)))
    if result.agreement is not None:
        yield from _agreement(result.agreement)


def _severities() -> tuple[str, ...]:
    return tuple(severity.value for severity in reversed(Severity))


def _codes(counts: dict[tuple[str, str], int]) -> Iterator[tuple[str, ...]]:
    for code in sorted({code for code, _ in counts}):
        yield code, *(str(counts.get((code, severity)) or NOTHING) for severity in _severities())


def _agreement(agreement: Agreement) -> Iterator[Sheet]:
    verdicts = [verdict.value for verdict in Verdict]
    rows = [
        (outcome, str(ruled), str(agreement.any_category.get(outcome, 0)), *(str(seen.get(v, 0)) for v in verdicts))
        for outcome, ruled in sorted(agreement.ruled.items())
        for seen in [agreement.verdicts[outcome]]
    ]
    yield Sheet("Verdicts beside rulings", ("ruled", "number", "category found", *verdicts), tuple(rows))
    recall = [
        (f"{outcome}: {category}", str(c.ruled), str(c.found), f"{c.found / max(c.ruled, 1):.0%}", _numbers(c.missed))
        for (outcome, category), c in sorted(agreement.categories.items())
    ]
    yield Sheet("Recall by outcome and category", ("ruled", "number", "found", "share", "missed"), tuple(recall))
    alarms = [(c, str(len(numbers)), _numbers(numbers)) for c, numbers in sorted(agreement.false_alarms.items())]
    yield Sheet("Alarms on accepted ones", ("category", "number", "pull requests"), tuple(alarms))
    blocked = [(str(number), code) for number, code in sorted(agreement.blocked)]
    yield Sheet("Blocked though accepted", ("pull request", "code"), tuple(blocked))


def _numbers(numbers: list[int]) -> str:
    more = len(numbers) - NUMBERS_AT_MOST
    return ", ".join(map(str, sorted(numbers)[:NUMBERS_AT_MOST])) + (f" and {more} more" if more > 0 else "")


def _last_line(result: BacktestResult) -> str:
    faults = sum(any(f["category"] == "internal" for f in entry["findings"]) for entry in result.entries)
    seconds = f"{len(result.entries)} pull requests in {result.seconds:.1f} s"
    return f"{seconds}; internal errors on {faults}." if faults else f"{seconds}; no internal error."


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
