"""Hundreds of runs while workers are killed: whether each ends once, what is left behind, whether the budget is kept.

    python -m benchmarks.gpu_queue [--submissions 40] [--kills 150] [--machines 3]

Real processes on PostgreSQL and a Redis of their own: beat, a worker for everything, and for each machine a worker of
the queue `gpu`, all started again when they end. A submission takes the ladder up to a full reproduction with two
seeds: five runs. Runs are real processes too, of the runner of the tests, which promises what the local one promises,
without a sandbox. SIGKILL falls on the children of workers, on workers and on beat; a few supervisors of runs die as
well. Some scripts crash or hang in their last runs. Prints a summary as JSON, and ends with 1 where anything is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import func, select

from benchmarks.deployment import Supervised
from benchmarks.killing import Killer
from migrations.apply import upgrade
from tests.databases import postgresql
from tests.processes import Broker, broker, environment
from tests.standin import keys
from tests.worker import rows
from tests.worker.reproduction.scene import BUDGET, add, competition, executions
from worker import rulings
from worker.content import ContentStore
from worker.rulings import Person
from worker.store.models import Budget, EvidenceRow, Job, Run, RunStatus, Stage
from worker.store.session import SessionScope, make_engine, session_scope

VICTIMS = {"child": 70, "worker": 20, "beat": 5, "supervisor": 5}
SEEDS = 2
STEPS = 3 + SEEDS  # smoke, probe, one seed, then all
TOTAL_SECONDS = 2.0
MOST_SECONDS = 3_600.0
OLGA = Person("olga", 7, "benchmark")
RUN_SILENCE_SECONDS = "20"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything."""

    submissions: int = 40
    kills: int = 150
    machines: int = 3
    seed: int = 1


@dataclass(slots=True)
class Place:
    """What runs."""

    folder: Path
    scope: SessionScope
    redis: Broker
    commands: list[Supervised] = field(default_factory=list)
    executing: dict[str, Path] = field(default_factory=dict)
    """Machine → the folder of its runs."""


@dataclass(slots=True)
class Watcher:
    """Kills at random, and looks all the time whether a budget is exceeded or a machine has two runs."""

    place: Place
    killer: Killer
    limit_seconds: int
    over: list[str] = field(default_factory=list)
    most: int = 0
    looks: int = 0

    def kill(self) -> None:
        """In a thread of its own."""
        self.killer.run(self._begun, self._victim, self.place.redis)

    def _begun(self) -> float:
        """How many runs, by the diaries of the runners."""
        return sum(len(executions(runs)) for runs in self.place.executing.values()) / 2

    def watch(self) -> None:
        """In another thread."""
        while not self.killer.stop.wait(0.05):
            with self.place.scope() as session:
                for row in session.scalars(select(Budget)):
                    total = row.reserved_seconds + row.spent_seconds
                    self.most = max(self.most, total)
                    if total > self.limit_seconds:
                        self.over.append(f"{row.account}: {total} of {self.limit_seconds} s")
                self.looks += 1

    def _victim(self) -> tuple[str, int | None]:
        kind = self.killer.choose(VICTIMS)
        if kind != "supervisor":
            return kind, self.killer.process(kind, self.place.commands)
        running = [run for runs in self.place.executing.values() for run in supervisors(runs)]
        return kind, self.killer.random.choice(running) if running else None


def supervisors(runs: Path) -> list[int]:
    """Process ids of the runs that go on in a folder."""
    found = []
    for began in runs.glob("*/began"):
        with suppress(OSError, ValueError):
            pid = int(began.read_text("ascii"))
            if not (began.parent / "evidence.json").exists() and str(began.parent) in cmdline(pid):
                found.append(pid)
    return found


def cmdline(pid: int) -> str:
    """What a process was started with; "" for none, or one that only waits to be buried."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    return ""


def left_over(folder: Path) -> list[str]:
    """Processes that work in a folder or were started with one of its paths."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                where = str((entry / "cwd").readlink())
                if str(folder / "runs") in cmdline(int(entry.name)) or where.startswith(str(folder / "runs")):
                    found.append(f"{entry.name}: {cmdline(int(entry.name))}")
    return found


@contextmanager
def started(plan: Plan, folder: Path, limit_seconds: int) -> Iterator[Place]:
    """A database, a Redis, beat, one worker for everything and one for each machine."""
    policy: dict[str, Any] = {
        "smoke_seconds": 20.0,
        "probe_seconds": 20.0,
        "seeds": SEEDS,
        "untimed_seconds": TOTAL_SECONDS,
    }
    file = competition(folder, {**BUDGET, "minutes_per_day": limit_seconds / 60}, **policy)
    file.write_text(file.read_text("utf-8").replace("_seconds = 30.0", f"_seconds = {TOTAL_SECONDS / 2}"), "utf-8")
    with postgresql() as url, broker(folder) as redis:
        engine = make_engine(url)
        upgrade(engine)
        place = Place(folder, session_scope(engine), redis)
        variables = {
            "FAIRWAY_DATABASE_URL": url,
            "FAIRWAY_BROKER_URL": redis.url,
            "FAIRWAY_APP_ID": "1",
            "FAIRWAY_PRIVATE_KEY": keys().private.decode(),
            "FAIRWAY_COMPETITION": str(file),
            "FAIRWAY_LEASE_SECONDS": "3",
            "FAIRWAY_SWEEP_SECONDS": "1",
            "FAIRWAY_POLL_SECONDS": "0.3",
            "FAIRWAY_RUN_SILENCE_SECONDS": RUN_SILENCE_SECONDS,
            "FAIRWAY_RUN_PAUSE_SECONDS": "0.2",
        }
        try:
            place.commands.append(_start(place, "beat", variables, "beat"))
            place.commands.append(_start(place, "worker", variables, "worker", "--concurrency", "2"))
            for number in range(plan.machines):
                name = f"gpu-{number}"
                place.executing[name] = folder / "runs" / name
                more = {"MACHINE": name, "RUNS_FOLDER": str(place.executing[name]), "RUNNER": "tests.plain_runner:make"}
                own = variables | {f"FAIRWAY_{key}": value for key, value in more.items()}
                options = ("worker", "--queue", "gpu", "--concurrency", "2")
                place.commands.append(_start(place, f"worker-{name}", own, *options))
            yield place
        finally:
            for command in place.commands:
                command.stop()
            engine.dispose()


def _start(place: Place, name: str, variables: dict[str, str], *arguments: str) -> Supervised:
    own = place.folder / f"tmp-{name}"
    own.mkdir()
    everywhere = {"TMPDIR": str(own), "FAIRWAY_CONTENT_FOLDER": str(place.folder / "content")}
    return Supervised(name, arguments, environment(variables, place.folder) | everywhere, place.folder)


def ask(place: Place, plan: Plan) -> None:
    """Submissions, and somebody who asks for a full reproduction of each."""
    content = ContentStore(place.folder / "content")
    with place.scope() as session:
        rows.add_repository(session)
    for number in range(1, plan.submissions + 1):
        script = "crashes fully" if number % 10 == 0 else "hangs fully" if number % 10 == 5 else "slow"
        submission_id = add(place.scope, content, number, script, state="gone")
        with place.scope() as session:
            rulings.request_reproduction(session, rows.loaded(session, submission_id), "full", OLGA)


def under_way(place: Place) -> int:
    """Runs that are not over, and looks that are still to be taken."""
    with place.scope() as session:
        going = select(func.count(Run.id)).where(Run.status.in_((RunStatus.REQUESTED, RunStatus.RUNNING)))
        looks = select(func.count(Job.id)).where(Job.pending, Job.stage == Stage.REPRODUCE)
        return (session.scalar(going) or 0) + (session.scalar(looks.where(Job.quarantined_at.is_(None))) or 0)


def problems(place: Place, plan: Plan, watcher: Watcher) -> Iterator[str]:
    """Everything that is not as if nothing had happened."""
    with place.scope() as session:
        found = session.scalars(select(Run)).all()
        records = session.scalar(select(func.count()).select_from(EvidenceRow)) or 0
        budgets = session.scalars(select(Budget)).all()
    ended = Counter((run.head_sha, run.rung, run.seed) for run in found if run.status is RunStatus.FINISHED)
    finally_lost = [run for run in found if run.status is RunStatus.LOST and run.attempt >= 3]
    asked = {(run.head_sha, run.rung, run.seed) for run in found}
    yield from (f"ended {times} times: {key}" for key, times in ended.items() if times != 1)
    missing = len(asked - set(ended)) - len(finally_lost)
    if missing > 0 and not any(run.status is RunStatus.SKIPPED for run in found):
        yield f"{missing} runs never ended"
    if len(asked) != plan.submissions * STEPS and not finally_lost:
        yield f"{len(asked)} runs instead of {plan.submissions * STEPS}"
    if records < len(ended):
        yield f"{len(ended)} ended, {records} records"
    yield from (f"{run.rung} still {run.status} {run.waits_for}" for run in found if run.status in _OPEN)
    yield from (f"{run.machine} is still taken" for run in found if run.occupies)
    yield from watcher.over
    for row in budgets:
        if row.reserved_seconds or row.reserved_mills:
            yield f"{row.account}: {row.reserved_seconds} s are still reserved"
    spent = sum(run.seconds for run in found)
    booked = sum(row.spent_seconds for row in budgets if row.account.startswith("day"))
    if spent != booked:
        yield f"{booked} s booked for runs of {spent} s"
    for machine, folder in place.executing.items():
        yield from _two_at_once(machine, executions(folder))
    yield from (f"left over: {line}" for line in left_over(place.folder))


_OPEN = (RunStatus.REQUESTED, RunStatus.RUNNING, RunStatus.WISHED)


def _two_at_once(machine: str, diary: list[list[Any]]) -> Iterator[str]:
    """A run that began while another's supervisor had not ended; one that was killed ends with the next line."""
    begun = Counter(line[3] for line in diary if line[0] == "begin")
    yield from (f"{machine} began {run} {times} times" for run, times in begun.items() if times > 1)
    ends = {line[3]: line[1] for line in diary if line[0] == "end"}
    last, name = 0.0, ""
    for _, at, _, run, *_ in sorted((line for line in diary if line[0] == "begin"), key=lambda line: float(line[1])):
        if at < last:
            yield f"{machine} had {name} and {run} at once"
        last, name = ends.get(run, 0.0), run


def run(plan: Plan, folder: Path) -> dict[str, Any]:
    """All of it; the summary, in which `problems` should be empty."""
    limit = plan.submissions * STEPS * 120
    with started(plan, folder, limit) as place:
        killer = Killer(Random(plan.seed), plan.kills, plan.submissions * STEPS, 0.9, due=1.0)
        watcher = Watcher(place, killer, limit)
        began = time.monotonic()
        ask(place, plan)
        threads = [
            threading.Thread(target=watcher.kill, daemon=True),
            threading.Thread(target=watcher.watch, daemon=True),
        ]
        for thread in threads:
            thread.start()
        while under_way(place) and time.monotonic() - began < MOST_SECONDS:
            time.sleep(0.2)
        killer.stop.set()
        for thread in threads:
            thread.join()
        seconds = time.monotonic() - began
        found = list(problems(place, plan, watcher))
        with place.scope() as session:
            verdicts = Counter(
                f"{one.status.value} {one.verdict or ''}".strip() for one in session.scalars(select(Run))
            )
            attempts = Counter(session.scalars(select(Run.attempt)))
            looks = session.scalar(select(func.sum(Job.fence)).where(Job.stage == Stage.REPRODUCE)) or 0
        return {
            "submissions": plan.submissions,
            "machines": plan.machines,
            "runs": sum(verdicts.values()),
            "verdicts": dict(verdicts),
            "attempts": {str(key): count for key, count in sorted(attempts.items())},
            "executions": sum(line[0] == "begin" for path in place.executing.values() for line in executions(path)),
            "kills": dict(killer.killed) | {"all": killer.killed.total()},
            "looks": int(looks),
            "seconds": round(seconds),
            "budget": {"limit": limit, "most reserved and spent": watcher.most, "looked at": watcher.looks},
            "problems": found,
        }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    usual = Plan()
    for name in ("submissions", "kills", "machines", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(usual, name))
    parser.add_argument("--keep", type=Path, help="folder for logs and contents, kept afterwards")
    options = vars(parser.parse_args())
    keep = options.pop("keep")
    with tempfile.TemporaryDirectory() as name:
        folder = keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        summary = run(Plan(**options), folder)
    print(json.dumps(summary, indent=1))
    raise SystemExit(1 if summary["problems"] else 0)


if __name__ == "__main__":
    main()
