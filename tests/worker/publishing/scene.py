"""A pull request at the stand-in, the rows that earlier stages leave about it, and its publishing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from demo.github.values import CheckRun, Comment, PullRequest
from rules.rule import Severity, Source
from rules.submission import BaseKind, ChangedFile, Status
from rules.verdict import Verdict, verdict_of
from tests.pipeline import Pipeline
from tests.standin import AUTHOR, ORGANIZER, StandIn
from worker.clients.snapshot import Snapshot, SnapshotFile
from worker.publishing.comment import MARKER
from worker.store import repositories, rulings, submissions
from worker.store.models import Job, Outcome, PullRequestRow, Repository, Stage, SubmissionRow
from worker.store.types import now_plus

FOLDER = "records/track_10min_16mb/new"
SCRIPT = f"{FOLDER}/train_gpt.py"
PLAIN = 0o100644
LINES = 400


def finding(
    code: str = "C07",
    severity: Severity = Severity.REVIEW,
    message: str = "it reaches the network",
    *,
    path: str | None = SCRIPT,
    line: int | None = 3,
    fix: str = "",
    evidence: Sequence[Mapping[str, Any]] = (),
    name: str | None = None,
) -> dict[str, Any]:
    """A finding as in the JSON contract."""
    return {
        "code": code,
        "name": name or f"fault-{code.lower()}",
        "category": "any",
        "severity": severity.value,
        "path": path,
        "line": line,
        "message": message,
        "source": "rule",
        "unpacked_line": None,
        "fix": fix,
        "evidence": list(evidence),
    }


def snapshot(head_sha: str, *, folder: str = FOLDER, deleted: Iterable[str] = ()) -> Snapshot:
    """A snapshot of one script."""
    script = f"{folder}/train_gpt.py" if folder else "train_gpt.py"
    changed = [ChangedFile(script, Status.ADDED, PLAIN, "c" * 40)]
    changed += [ChangedFile(path, Status.DELETED, 0, "0" * 40) for path in deleted]
    entries = (SnapshotFile(script, PLAIN, 100, "c" * 40),) if folder else ()
    return Snapshot(head_sha, BaseKind.MERGE_BASE, "b" * 40, folder, tuple(changed), entries=entries)


@dataclass(slots=True)
class Scene:
    """One pull request. `submission_id` is the one at the head that counts."""

    github: StandIn
    pipeline: Pipeline
    pull: PullRequest
    pull_request_id: UUID
    submission_id: UUID

    def see(self, head_sha: str | None = None, **facts: Any) -> Scene:
        """Fetching noted a head and facts."""
        with self.pipeline.context.scope() as session:
            row = session.get_one(PullRequestRow, self.pull_request_id)
            for name, value in facts.items():
                setattr(row, name, value)
            if head_sha is not None:
                row.head_sha = head_sha
                self.submission_id = submissions.begin(session, row.id, head_sha).id
        return self

    def push(self) -> str:
        """A new head, at the stand-in and in the rows."""
        files = {"entries/new/more.py": self.pull.head_sha.encode()}
        head = self.github.people.commit(self.github.repository, AUTHOR, files)
        self.github.people.push(self.github.repository, self.pull, head)
        self.see(head)
        return head

    def decide(
        self,
        *findings: dict[str, Any],
        report: str | None = "",
        verdict: Verdict | None = None,
        files: Snapshot | None = None,
    ) -> Scene:
        """Screening and deciding left these; `report` "" for a plain one."""
        with self.pipeline.context.scope() as session:
            row = session.get_one(SubmissionRow, self.submission_id)
            submissions.replace_findings(session, row.id, Source.RULE, findings)
            reloaded = submissions.load(session, row.id)
            assert reloaded is not None
            waived = rulings.waived(rulings.of_submission(session, row.id))
            found = verdict or verdict_of([one for one in reloaded.findings if one.code not in waived])
            row.snapshot = (files or snapshot(row.head_sha)).as_json()
            told = verdict_of(reloaded.findings).value
            row.entry = {"verdict": told, "findings": list(findings)} if report is not None else None
            row.report = f"## Fairway: {told}\n\nWhat was found at {row.head_sha}.\n" if report == "" else report
            row.verdict, row.decided_at = found, now_plus()
        return self

    def rule(self, outcome: Outcome, *codes: str, reason: str = "", ruler: str = ORGANIZER) -> Scene:
        """A person rules."""
        with self.pipeline.context.scope() as session:
            row = session.get_one(PullRequestRow, self.pull_request_id)
            row.held = outcome is Outcome.HELD or (row.held and outcome is Outcome.WAIVED)
            origin = f"test:{len(rulings.of_submission(session, self.submission_id))}"
            rulings.record(
                session,
                self.submission_id,
                outcome,
                codes=codes,
                reason=reason,
                ruler=ruler,
                ruler_id=1,
                origin=origin,
            )
        return self

    def configure(self, text: str) -> Scene:
        """The competition's configuration on the default branch."""
        with self.pipeline.context.scope() as session:
            session.get_one(Repository, self.github.repository.id).configuration = text
        return self

    def publish(self) -> Scene:
        """Ask for publishing, and let it happen."""
        self.pipeline.ask(Stage.PUBLISH, str(self.pull_request_id)).drain()
        return self

    @property
    def job(self) -> Job:
        """The job of publishing."""
        return self.pipeline.job(Stage.PUBLISH, str(self.pull_request_id))

    @property
    def row(self) -> SubmissionRow:
        """The submission at the head that counts."""
        with self.pipeline.context.scope() as session:
            return session.get_one(SubmissionRow, self.submission_id)

    @property
    def checks(self) -> list[CheckRun]:
        """All check runs, oldest first."""
        return list(self.github.state.runs.values())

    def check_at(self, head_sha: str) -> CheckRun:
        """The one check run of a commit."""
        (found,) = (run for run in self.checks if run.head_sha == head_sha)
        return found

    @property
    def check(self) -> CheckRun:
        """The one check run of the head that counts."""
        return self.check_at(self.row.head_sha)

    @property
    def comments(self) -> list[Comment]:
        """Fairway's comments."""
        return [one for one in self.github.state.comments.values() if one.by_app and one.number == self.pull.number]

    @property
    def comment(self) -> str:
        """The text of its one comment."""
        (found,) = self.comments
        assert found.body.startswith(MARKER)
        return found.body

    @property
    def labels(self) -> set[str]:
        """The labels on the pull request."""
        return set(self.pull.issue.labels)

    def writes(self) -> int:
        """How many requests were made that change something."""
        log = self.github.state.log
        paths = ("*/check-runs*", "*/comments*", "*/labels*")
        return sum(log.count(method, path) for method in ("POST", "PATCH", "DELETE") for path in paths)


def scene(github: StandIn, pipeline: Pipeline) -> Scene:
    """A pull request that was noted and not read yet."""
    pipeline.know(github)
    pull = github.pull_request({SCRIPT: b"x = 1\n" * LINES})
    facts = {
        "repository_id": github.repository.id,
        "number": pull.number,
        "author": AUTHOR,
        "title": "Try it",
        "head_sha": pull.head_sha,
        "created_at": datetime(2026, 3, 20, tzinfo=UTC),
    }
    with pipeline.context.scope() as session:
        repositories.upsert(session, PullRequestRow, ["repository_id", "number"], facts)
        row = repositories.pull_request(session, github.repository.id, pull.number)
        assert row is not None
        submission = submissions.begin(session, row.id, pull.head_sha)
        return Scene(github, pipeline, pull, row.id, submission.id)
