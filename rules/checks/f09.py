"""The submission was changed after it was opened.

## Why it matters
A place in the history of records belongs to what was there on its day. Evidence may be added later; a better method
may not.

## Flagged
    a commit written 12 days after the pull request was opened

It needs a person where the late commits speak of results and the record has moved in between, so that the score is a
record on the first day and none on the last.

## Allowed
Changes within two days. Clerical ones later on are noted and nothing more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from rules.analysis.claims import headline
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Commit, Submission

RULE = Rule(
    code="F09",
    name="edited-after-submission-or-cutoff",
    category="edited-late",
    severity=Severity.REVIEW,
    doc=__doc__,
)

GRACE = timedelta(days=2)
_RESULTS = re.compile(
    r"^(?=.{0,200}\b(?:new|updated?|improved?|better|replaced?)\b)(?=.{0,200}\b(?:scores?|results?|bpb|record)\b)"
    r"|^.{0,200}\b[01]\.\d{3,}",
    re.I,
)


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield one finding that names the last late commit."""
    opened = submission.pull_request.created_at
    if opened is None or not submission.folder:
        return
    opened = _utc(opened)
    late = [c for c in submission.commits if _utc(c.authored_at) - opened > GRACE and not _is_merge(c)]
    if not late:
        return
    last = max(late, key=lambda c: _utc(c.authored_at))
    written = _utc(last.authored_at)
    moved = _record_moved(submission, competition, opened, written)
    yield RULE.at(
        None,
        f"{len(late)} of {len(submission.commits)} commits were written more than {GRACE.days} days after the pull "
        f"request was opened on {opened.date()}, the last on {written.date()} ({last.sha[:12]} "
        f'"{_first_line(last)}"){moved}.',
        fix="Say in the README what was changed after the pull request was opened, and why.",
        severity=Severity.REVIEW if moved and any(_RESULTS.match(_first_line(c)) for c in late) else Severity.NOTE,
    )


def _record_moved(submission: Submission, competition: Competition, opened: datetime, written: datetime) -> str:
    """Say that the score beats the record of the day of opening, but no longer that of the day of the change."""
    track, found = competition.track(submission.scope.track), headline(submission)
    if track is None or not track.record or found is None:
        return ""
    before, after = competition.incumbent(opened.date()).score, competition.incumbent(written.date()).score
    if not after <= found.value < before:
        return ""
    return (
        f"; its score {found.value:.4f} beats the record of the first day ({before:.4f}), not of the last ({after:.4f})"
    )


def _is_merge(commit: Commit) -> bool:
    return commit.message.startswith(("Merge branch", "Merge remote", "Merge pull", "Merge upstream"))


def _first_line(commit: Commit) -> str:
    return commit.message.strip().split("\n", 1)[0][:80]


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
