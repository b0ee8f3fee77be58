"""Where a pull request stands: the value that check, comment and labels, and later a page, are made of.

Neither this nor the texts import a client, so that the web may show the same words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from rules.competition import Competition
from rules.report.sections import COUNTS
from rules.rule import Severity, Source
from rules.verdict import Verdict
from worker.store import rulings
from worker.store.models import FindingRow, Outcome, Ruling, SubmissionRow

OPEN = "open"


class Phase(StrEnum):
    """How far a submission has come."""

    READING = "reading"
    UNREAD = "unread"  # closed before it was decided
    NO_SUBMISSION = "no-submission"
    JUDGED = "judged"  # by the checks, by a person, or both


CONFIGURATION = "configuration"


@dataclass(frozen=True, slots=True)
class Situation:
    """A submission and all that people ruled on it.

    `ruling` is the one that stands, `waived` tells by which ruling a code does not count, `held` that an organizer put
    the pull request on hold. `page` is the address of the submission's own page; `runs` tells of each run in a line.
    """

    submission: SubmissionRow
    phase: Phase
    ruling: Ruling | None = None
    waived: Mapping[str, Ruling] = field(default_factory=dict)
    held: bool = False
    fail_on: tuple[str, ...] = ()
    page: str | None = None
    runs: tuple[str, ...] = ()

    @property
    def head_sha(self) -> str:
        """The commit that all of it is about."""
        return self.submission.head_sha

    @property
    def verdict(self) -> Verdict | None:
        """The sum of the findings, None while it is not decided."""
        return None if self.submission.decided_at is None else self.submission.verdict

    @property
    def outcome(self) -> Outcome | None:
        """What a person says: on hold before all else, then the ruling that stands."""
        if self.held:
            return Outcome.HELD
        return None if self.ruling is None else self.ruling.outcome

    @property
    def counted(self) -> list[FindingRow]:
        """The findings that nobody waived."""
        return [finding for finding in self.submission.findings if finding.code not in self.waived]

    @property
    def on_configuration(self) -> list[FindingRow]:
        """What is to be said on an edit of the competition's configuration, wherever else the pull request is."""
        return [finding for finding in self.submission.findings if finding.category == CONFIGURATION]

    @property
    def added(self) -> list[FindingRow]:
        """The findings that the report does not hold, because something else than the screening made them."""
        told = (self.submission.entry or {}).get("findings", ()) if self.submission.report else ()
        known = {(finding["code"], finding["message"]) for finding in told}
        return [
            finding
            for finding in self.submission.findings
            if finding.source not in (Source.RULE, Source.PRECEDENT) or (finding.code, finding.message) not in known
        ]


def situation_of(
    submission: SubmissionRow,
    ruled: Sequence[Ruling],
    competition: Competition,
    *,
    page: str | None = None,
    runs: Sequence[str] = (),
) -> Situation:
    """The situation of a submission that was loaded with its findings and pull request."""
    standing = rulings.standing(ruled)
    held = submission.pull_request.held or (standing is not None and standing.outcome is Outcome.HELD)
    return Situation(
        submission,
        _phase(submission, standing, competition),
        standing,
        rulings.waived(ruled),
        held,
        competition.publishing.fail_on,
        page,
        tuple(runs),
    )


def counts_of(findings: Sequence[FindingRow]) -> str:
    """How many findings of each severity, as a phrase; "" for none."""
    counts = {severity: sum(f.severity is severity for f in findings) for severity in reversed(Severity)}
    return ", ".join(COUNTS[s][n > 1].format(n) for s, n in counts.items() if n)


def _phase(submission: SubmissionRow, standing: Ruling | None, competition: Competition) -> Phase:
    if _holds_no_submission(submission, competition):
        return Phase.NO_SUBMISSION
    ruled = standing is not None and standing.outcome is not Outcome.HELD
    if ruled or (submission.decided_at is not None and submission.verdict is not None):
        return Phase.JUDGED
    return Phase.READING if submission.pull_request.state == OPEN else Phase.UNREAD


def _holds_no_submission(submission: SubmissionRow, competition: Competition) -> bool:
    """Whether it is known that the pull request touches nothing below the folder of any track."""
    snapshot = submission.snapshot or {}
    if snapshot.get("folder") != "":
        return False
    below = tuple(f"{folder}/" for folder in competition.track_folders)
    return not any(path.startswith(below) for path, *_ in snapshot["changed"])
