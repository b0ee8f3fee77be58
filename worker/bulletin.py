"""What the bulletin says: where the competition stands and what happened, in one issue that is edited in place.

Every number comes from the store. Nothing depends on the time at which it is written, so that the text changes only
when something did.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rules import techniques
from rules.report import escape
from rules.report.links import Links
from worker.boards import rendering
from worker.boards.telling import sentence
from worker.boards.values import Board
from worker.boards.week import Week
from worker.store.models import Happening

MARK = "<!-- fairway:bulletin -->"
TITLE = "Bulletin: where the competition stands"
INTRODUCTION = (
    "Fairway keeps this page true by itself: it is edited in place, at most once in ten minutes, when something "
    "changed. Fairway flags; a person decides."
)
NOTHING_YET = "Nothing is accepted yet."
LEADERS, WEEKS, TECHNIQUES, EVENTS = 5, 6, 8, 25
LIMIT = 60_000
EVENT = 500  # characters
_CODE = re.compile(r"\b[A-FRX]\d\d\b")


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is to tell.

    `waiting` wait for a person; `boards` are those of all tracks; `repository` is its address, `rules` that of the
    rules' pages.
    """

    boards: Sequence[Board]
    techniques: Sequence[str]
    happenings: Sequence[Happening]
    weeks: Sequence[Week]
    waiting: int
    repository: str
    rules: str | None = None


def text(standing: Standing) -> str:
    """The whole issue."""
    parts = [MARK, INTRODUCTION, *_leaders(standing), *_techniques(standing), *_events(standing), *_numbers(standing)]
    return "\n\n".join(parts)[:LIMIT] + "\n"


def _leaders(standing: Standing) -> Iterator[str]:
    for board in standing.boards:
        yield f"### Leading: {escape.prose(board.track.name)}"
        if not board.rows:
            yield NOTHING_YET
            continue
        rows = [rendering.markdown_row(row, board, standing.repository) for row in board.rows[:LEADERS]]
        yield "\n".join([rendering.line(rendering.COLUMNS), "|-----|------:|--------|---------|------|------|", *rows])


def _techniques(standing: Standing) -> Iterator[str]:
    """A paragraph for each technique of the leading submission, from its own page."""
    known = {detector.name: detector for detector in techniques.detectors()}
    leading = [known[name] for name in standing.techniques if name in known]
    if not leading:
        return
    yield "### What leads uses"
    for detector in leading[:TECHNIQUES]:
        paragraph = " ".join(detector.doc.partition("\n## ")[0].split())
        yield f"**{detector.title}.** {paragraph}"
    if len(leading) > TECHNIQUES:
        yield f"And {len(leading) - TECHNIQUES} more: " + ", ".join(one.title for one in leading[TECHNIQUES:]) + "."


def _events(standing: Standing) -> Iterator[str]:
    yield "### What happened"
    shown = standing.happenings[:EVENTS]
    lines = [f"- {one.at:%Y-%m-%d %H:%M} UTC: {escape.prose(sentence(one), EVENT)}" for one in shown]
    yield "\n".join(lines) if lines else "Nothing yet."
    links = Links(standing.repository, standing.rules)
    codes = sorted({str(code) for one in shown for code in one.detail.get("codes", ()) if _CODE.fullmatch(str(code))})
    pages = [f"[{code}]({links.rule(code)})" for code in codes if links.rule(code)]
    if pages:
        yield f"The rules that are named: {', '.join(pages)}."


def _numbers(standing: Standing) -> Iterator[str]:
    yield "### The queue, and who discloses a coding agent"
    yield f"{standing.waiting} submissions wait for a person."
    if standing.weeks:
        rows = [
            rendering.line((f"{w.monday:%Y-%m-%d}", str(w.opened), f"{w.disclosed} ({w.share:.0%})", _agents(w)))
            for w in reversed(standing.weeks[-WEEKS:])
        ]
        yield "\n".join(["| week | opened | disclose an agent | which |", "|---|---:|---:|---|", *rows])


def _agents(week: Week) -> str:
    return ", ".join(f"{escape.cell(name)} {number}" for name, number in week.agents)
