"""The one comment on a pull request, edited in place."""

from __future__ import annotations

from rules.report import escape
from worker.publishing import texts
from worker.publishing.situation import Phase, Situation
from worker.store.models import SubmissionRow

MARKER = "<!-- fairway:report -->"
LIMIT = 65_000  # characters; GitHub takes 65,536
HEADING = "## Fairway"
TITLED = "## Fairway: {}"
WAITING = "## {}"
FOUND = "### What was found"
MOVED_ON = "A newer commit, {}, is being read. What follows was found at {} and holds for that commit only."
CLOSED_UNREAD = "The pull request was closed before {} was read. What follows was found at {}."
FOOTER = (
    "<sub>About commit {}. This comment is edited in place when something changes. "
    "Comment {} to see what you can ask for.{}</sub>"
)
PAGE = " [All details]({})."
HELP = "/fairway help"


def comment_of(situation: Situation, earlier: SubmissionRow | None = None) -> str:
    """The whole comment, at most LIMIT characters.

    `earlier` is the submission that the comment spoke of so far; while a newer commit is read, it goes on to do so and
    says that it does.
    """
    judged = situation.phase is Phase.JUDGED
    told = situation.submission if judged else None if situation.phase is Phase.NO_SUBMISSION else earlier
    lead = _lead(situation) if judged else _waiting(situation, told)
    report = "" if told is None else told.report or ""
    if lead and report.startswith(HEADING):
        _, _, report = report.partition("\n")  # its heading would say something else than ours
        report = f"{FOUND}\n\n{report.strip()}"
    sha = situation.head_sha if told is None else told.head_sha
    footer = _footer(sha, situation.page)
    room = LIMIT - sum(len(part) + 2 for part in (MARKER, lead, footer))
    return "\n\n".join(part for part in (MARKER, lead, texts.fitted(report.strip(), room), footer) if part)


def _lead(situation: Situation) -> str:
    """What comes before the report: nothing, where the report's own heading says all."""
    submission, besides = situation.submission, situation.added
    lines = texts.banner(situation)
    told = (submission.entry or {}).get("verdict")
    current = submission.report is not None and situation.verdict is not None and told == situation.verdict.value
    if current and not lines and not besides:
        return ""
    parts = [TITLED.format(texts.word(situation)), *_quoted(lines)]
    if submission.report is None:
        parts.append(texts.summary(situation).partition("\n")[0])
    if besides:
        parts += [texts.FOUND_BESIDES, texts.findings(besides)]
    return "\n\n".join(parts)


def _waiting(situation: Situation, earlier: SubmissionRow | None) -> str:
    heading = WAITING.format(texts.title(situation))
    if earlier is None:
        return f"{heading}\n\n{texts.summary(situation)}"
    text = MOVED_ON if situation.phase is Phase.READING else CLOSED_UNREAD
    moved = text.format(escape.code(situation.head_sha), escape.code(earlier.head_sha))
    return "\n\n".join([heading, *_quoted([moved])])


def _quoted(lines: list[str]) -> list[str]:
    return ["\n>\n".join(f"> {line}" for line in lines)] if lines else []


def _footer(head_sha: str, page: str | None) -> str:
    link = "" if page is None else PAGE.format(page)
    return FOOTER.format(escape.code(head_sha), escape.code(HELP), link)
