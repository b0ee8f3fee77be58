"""A pull request at the stand-in whose submission is judged already, and people who talk below it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update

from demo.github import events
from demo.github.values import Comment, PullRequest
from rules.rule import Source
from rules.verdict import Verdict
from tests.databases import database
from tests.pipeline import Pipeline, running
from tests.standin import AUTHOR, StandIn, stand_in
from tests.worker.rows import SEVERITIES, finding
from worker import pipeline as runner
from worker.store import repositories, rulings, submissions
from worker.store.models import AuditEvent, CommandRow, Delivery, Job, PullRequestRow, Run, Stage, SubmissionRow
from worker.store.types import now_plus


@dataclass(slots=True)
class World:
    """Acts and what came of them."""

    github: StandIn
    pipeline: Pipeline
    pull: PullRequest

    def judge(self, pull: PullRequest, *codes: str, verdict: Verdict = Verdict.NEEDS_REVIEW) -> UUID:
        """Rows as fetch, screen and decide leave them for the pull request's head."""
        with self.pipeline.context.scope() as session:
            row = repositories.pull_request(session, self.github.repository.id, pull.number)
            if row is None:
                row = PullRequestRow(
                    repository_id=self.github.repository.id,
                    number=pull.number,
                    author=AUTHOR,
                    title=pull.issue.title,
                    created_at=pull.issue.created_at,
                )
                session.add(row)
            row.head_sha = pull.head_sha
            session.flush()
            submission = submissions.begin(session, row.id, pull.head_sha)
            submission.snapshot = {"folder": "entries/new"}
            submission.verdict, submission.decided_at = verdict, now_plus()
            submission.screened_at = now_plus()
            submissions.replace_findings(session, submission.id, Source.RULE, [])
            for position, code in enumerate(codes or ("F04",)):
                session.add(finding(submission.id, position, code, SEVERITIES[verdict]))
            return submission.id

    def push(self) -> str:
        """A new commit that GitHub knows of and Fairway does not."""
        people = self.github.people
        head = people.commit(self.github.repository, AUTHOR, {"entries/new/x.py": b"1\n"}, parent=self.pull.head_sha)
        people.push(self.github.repository, self.pull, head)
        return head

    def say(self, login: str, text: str, *, number: int | None = None) -> Comment:
        """Comment below the pull request, and have it read."""
        comment = self.github.people.comment(self.github.repository, number or self.pull.number, login, text)
        self.hear(comment)
        return comment

    def edit(self, comment: Comment, text: str, login: str | None = None) -> None:
        """Change a comment, a minute after it was last changed, and receive what GitHub tells of it."""
        self.github.people.edit_comment(comment, text, login)
        comment.updated_at = comment.created_at + timedelta(minutes=1 + len(self.rows(Delivery)))
        self.receive(comment, login or comment.author.login)

    def date(self, comment: Comment, **span: float) -> None:
        """Have a comment been written earlier or later."""
        comment.created_at = comment.updated_at = comment.created_at + timedelta(**span)

    def receive(self, comment: Comment, sender: str, action: str = "edited") -> None:
        """A delivery about a comment, and what follows from it."""
        guid = str(uuid4())
        account = self.github.state.account(sender)
        with self.github.state.lock:
            events.issue_comment(self.github.state, comment, action, account, changes={"body": {"from": ""}})
            told = max(self.github.state.hooks.records.values(), key=lambda record: record.id)
        with self.pipeline.context.scope() as session:
            session.add(Delivery(guid=guid, event=told.event, body=told.body))
        self.pipeline.ask(Stage.RECEIVE, guid)
        runner.work(self.pipeline.context, self.pipeline.job(Stage.RECEIVE, guid).id)
        subject = f"{self.github.repository.id}:{comment.id}"
        for job in self.rows(Job):
            if job.stage is Stage.COMMAND and job.subject == subject and job.pending:
                runner.work(self.pipeline.context, job.id)

    def hear(self, comment: Comment) -> Job:
        """What a delivery about a comment leads to."""
        return self.command(f"{self.github.repository.id}:{comment.id}")

    def command(self, subject: str) -> Job:
        """Ask for a COMMAND and work on it once, if it is due."""
        self.pipeline.ask(Stage.COMMAND, subject)
        job = self.pipeline.job(Stage.COMMAND, subject)
        runner.work(self.pipeline.context, job.id)
        return self.pipeline.job(Stage.COMMAND, subject)

    def again(self, job: Job) -> Job:
        """Work on a job that was parked, as if its time had come."""
        with self.pipeline.context.scope() as session:
            session.execute(update(Job).where(Job.id == job.id).values(run_after=now_plus(-1)))
        runner.work(self.pipeline.context, job.id)
        return self.pipeline.job(job.stage, job.subject)

    def reactions(self, comment: Comment) -> list[str]:
        """What the App thinks of a comment."""
        bot = self.github.state.app.bot.id
        return sorted(content for account, content in comment.reactions if account == bot)

    def answers(self, number: int | None = None) -> list[str]:
        """The App's comments below the pull request."""
        issue = self.github.repository.issues[number or self.pull.number]
        comments = [self.github.state.comments[one] for one in issue.comments]
        return [comment.body for comment in comments if comment.by_app]

    def ruled(self, submission_id: UUID | None = None) -> list[tuple[str, list[str], str, str, int]]:
        """All rulings on the submission at the head that Fairway knows, or on another one."""
        with self.pipeline.context.scope() as session:
            found = rulings.of_submission(session, submission_id or self.current(session).id)
            return [(one.outcome.value, one.codes, one.reason, one.ruler, one.ruler_id) for one in found]

    def current(self, session: Any) -> SubmissionRow:
        """The submission of the head that Fairway knows."""
        row = repositories.pull_request(session, self.github.repository.id, self.pull.number)
        assert row is not None
        found = repositories.current_submission(session, row)
        assert found is not None
        return found

    def rows(self, table: Any) -> list[Any]:
        """All rows of a table."""
        with self.pipeline.context.scope() as session:
            return list(session.scalars(select(table)))

    def commands(self) -> list[str]:
        """The commands that were written down."""
        return sorted(row.text for row in self.rows(CommandRow) if row.text)

    def audited(self) -> list[tuple[str, str]]:
        """Who did what."""
        return sorted((event.actor, event.action) for event in self.rows(AuditEvent))

    def runs(self) -> list[tuple[str, str]]:
        """Kinds of runs that were asked for, and by whom."""
        return sorted((run.rung, run.requested_by) for run in self.rows(Run))

    def asked(self, stage: Stage) -> list[str]:
        """Subjects of what is asked for in a stage."""
        with self.pipeline.context.scope() as session:
            return sorted(session.scalars(select(Job.subject).where(Job.stage == stage, Job.pending)))

    def id_of(self, login: str) -> int:
        """The number of an account."""
        return self.github.state.account(login).id


@contextmanager
def world(kind: str, folder: Path, **settings: Any) -> Iterator[World]:
    """The stand-in, a database of that kind, and one judged pull request with the finding F04."""
    with (
        stand_in(folder) as github,
        database(kind, folder) as url,
        running(url, github, folder, **settings) as pipeline,
    ):
        pipeline.know(github)
        made = World(github, pipeline, github.pull_request())
        made.judge(made.pull)
        yield made
