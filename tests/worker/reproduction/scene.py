"""Submissions whose files are in the content store, a competition that runs them, and looks at their runs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from rules.submission import BaseKind
from rules.verdict import Verdict
from tests.plain_runner import PlainRunner
from tests.worker import rows
from tests.worker.bare import Bare, bare
from worker import pipeline, rulings
from worker.clients.snapshot import Snapshot, SnapshotFile
from worker.content import ContentStore, blob_id
from worker.reproduction import reaping, waiting
from worker.rulings import Person
from worker.stages import functions
from worker.store import submissions
from worker.store.models import Budget, FindingRow, Job, PullRequestRow, Run, RunStatus, Stage, SubmissionRow
from worker.store.session import SessionScope

FOLDER = "records/track_10min_16mb/mine"
OLGA = Person("olga", 7, "comment")
MACHINE = "gpu-1"
SCORE = 1.05
STEPS = """
import time
for step in range(1, 4):
    print(f"step:{step}/3 train_loss:{3.0 / step:.3f}", flush=True)
    time.sleep(PAUSE)
print("val_bpb:1.05")
"""
FULLY = "import os, time\nif os.environ['RUNG'] == 'full': THEN\n"
SCRIPTS = {
    "fine": STEPS.replace("PAUSE", "0.01"),
    "slow": STEPS.replace("PAUSE", "0.4"),
    "crashes": "print('step:1/3 train_loss:3.0')\nraise SystemExit('no such tensor')\n",
    "hangs": "import time\nprint('step:1/3 train_loss:3.0', flush=True)\ntime.sleep(600)\n",
    "differs": "print('val_bpb:1.2')\n",
    "leaks": "print('leak')\n",
    "crashes fully": FULLY.replace("THEN", "raise SystemExit(3)") + STEPS.replace("PAUSE", "0.2"),
    "hangs fully": FULLY.replace("THEN", "time.sleep(600)") + STEPS.replace("PAUSE", "0.2"),
    "record": "import os\nprint(f'val_bpb:{1.10 + int(os.environ[\"SEED\"]) % 7 / 10_000}')\n",
    "gains": "import os\nprint(f'val_bpb:{1.05 + int(os.environ[\"SEED\"]) % 5 / 10_000}')\n",
    "gains little": "import os\nprint(f'val_bpb:{1.098 + int(os.environ[\"SEED\"]) % 5 / 10_000}')\n",
    "crashes later": "import os\nif os.environ['RUNG'] != 'smoke': raise SystemExit(3)\n",
}
POLICY: Mapping[str, Any] = {
    "runner": "local",
    "automatic": "none",
    "command": ["python", "{script}"],
    "tolerance": 0.001,
    "gpus": 1,
    "smoke_seconds": 30.0,
    "probe_seconds": 30.0,
    "setup_seconds": 0.0,
}
BUDGET: Mapping[str, Any] = {
    "minutes_per_day": 100_000.0,
    "minutes_per_author": 100_000.0,
    "minutes_per_submission": 100_000.0,
    "cost_per_hour": 3.6,
    "cost_per_day": 10_000.0,
}


def competition(folder: Path, budget: Mapping[str, Any] = BUDGET, more: str = "", **policy: Any) -> Path:
    """A competition's file: the shipped one with a `[reproduction]` of its own, short limits, and `more` tables."""
    lines = ['extends = "parameter-golf"', "[limits]", "train_seconds = 30.0", "eval_seconds = 30.0", "[reproduction]"]
    lines += [f"{name} = {_toml(value)}" for name, value in {**POLICY, **policy}.items()]
    lines += ["[reproduction.budget]", *(f"{name} = {_toml(value)}" for name, value in {**BUDGET, **budget}.items())]
    lines.append(more)
    path = folder / "competition.toml"
    path.write_text("\n".join(lines), "utf-8")
    return path


def add(
    scope: SessionScope,
    content: ContentStore,
    number: int,
    script: str = "fine",
    *,
    verdict: Verdict = Verdict.NEEDS_REVIEW,
    **more: Any,
) -> UUID:
    """A judged pull request with one script, of the kind that its name says."""
    data = f"# {number}\n{SCRIPTS[script]}".encode()
    content_id = blob_id(data, "0" * 40)
    content.put(content_id, data)
    entry = SnapshotFile(f"{FOLDER}/train_gpt.py", 0o100644, len(data), content_id)
    with scope() as session:
        submission_id = rows.add_submission(session, number, verdict, author_id=number % 4 + 1, **more)
        row = session.get_one(SubmissionRow, submission_id)
        row.head_sha = session.get_one(PullRequestRow, row.pull_request_id).head_sha = f"{number:040x}"
        row.snapshot = Snapshot(row.head_sha, BaseKind.NONE, None, FOLDER, entries=(entry,)).as_json()
        row.entry = {"track": "record", "measurements": {"val_bpb": SCORE}, "findings": []}
        return submission_id


@dataclass(slots=True)
class Scene:
    """A machine, and what is on it."""

    machine: Bare
    runner: PlainRunner
    folder: Path

    @property
    def scope(self) -> SessionScope:
        """Transactions."""
        return self.machine.context.scope

    def add(self, number: int = 12, script: str = "fine", **more: Any) -> UUID:
        """A judged submission."""
        return add(self.scope, self.machine.context.content, number, script, **more)

    def ask(self, submission_id: UUID, rung: str = "smoke", *, wished: bool = False, by: Person = OLGA) -> bool:
        """Ask for a run."""
        with self.scope() as session:
            row = rows.loaded(session, submission_id)
            return rulings.request_reproduction(session, row, rung, by, wished=wished).new

    def look(self, run: Run) -> None:
        """Look once at a run, whenever it is due."""
        job = self.machine.job(Stage.REPRODUCE, str(run.id))
        self.machine.hurry(job.id)
        pipeline.work(self.machine.context, job.id)

    def go_on(self, seconds: float = 30.0) -> None:
        """Look at all runs until nothing is left to do, or whatever is left waits."""
        until = time.monotonic() + seconds
        while busy := self.step():
            assert time.monotonic() < until, [(run.rung, run.status, run.reason) for run in busy]
            time.sleep(0.02)

    def step(self) -> list[Run]:
        """Look once at each run that does not wait for something; which those were."""
        busy = [run for run in self.runs() if self._is_pending(run) and run.waits_for in (None, waiting.BUSY)]
        for run in busy:
            self.look(run)
        return busy

    def runs(self, rung: str | None = None) -> list[Run]:
        """All attempts in the order in which they were asked for."""
        with self.scope() as session:
            found = session.scalars(select(Run).order_by(Run.requested_at, Run.attempt))
            return [run for run in found if rung in (None, run.rung)]

    def run(self, rung: str = "smoke") -> Run:
        """The newest attempt at a step."""
        return self.runs(rung)[-1]

    def told(self) -> list[tuple[str, str, str | None]]:
        """Step, status and verdict of every attempt."""
        return [(run.rung, run.status.value, run.verdict) for run in self.runs()]

    def findings(self, submission_id: UUID) -> list[FindingRow]:
        """What the runs found."""
        with self.scope() as session:
            row = submissions.load(session, submission_id)
            assert row is not None
            return [finding for finding in row.findings if finding.source.value == "run"]

    def budgets(self) -> dict[str, tuple[int, int]]:
        """Account → seconds reserved and spent."""
        with self.scope() as session:
            found = session.scalars(select(Budget))
            return {one.account: (one.reserved_seconds, one.spent_seconds) for one in found}

    def executions(self) -> list[list[Any]]:
        """What the runner really did."""
        return executions(self.folder / "runs")

    def reap(self, seconds: float = 0.0) -> int:
        """Give up what nobody looked at for so long."""
        return reaping.reap(self.scope, seconds)

    def move(self, submission_id: UUID) -> UUID:
        """A newer commit."""
        with self.scope() as session:
            return rows.move(session, submission_id)

    def _is_pending(self, run: Run) -> bool:
        with self.scope() as session:
            asked = select(Job.id).where(Job.stage == Stage.REPRODUCE, Job.subject == str(run.id), Job.pending)
            return session.scalars(asked.where(Job.quarantined_at.is_(None))).first() is not None

    def first(self, status: RunStatus) -> Run:
        """A run that stands there."""
        return next(run for run in self.runs() if run.status is status)


@contextmanager
def scene(url: str, folder: Path, *, machine: str = MACHINE, known: bool = False, **policy: Any) -> Iterator[Scene]:
    """A machine with a runner on a database; `policy` is the competition's, `budget` a table of it."""
    pause_seconds = policy.pop("pause_seconds", 0.0)
    folder_of_data = policy.pop("data_folder", None)
    runner = policy.pop("runner_setting", "tests.plain_runner:make")
    file = competition(folder, **policy)
    settings: dict[str, Any] = {"competition": str(file), "machine": machine, "poll_seconds": 0.02}
    settings |= {"runner": runner, "data_folder": folder_of_data, "runs_folder": folder / "runs"}
    settings["run_pause_seconds"] = pause_seconds
    with bare(url, folder, functions(), **settings) as made:
        if not known:
            with made.context.scope() as session:
                rows.add_repository(session)
        yield Scene(made, PlainRunner(folder / "runs"), folder)


def executions(folder: Path) -> list[list[Any]]:
    """The lines of the runners' own diary."""
    import json

    diary = folder / "executions"
    return [json.loads(line) for line in diary.read_text("utf-8").splitlines()] if diary.exists() else []


def _toml(value: Any) -> str:
    import json

    return json.dumps(value)
