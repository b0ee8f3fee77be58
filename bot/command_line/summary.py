"""The sum of a backtest: tables on a terminal, and the same as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rules.rule import Severity
from rules.verdict import Verdict
from worker.agreement import Agreement
from worker.backtest import BacktestResult
from worker.casebook import Hindsight

NUMBERS_AT_MOST = 12
NOTHING = "-"
NONE = "None."

_FIGURE = re.compile(r"[\d.,]*%?|-")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as text; no rows means that there is nothing of the kind."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def show(result: BacktestResult, console: Console) -> None:
    """Print the summary for a person."""
    for sheet in sheets(result):
        console.print(Text(sheet.title, "bold"))
        console.print(_table(sheet) if sheet.rows else NONE)
        console.print()
    console.print(_last_line(result))


def _table(sheet: Sheet) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for head, *cells in zip(sheet.heads, *sheet.rows, strict=True):
        figures = all(_FIGURE.fullmatch(cell) for cell in cells)
        table.add_column(Text(head), justify="right" if figures else "left")
    for row in sheet.rows:
        table.add_row(*map(Text, row))
    return table


def as_markdown(result: BacktestResult) -> str:
    """The summary as Markdown."""
    parts = [f"# Backtest: {result.competition}\n", f"{_last_line(result)}\n"]
    for sheet in sheets(result):
        table = [_line(sheet.heads), _line(("---",) * len(sheet.heads)), *map(_line, sheet.rows)]
        parts.append("\n".join([f"## {sheet.title}", "", *(table if sheet.rows else [NONE])]) + "\n")
    return "\n".join(parts)


def sheets(result: BacktestResult) -> Iterator[Sheet]:
    """The tables: verdicts, codes, and with rulings how far both agree."""
    total = max(len(result.entries), 1)
    found = result.summary()
    rows = [(verdict.value, str(n := found.verdicts[verdict.value]), f"{n / total:.1%}") for verdict in Verdict]
    yield Sheet("Verdicts", ("verdict", "pull requests", "share"), tuple(rows))
    yield Sheet("Findings, by pull requests that have one", ("rule", *_severities()), tuple(_rules(result)))
    if result.agreement is not None:
        yield from _agreement(result.agreement)
    if result.hindsight is not None:
        yield from _hindsight(result.hindsight)


def _severities() -> tuple[str, ...]:
    return tuple(severity.value for severity in reversed(Severity))


def _rules(result: BacktestResult) -> Iterator[tuple[str, ...]]:
    names = {finding["code"]: finding["name"] for entry in result.entries for finding in entry["findings"]}
    counts = result.summary().codes
    for code, name in sorted(names.items()):
        yield f"{code} {name}", *(str(counts[code, severity] or NOTHING) for severity in _severities())


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


def _hindsight(found: Hindsight) -> Iterator[Sheet]:
    """What precedents did, used as in life."""
    rows = [
        ("rulings that became precedents", str(found.precedents), ""),
        ("of them with evidence in code", str(found.telling), ""),
        ("invalid ones opened after a ruling of their category", str(len(found.later)), _numbers([*found.later])),
        ("of them caught on the day they were opened", str(len(found.caught)), _numbers([*found.caught])),
        ("of them by a precedent alone", str(len(found.only)), _numbers([*found.only])),
        ("accepted ones flagged by a precedent", str(len(found.accepted)), _numbers([*found.accepted])),
        ("of them by a precedent alone", str(len(found.anew)), _numbers([*found.anew])),
        ("others, on which no ruling is known, flagged", str(len(found.others)), _numbers([*found.others])),
    ]
    yield Sheet("Precedents, used only after their day", ("what", "number", "pull requests"), tuple(rows))
    families = [
        (
            family.category,
            str(family.opened),
            str(family.ruled),
            str(len(family.spread)),
            str(len(family.caught)),
            NOTHING if family.stopped is None else str(family.stopped),
            str(len(family.unruled)),
        )
        for family in found.families
    ]
    heads = ("category", "first opened", "first ruled", "opened after", "caught", "first caught", "caught, not ruled")
    yield Sheet("How early each family would have been stopped", heads, tuple(families))


def _numbers(numbers: list[int]) -> str:
    more = len(numbers) - NUMBERS_AT_MOST
    return ", ".join(map(str, sorted(numbers)[:NUMBERS_AT_MOST])) + (f" and {more} more" if more > 0 else "")


def _last_line(result: BacktestResult) -> str:
    faults = sum(any(f["category"] == "internal" for f in entry["findings"]) for entry in result.entries)
    absent = len(result.agreement.absent) if result.agreement else 0
    return (
        f"{len(result.entries)} pull requests in {result.seconds:.1f} s; "
        f"{f'internal errors on {faults}' if faults else 'no internal error'}"
        f"{f'; {absent} rulings are on others' if absent else ''}."
    )


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
