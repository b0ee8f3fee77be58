"""The pieces of a Markdown report: a finding, the tables, the facts. Everything a participant wrote is escaped here.

Other pull requests are named in code spans, because a reference would leave a mark in theirs with each report posted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rules.report import escape
from rules.report.figures import Figure, Row, RunRow
from rules.report.links import Links, Places
from rules.report.sections import (
    agents_of,
    alike_by_others,
    kin_of_author,
    likeness_of,
    news_of,
    parents_of,
    similarity_of,
    uncredited_by,
)
from rules.rule import Evidence, Finding, Location
from rules.screening import Triage
from rules.submission import Submission
from rules.techniques import Technique

MESSAGE, FIX, QUOTE, NAME, NEWS = 500, 300, 160, 60, 700  # characters
NAMES_AT_MOST = 40
PLACES_AT_MOST = 8

MEND = "To mend: {}"
TABLE_HEAD = ("| | claimed | measured | |", "|---|---|---|---|")
RUNS_HEAD = (
    "| log | seed | last final score | artifact bytes | training s | evaluation s | accelerators |",
    "|---|---|---|---|---|---|---|",
)
NOT_CLAIMED, NOT_MEASURED, AGREES = "not stated", "no log shows it", ""
USES, NOTHING_USED = "**Uses:** {}", "nothing that Fairway knows by name"
BUILT_ON, NOTHING_NAMED = "**Built on:** {}", "no pull request is named"
CREDIT = "**A suggestion:** if this builds on {}, naming that in the README gives its author the credit."
ALIKE, OWN = "**Resembles earlier ones of others:** {}", "**Resembles the author's own:** {}"
NEW = "**New against {}:**"
AGENTS, NONE_DISCLOSED = "**Coding agents disclosed:** {}", "none"


def finding_lines(finding: Finding, place: Places, links: Links | None, *, evidence: int) -> list[str]:
    """A list item: what and where, up to `evidence` quotes, and how to mend it."""
    name = f"**{escape.prose(finding.code, NAME)}** {escape.prose(finding.name, NAME)}"
    page = links.rule(finding.code) if links else None
    where = f" at {place(finding.location)}" if finding.location else ""
    lines = [
        f"- {f'[{name}]({page})' if page else name}{where}: {escape.prose(place.shortened(finding.message), MESSAGE)}"
    ]
    lines += [f"  - {_quoted(item, finding.location, place)}" for item in finding.evidence[:evidence]]
    if finding.fix:
        lines.append(f"  - {MEND.format(escape.prose(place.shortened(finding.fix), FIX))}")
    return lines


def _quoted(item: Evidence, shown: Location | None, place: Places) -> str:
    """The line that shows it, its part in brackets, and its place unless the finding already stands there."""
    part = f"{escape.prose(item.role, NAME)}: " if item.role else ""
    quote = escape.code(item.quote, QUOTE)
    where = place(item.location) if item.location != shown or not quote else ""
    return part + " at ".join(text for text in (quote, where) if text)


def claims_table(rows: Iterable[Row], place: Places) -> Iterator[str]:
    """Claims against measurements; what disagrees or breaks a limit is set in bold."""
    yield from TABLE_HEAD
    for row in rows:
        claimed = _figure(row.claimed, NOT_CLAIMED, place)
        measured = _figure(row.measured, NOT_MEASURED, place)
        remark = f"**{row.remark}**" if row.remark else AGREES
        yield f"| {row.name} | {claimed} | {measured} | {remark} |"


def _figure(figure: Figure | None, otherwise: str, place: Places) -> str:
    if figure is None:
        return otherwise
    return f"{figure.text}, {place(figure.where)}" if figure.where else figure.text


def runs_table(rows: Iterable[RunRow]) -> Iterator[str]:
    """What each log shows."""
    yield from RUNS_HEAD
    for row in rows:
        figures = (row.artifact_bytes, row.train_seconds, row.eval_seconds, row.world_size)
        yield f"| {escape.path(row.log)} | {row.seed} | {escape.cell(row.score)} | {' | '.join(figures)} |"


def facts(triage: Triage, place: Places) -> Iterator[str]:
    """What it uses, what it is built on, and which coding agents its author names."""
    techniques = [_technique(technique) for technique in triage.techniques]
    yield USES.format(_listed(techniques, NAMES_AT_MOST) or NOTHING_USED)
    yield ""
    yield BUILT_ON.format(_listed(list(_parents(triage.submission, place)), PLACES_AT_MOST) or NOTHING_NAMED)
    yield ""
    for heading, kin in ((ALIKE, alike_by_others(triage.submission)), (OWN, kin_of_author(triage.submission))):
        if kin:
            yield heading.format(", ".join(f"{escape.code(f'#{k.number}')} ({likeness_of(k)})" for k in kin))
            yield ""
    uncredited = uncredited_by(triage.submission)
    if uncredited:
        yield CREDIT.format(_listed([escape.code(f"#{kin.number}") for kin in uncredited], PLACES_AT_MOST))
        yield ""
    if triage.news is not None:
        yield NEW.format(escape.code(f"#{triage.news.against}"))
        yield from (f"- {heading}: {escape.prose(text, NEWS)}" for heading, text in news_of(triage.news))
        yield ""
    agents = [f"{escape.code(agent, NAME)} ({place(where)})" for agent, where in agents_of(triage.submission)]
    yield AGENTS.format(_listed(agents, PLACES_AT_MOST) or NONE_DISCLOSED)


def _parents(submission: Submission, place: Places) -> Iterator[str]:
    for number, where in parents_of(submission):
        alike = similarity_of(submission, number)
        yield f"{escape.code(f'#{number}')} ({f'{alike}, ' if alike else ''}{place(where)})"


def established(triage: Triage, place: Places) -> Iterator[str]:
    """What was understood of the evaluation, one line for each fact."""
    for fact in triage.established:
        told = fact.text.format(*(place(where) for where in fact.places))
        yield f"- {told[:1].upper()}{told[1:]}."


def _technique(technique: Technique) -> str:
    detail = f" ({escape.prose(technique.detail, NAME)})" if technique.detail else ""
    return escape.prose(technique.name, NAME) + detail


def _listed(items: Sequence[str], limit: int) -> str:
    more = len(items) - limit
    return ", ".join(items[:limit]) + (f" and {more} more" if more > 0 else "")
