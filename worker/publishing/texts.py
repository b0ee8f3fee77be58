"""The words of what is published. Whatever a person or a pull request wrote is escaped here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from rules.report import escape
from rules.report.sections import PRINCIPLE, VERDICTS
from rules.rule import Location
from worker.publishing.situation import Phase, Situation, counts_of
from worker.store.models import FindingRow, Outcome, Ruling

READING_TITLE = "Fairway reads this submission"
READING = "The files are being read and checked. The result appears here, usually within a minute."
UNREAD_TITLE = "Closed before it was read"
UNREAD = "The pull request was closed before this commit was read. Open it again, and Fairway reads it."
NO_SUBMISSION_TITLE = "No submission in this pull request"
NO_SUBMISSION = "Nothing below the folder of a track is changed here, so there is nothing for Fairway to check."
SUPERSEDED_TITLE = "Superseded by a newer commit"
SUPERSEDED = "The pull request moved on to {} before this commit was judged. Look at the check of that commit."

OUTCOMES = {
    Outcome.ACCEPTED: "accepted",
    Outcome.REJECTED: "rejected",
    Outcome.NEEDS_CHANGES: "needs changes",
    Outcome.HELD: "on hold",
}
RULED = "**{}** by {} on {}{}."
HELD = "**On hold**{}. No automatic step goes on until a person rules."
WAIVED = "**Waived** by {} on {}: {}. It stays listed and does not count."
MORE_WAIVED = "… and {} more that were waived"
WITHOUT_WAIVED = "Without what is waived: **{}**{}."
CHECKS_SAY = "The checks alone say: **{}**{}."
ASKED_FOR_A_PERSON = "A person was asked to look at it on {}."
NOT_READ_YET = "Fairway has not finished reading this commit."
FOUND_BESIDES = "### Found besides"
RUNS = "**Runs**"
MORE_FINDINGS = "- … and {} more"

NAME, REASON, MESSAGE, FIX = 60, 500, 500, 300  # characters
CODES_AT_MOST, WAIVERS_AT_MOST, ADDED_AT_MOST, RUNS_AT_MOST = 20, 8, 12, 12
CUT = "… (cut; the rest did not fit here)"
_FOLD, _UNFOLD = "<details>", "</details>"


def word(situation: Situation) -> str:
    """Where it stands, in one or two words; what a person said comes before what the checks say."""
    if situation.outcome is not None:
        return OUTCOMES[situation.outcome]
    return "" if situation.verdict is None else situation.verdict.value.replace("-", " ")


def title(situation: Situation) -> str:
    """One line, such as "needs review: 2 need a person, 1 note"."""
    if situation.phase is not Phase.JUDGED:
        return {
            Phase.READING: READING_TITLE,
            Phase.UNREAD: UNREAD_TITLE,
            Phase.NO_SUBMISSION: NO_SUBMISSION_TITLE,
        }[situation.phase]
    counts = counts_of(situation.counted)
    return f"{word(situation)}: {counts}" if counts else word(situation)


def summary(situation: Situation) -> str:
    """A few lines of Markdown: what it comes to, and what people ruled."""
    plain = {Phase.READING: READING, Phase.UNREAD: UNREAD, Phase.NO_SUBMISSION: NO_SUBMISSION}.get(situation.phase)
    if plain is not None:
        return plain
    verdict = situation.verdict
    first = NOT_READ_YET if verdict is None else f"**{VERDICTS[verdict]}** {PRINCIPLE}"
    return "\n\n".join([first, *banner(situation), *([runs(situation)] if situation.runs else [])])


def runs(situation: Situation) -> str:
    """What was run, runs and waits, and why."""
    shown = [f"- {escape.prose(line, MESSAGE)}" for line in situation.runs[:RUNS_AT_MOST]]
    return "\n".join([RUNS, "", *shown])


def banner(situation: Situation) -> list[str]:
    """What people ruled and asked for, a paragraph each; empty where the findings speak for themselves."""
    lines = list(_ruled(situation))
    lines += _waivers(situation)
    if lines and situation.verdict is not None:
        counts = counts_of(situation.counted)
        text = WITHOUT_WAIVED if situation.waived else CHECKS_SAY
        lines.append(text.format(situation.verdict.value.replace("-", " "), f", {counts}" if counts else ""))
    if situation.submission.human_requested_at is not None:
        lines.append(ASKED_FOR_A_PERSON.format(day(situation.submission.human_requested_at)))
    return lines


def findings(rows: Sequence[FindingRow]) -> str:
    """A list of findings, for what no report holds."""
    lines = [line for row in rows[:ADDED_AT_MOST] for line in _finding(row)]
    if len(rows) > ADDED_AT_MOST:
        lines.append(MORE_FINDINGS.format(len(rows) - ADDED_AT_MOST))
    return "\n".join(lines)


def day(moment: datetime) -> str:
    """A time as it is told: to the minute, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def fitted(text: str, room: int, measure: Callable[[str], int] = len) -> str:
    """Text of at most `room`, cut between lines; the cut is marked, and what was folded is closed."""
    if measure(text) <= room:
        return text
    kept: list[str] = []
    room -= measure(CUT) + 2
    for line in text.split("\n"):
        room -= measure(line) + 1 + line.count(_FOLD) * (len(_UNFOLD) + 2)
        if room < 0:
            break
        kept.append(line)
    shown = "\n".join(kept)
    unclosed = shown.count(_FOLD) - shown.count(_UNFOLD)
    return "\n".join([shown, "", CUT, *["", _UNFOLD] * unclosed]) if shown else CUT


def _ruled(situation: Situation) -> Iterator[str]:
    ruling = situation.ruling
    if situation.held:
        who = ""
        if ruling is not None and ruling.outcome is Outcome.HELD:
            who = f" by {escape.code(ruling.ruler, NAME)} since {day(ruling.created_at)}{_why(ruling)}"
        yield HELD.format(who)
    elif ruling is not None:
        by, on = escape.code(ruling.ruler, NAME), day(ruling.created_at)
        yield RULED.format(OUTCOMES[ruling.outcome].capitalize(), by, on, _why(ruling))


def _why(ruling: Ruling) -> str:
    """Codes and reason, as far as there are any."""
    codes = ", ".join(escape.code(str(code), NAME) for code in ruling.codes[:CODES_AT_MOST])
    return "".join(f": {part}" for part in (codes, _reason(ruling)) if part)


def _reason(ruling: Ruling) -> str:
    """The reason as part of a sentence of ours."""
    return escape.prose(ruling.reason.rstrip(" ."), REASON)


def _waivers(situation: Situation) -> list[str]:
    waived = situation.waived
    lines = []
    for code, ruling in sorted(waived.items())[:WAIVERS_AT_MOST]:
        by, on = escape.code(ruling.ruler, NAME), day(ruling.created_at)
        why = ": ".join(part for part in (escape.code(code, NAME), _reason(ruling)) if part)
        lines.append(WAIVED.format(by, on, why))
    if len(waived) > WAIVERS_AT_MOST:
        lines.append(MORE_WAIVED.format(len(waived) - WAIVERS_AT_MOST))
    return lines


def _finding(row: FindingRow) -> Iterator[str]:
    where = "" if row.path is None else f" at {escape.path(str(Location(row.path, row.line, row.unpacked_line)))}"
    name = f"**{escape.prose(row.code, NAME)}** {escape.prose(row.name, NAME)}"
    yield f"- {name}{where}: {escape.prose(row.message, MESSAGE)}"
    if row.fix:
        yield f"  - To mend: {escape.prose(row.fix, FIX)}"
