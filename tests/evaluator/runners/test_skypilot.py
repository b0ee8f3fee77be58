from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TextIO

import pytest

from evaluator.evidence import RunVerdict
from evaluator.runners import Progress, RunnerError, State
from evaluator.runners.pod import PROGRESS, lines_of, unpacked
from evaluator.runners.records import not_run
from evaluator.runners.skypilot import CloudSettings, SkyPilotRunner, settings_from
from tests.evaluator.scripts import HONEST, Files, request


class Status(Enum):
    """As SkyPilot's statuses of managed jobs are."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    RECOVERING = "RECOVERING"
    SUCCEEDED = "SUCCEEDED"
    FAILED_SETUP = "FAILED_SETUP"
    CANCELLED = "CANCELLED"


@dataclass
class Ordered:
    name: str
    setup: str | None
    run: str
    envs: Mapping[str, str]
    num_nodes: int
    mounts: Mapping[str, str] = field(default_factory=dict)
    resources: Any = None

    def set_file_mounts(self, mounts: Mapping[str, str]) -> None:
        self.mounts = mounts

    def set_resources(self, resources: Any) -> None:
        self.resources = resources


@dataclass
class Sky:
    """A module of SkyPilot's shape with the state of one account: calls give request ids, `get` their results."""

    records: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[Ordered] = field(default_factory=list)
    log: str = ""
    results: dict[str, Any] = field(default_factory=dict)
    down: bool = False
    Task = Ordered
    Resources = staticmethod(lambda **chosen: chosen)

    @property
    def jobs(self) -> Sky:
        return self

    def get(self, request_id: str) -> Any:
        return self.results.pop(request_id)

    def launch(self, task: Ordered, name: str) -> str:
        self.tasks.append(task)
        self.records.append({"job_id": len(self.tasks), "job_name": name, "status": Status.PENDING})
        return self._result(([len(self.tasks)], None))

    def queue_v2(self, *, refresh: bool, skip_finished: bool, fields: list[str]) -> str:
        if self.down:
            raise ConnectionError("no API server")
        return self._result(([SimpleNamespace(model_dump=lambda r=r: r) for r in self.records], 1, {}, 1))

    def cancel(self, *, job_ids: list[int]) -> str:
        for record in self.records:
            if record["job_id"] in job_ids:
                record["status"] = Status.CANCELLED
        return self._result(None)

    def tail_logs(self, *, name: str, follow: bool, tail: int | None, output_stream: TextIO) -> None:
        assert not follow
        output_stream.write("\n".join(f"(run, pid=7) {line}" for line in self.log.splitlines()))

    def _result(self, value: Any) -> str:
        name = f"request-{len(self.results)}-{len(self.tasks)}"
        self.results[name] = value
        return name


@pytest.fixture
def sky() -> Sky:
    return Sky()


@pytest.fixture
def runner(sky: Sky, tmp_path: Path) -> SkyPilotRunner:
    return SkyPilotRunner(CloudSettings(image="docker:fairway", folder=tmp_path / "orders"), lambda: sky)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "contents", {"train_gpt.py": HONEST})


def test_a_managed_job_with_recovery_off_and_the_order_mounted(
    runner: SkyPilotRunner, sky: Sky, files: Files, tmp_path: Path
) -> None:
    runner.start(request(files, gpus=8), files)
    (task,) = sky.tasks
    assert task.resources["accelerators"] == "H100:8"
    assert task.resources["job_recovery"] == "none"
    assert "timeout --kill-after=30 16m python -m evaluator.runners.pod skypilot" in task.run
    (source,) = task.mounts.values()
    sent, _ = unpacked(Path(source).read_bytes(), tmp_path)
    assert sent.id == "run-1"


def test_starting_the_same_request_again_is_the_same_run(runner: SkyPilotRunner, sky: Sky, files: Files) -> None:
    assert runner.start(request(files), files) == runner.start(request(files), files)
    assert len(sky.tasks) == 1


def test_progress_and_record_come_out_of_the_log(runner: SkyPilotRunner, sky: Sky, files: Files) -> None:
    handle = runner.start(request(files), files)
    assert runner.progress(handle).state is State.WAITING
    sky.records[0]["status"] = Status.RUNNING
    told = Progress(State.RUNNING, "train", step=3)
    sky.log = PROGRESS + json.dumps(asdict(told))
    assert runner.progress(handle) == told
    with pytest.raises(RunnerError, match="has not ended"):
        runner.evidence(handle)
    record = replace(not_run({}, "skypilot", "", infrastructure=False), verdict=RunVerdict.REPRODUCED)
    sky.records[0]["status"] = Status.SUCCEEDED
    sky.log = "\n".join(lines_of(record))
    assert runner.progress(handle).state is State.ENDED
    assert runner.evidence(handle) == record


@pytest.mark.parametrize("change", [{"status": Status.RECOVERING}, {"status": Status.RUNNING, "recovery_count": 1}])
def test_a_preempted_run_is_ended_and_never_run_again(
    runner: SkyPilotRunner, sky: Sky, files: Files, change: dict[str, Any]
) -> None:
    handle = runner.start(request(files), files)
    sky.records[0].update(change)
    assert runner.progress(handle).state is State.ENDED
    assert sky.records[0]["status"] is Status.CANCELLED


def test_a_preempted_run_is_an_infrastructure_fault(runner: SkyPilotRunner, sky: Sky, files: Files) -> None:
    handle = runner.start(request(files), files)
    sky.records[0].update(status=Status.RUNNING, recovery_count=1)
    found = runner.evidence(handle)
    assert found.infrastructure
    assert found.reason.startswith("preempted")


def test_a_machine_that_could_not_be_set_up_is_an_infrastructure_fault(
    runner: SkyPilotRunner, sky: Sky, files: Files
) -> None:
    handle = runner.start(request(files), files)
    sky.records[0].update(status=Status.FAILED_SETUP, failure_reason="no such image")
    found = runner.evidence(handle)
    assert found.infrastructure
    assert found.reason == "FAILED_SETUP: no such image"


def test_a_cancelled_run_says_so(runner: SkyPilotRunner, files: Files) -> None:
    handle = runner.start(request(files), files)
    runner.cancel(handle)
    found = runner.evidence(handle)
    assert (found.reason, found.infrastructure) == ("cancelled", False)


def test_what_is_forgotten_is_lost(runner: SkyPilotRunner, files: Files) -> None:
    handle = runner.start(request(files), files)
    runner.forget(handle)
    assert runner.progress(handle).state is State.LOST


def test_an_api_server_that_is_away_is_a_runner_error(runner: SkyPilotRunner, sky: Sky, files: Files) -> None:
    sky.down = True
    with pytest.raises(RunnerError, match="no API server"):
        runner.start(request(files), files)


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(RunnerError, match="FAIRWAY_SKYPILOT_IMAGE or FAIRWAY_SKYPILOT_SETUP"):
        settings_from({})
