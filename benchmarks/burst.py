"""Five hundred submissions within an hour, by an injected clock: whether GitHub's limits hold, and how long it takes.

    python -m benchmarks.burst [--submissions 500]

The real stages, jobs, client and pacer, on SQLite, against a stand-in that counts and enforces GitHub's limits: 80
creations of content a minute and 500 an hour, 900 points a minute, 5,000 requests an hour. Only time is made up: the
database, the pacer, the client and the stand-in go by one clock, which jumps to whatever is due next.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Engine, event, func, select

from benchmarks.deployment import Hub, hub, sample_files
from demo.github.limits import GITHUBS
from demo.repository import COMPETITION
from migrations.apply import upgrade
from worker import pipeline, subjects
from worker.clients.github import GitHubGateway
from worker.clients.pacer import LocalPacer
from worker.content import ContentStore
from worker.pipeline import Context
from worker.quarantine import set_aside
from worker.screening import screen_here
from worker.settings import Settings
from worker.stages import functions
from worker.store import jobs, repositories
from worker.store.models import Job, Stage
from worker.store.session import make_engine, session_scope

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
HOUR = 3_600.0
WORK_SECONDS = 0.2
"""What a turn of a job takes, all workers together."""

PER_MINUTE, PER_HOUR, POINTS = 80, 500, 900
AIM = 1.05
"""At most so many times what the limits leave, which count over any minute and any hour."""


class Clock:
    """Seconds since the start; goes on by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        """As a time."""
        return START + timedelta(seconds=self.seconds)

    def epoch(self) -> float:
        """As GitHub's client wants it."""
        return self.now().timestamp()

    def sqlite(self, _format: str, *modifiers: str) -> str:
        """In the place of SQLite's own `strftime`, as the models call it: now, plus seconds."""
        at = self.now()
        for modifier in modifiers[1:]:
            at += timedelta(seconds=float(modifier.removesuffix(" seconds")))
        return at.strftime("%Y-%m-%d %H:%M:%S.%f")

    def govern(self, engine: Engine) -> None:
        """Let a database go by this clock."""

        @event.listens_for(engine, "connect")
        def _connect(connection: Any, _record: object) -> None:
            connection.create_function("strftime", -1, self.sqlite)


@dataclass(slots=True)
class Outcome:
    """What came of it. Times in seconds from the start of the hour."""

    arrivals: list[float]
    finished: float
    created: Counter[str]
    busiest_minute: int
    busiest_hour: int
    refused: int
    until_check: list[float]
    until_comment: list[float]
    job_turns: int

    @property
    def bound(self) -> float:
        """The earliest that the last creation could go, in seconds: none before its submission, none over a limit."""
        each = self.created.total() // len(self.arrivals)
        went: list[float] = []
        for arrival in self.arrivals:
            for _ in range(each):
                limits = ((PER_HOUR, HOUR), (PER_MINUTE, 60.0))
                free = [went[-most] + window for most, window in limits if len(went) >= most]
                went.append(max([arrival, *free, *went[-1:]]))
        return went[-1]


def simulate(submissions: int, folder: Path, seed: int = 1) -> Outcome:
    """Open them at random times of one hour and work until everything is said."""
    clock = Clock()
    with hub(folder, clock=clock.now, limits=GITHUBS) as github:
        github.installation = github.people.install("olga", [github.repository])
        context = _context(clock, github, folder)
        random = Random(seed)
        arrivals = sorted(random.uniform(0, HOUR) for _ in range(submissions))
        opened = _work(context, clock, github, arrivals)
        return _outcome(clock, github, opened, context)


def _context(clock: Clock, github: Hub, folder: Path) -> Context:
    named: dict[str, Any] = {
        "github_api_url": github.url,
        "github_web_url": github.url,
        "private_key": github.keys.private.decode(),
    }
    settings = Settings(
        database_url=f"sqlite:///{folder / 'burst.db'}",
        app_id=github.state.app.id,
        competition=str(COMPETITION),
        content_folder=folder / "content",
        **named,
    )
    engine = make_engine(settings.database_url)
    clock.govern(engine)
    upgrade(engine)
    pacer = LocalPacer(clock=lambda: clock.seconds)
    context = Context(
        settings=settings,
        scope=session_scope(engine),
        github=GitHubGateway(settings, pacer, clock=clock.epoch),
        content=ContentStore(settings.content_folder),
        screen=screen_here,
        stages=functions(),
        on_quarantine=set_aside,
        announce=lambda _stage, _job_id, _place: None,
        backlog=pacer.backlog,
        now=clock.now,
    )
    with context.scope() as session:
        assert github.installation is not None
        account = github.repository.owner
        repositories.see_installation(session, github.installation.id, account.id, account.login)
        repositories.see_repository(session, github.repository.id, github.installation.id, github.repository.full_name)
    return context


def _work(context: Context, clock: Clock, github: Hub, arrivals: list[float]) -> dict[int, float]:
    """Let submissions arrive and jobs be worked on in order of time; number → when it was opened."""
    opened: dict[int, float] = {}
    waiting = arrivals[::-1]
    while True:
        due = _next_due(context)
        if waiting and (due is None or waiting[-1] <= max(due[0], clock.seconds)):
            clock.seconds = max(clock.seconds, waiting.pop())
            opened[_open(context, github, len(opened) + 1)] = clock.seconds
        elif due is not None:
            clock.seconds = max(clock.seconds, due[0])
            pipeline.work(context, due[1])
            clock.seconds += WORK_SECONDS
        else:
            return opened


def _next_due(context: Context) -> tuple[float, Any] | None:
    with context.scope() as session:
        first = session.execute(
            select(Job.run_after, Job.id)
            .where(Job.pending, Job.quarantined_at.is_(None))
            .order_by(Job.run_after)
            .limit(1)
        ).one_or_none()
    return None if first is None else ((first[0] - START).total_seconds(), first[1])


def _open(context: Context, github: Hub, number: int) -> int:
    files = sample_files("no-log", f"2026-06-{number:05d}")
    head = github.people.commit(github.repository, "pat", {path: d + b"\n# %d\n" % number for path, d in files.items()})
    pull = github.people.open_pull_request(github.repository, "pat", head, f"Submission {number}")
    with context.scope() as session:
        jobs.request(session, Stage.FETCH, subjects.of_pull_request(github.repository.id, pull.number))
    return pull.number


def _outcome(clock: Clock, github: Hub, opened: dict[int, float], context: Context) -> Outcome:
    log, pulls = github.state.log, github.repository.pulls
    with context.scope() as session:
        set_aside_jobs = session.scalar(select(func.count()).where(Job.quarantined_at.is_not(None)))
        turns = session.scalar(select(func.sum(Job.fence))) or 0
    unsaid = [number for number in opened if len(github.comments(pulls[number])) != 1]
    if set_aside_jobs or unsaid:
        raise RuntimeError(f"{set_aside_jobs} jobs were set aside, {len(unsaid)} submissions have not one comment")
    checks = [github.check(pulls[number]) for number in opened]
    return Outcome(
        arrivals=sorted(opened.values()),
        finished=clock.seconds,
        created=Counter(log.created),
        busiest_minute=log.busiest(timedelta(minutes=1)),
        busiest_hour=log.busiest(timedelta(hours=1)),
        refused=len(github.state.faults.windows),
        until_check=[
            (check.created_at - START).total_seconds() - opened[number]
            for number, check in zip(opened, checks, strict=True)
            if check is not None
        ],
        until_comment=[
            (github.comments(pulls[number])[0].created_at - START).total_seconds() - at for number, at in opened.items()
        ],
        job_turns=int(turns),
    )


def main() -> None:
    """Simulate and print; ends with 1 where a limit was broken or it took longer than it must."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=500)
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        found = simulate(options.submissions, Path(name))
    held = found.busiest_minute <= PER_MINUTE and found.busiest_hour <= PER_HOUR and not found.refused
    print(f"{len(found.arrivals)} submissions within an hour, {found.created.total()} creations {dict(found.created)}")
    print(f"  most creations in any minute {found.busiest_minute:4d}   limit {PER_MINUTE}")
    print(f"  most creations in any hour   {found.busiest_hour:4d}   limit {PER_HOUR}")
    print(f"  refused for a limit          {found.refused:4d}   aim: 0")
    for what, seconds in (("check", found.until_check), ("comment", found.until_comment)):
        median, last = statistics.median(seconds), max(seconds)
        print(f"  until the {what:7}   median {median:6.0f} s   last {last:6.0f} s")
    share = found.finished / found.bound
    print(f"  all said after {found.finished:.0f} s, where the limits leave {found.bound:.0f} s", end="")
    print(f": {share:.3f} times, aim: at most {AIM}")
    print(f"  {found.job_turns} turns of jobs, simulated in {time.monotonic() - started:.0f} s")
    raise SystemExit(0 if held and share <= AIM else 1)


if __name__ == "__main__":
    main()
