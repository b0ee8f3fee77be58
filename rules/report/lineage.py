"""The lineage of one submission, for programs and for people."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rules.lineage.news import News, text_diff
from rules.report.contract import kin_entry, news_entry
from rules.report.escape import cut
from rules.report.sections import kin_by_others, kin_of_author, likeness_of, news_of
from rules.submission import Kin, Submission

AUTHOR, LINE = 60, 800  # characters


def lineage_entry(submission: Submission, news: News | None) -> dict[str, Any]:
    """The lineage as JSON: parents as in the contract, each with its author, and what is new with the text's diff."""
    script, parent = submission.script, submission.parent
    return {
        "number": submission.pull_request.number,
        "head_sha": submission.pull_request.head_sha,
        "folder": submission.folder,
        "parents": [_with_author(kin) for kin in kin_by_others(submission)],
        "own_earlier": [_with_author(kin) for kin in kin_of_author(submission)],
        "cited": sorted({citation.number for citation in submission.citations}),
        "new": None if news is None else news_entry(news),
        "diff": None if script is None or parent is None else text_diff(script, parent.source),
    }


def _with_author(kin: Kin) -> dict[str, Any]:
    return {**kin_entry(kin), "author": kin.author or None}


def print_lineage(submission: Submission, news: News | None, console: Console) -> None:
    """The nearest earlier ones, and what is new against the likest."""
    groups = (
        ("Earlier ones of others", kin_by_others(submission)),
        ("Earlier ones of the same author", kin_of_author(submission)),
    )
    for title, kin in groups:
        console.print(Text(title, "bold"))
        console.print(_table(kin) if kin else Text("None is near, and none is named."))
        console.print()
    if news is None:
        console.print(Text("Nothing to compare with."))
        return
    console.print(Text(f"New against #{news.against}", "bold"))
    for heading, text in news_of(news):
        console.print(Text(f"{heading}: {cut(text, LINE)}"))


def _table(kin: list[Kin]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for head in ("pull request", "author", "likeness", "named as a parent"):
        table.add_column(Text(head))
    for one in kin:
        alike = likeness_of(one) or "its script is not known"
        table.add_row(f"#{one.number}", Text(cut(one.author, AUTHOR)), alike, "yes" if one.cited else "no")
    return table
