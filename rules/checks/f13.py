"""The submission says itself that it is not finished.

## Why it matters
Reviewing it now would have to be done again. Pull requests in the making belong into draft status.

## Flagged
    [WIP] in the title; "val_bpb": "pending"; a table of results with TBD, pending or X.XXXX in its cells

## Allowed
Plans for later work in the README, away from the results.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.analysis.claims import quoted
from rules.competition import Competition
from rules.rule import Finding, Location, Rule, Severity
from rules.submission import Submission

RULE = Rule(code="F13", name="work-in-progress", category="missing-evidence", severity=Severity.INCOMPLETE, doc=__doc__)

_TITLE = re.compile(
    r"\b(?:wip|work in progress|do not merge|placeholder|pending)\b|^\W*draft\b|\[draft\]|\(draft\)|not final", re.I
)
_PENDING = (
    r"(?:pending|tbd|t\.b\.d\.|todo|to be (?:determined|filled|added|done)|fill (?:me )?in|placeholder|x\.x{2,8})"
)
_VALUE = re.compile(rf"[:\[,]\s*(\"\W{{0,3}}{_PENDING}\b[^\"\n]{{0,60}}\")", re.I)
_CELL = re.compile(rf"\|[ *_~`]*{_PENDING}[^|\n]{{0,24}}(?=\|)", re.I)
_TEMPLATE = re.compile(
    r"\bX\.X{3,8}\b"
    r"|\[(?:your|insert|fill)\b[^\]\n]{0,40}\](?!\()"
    r"|<(?:your|insert|fill)[ _-][^>\n]{0,40}>"
    r"|\bval_bpb[*`_ ]{0,4}[:=]{1,2}[*`_ ]{0,4}(?:tbd|pending|todo)\b",
    re.I,
)
_FIX = "Put in the figures, or turn the pull request into a draft until they are there."
_LINES_SHOWN = 5


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield at most one finding each for the title, submission.json and the README."""
    title = _TITLE.search(submission.pull_request.title)
    if title:
        yield RULE.at(
            None,
            f'The title says "{title[0].strip()}": the submission is not finished.',
            fix="Finish it and change the title; until then use draft status.",
        )
    if submission.metadata is not None:
        yield from _lines(submission, submission.metadata.path, submission.metadata.text, (_VALUE,))
    if submission.readme is not None:
        yield from _lines(submission, submission.readme.path, submission.readme.text, (_CELL, _TEMPLATE))


def _lines(submission: Submission, path: str, text: str, patterns: tuple[re.Pattern[str], ...]) -> Iterator[Finding]:
    numbers = [n for n, line in enumerate(text.split("\n"), 1) if any(p.search(line[:2000]) for p in patterns)]
    if not numbers:
        return
    shown = numbers[:_LINES_SHOWN]
    places = [Location(path, number) for number in shown]
    where = (
        f"line{'' if len(numbers) == 1 else 's'} {', '.join(map(str, shown))}{' …' if numbers[len(shown) :] else ''}"
    )
    yield RULE.at(
        places[0],
        f"`{submission.inside(path)}` still has placeholders ({where}).",
        fix=_FIX,
        evidence=tuple(quoted(submission, place, "placeholder") for place in places),
    )
