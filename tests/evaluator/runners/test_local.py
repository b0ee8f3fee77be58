from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from evaluator.evidence import Evidence, RunVerdict
from evaluator.request import RunRequest
from evaluator.runners import RunnerError, State
from evaluator.runners.chosen import runner_of
from evaluator.runners.local import LocalRunner
from tests.evaluator.sandboxes import ROOT, sandbox
from tests.evaluator.scripts import HONEST, SCORED, Files, data_folder, request

SLEEPER = "import time\nprint('step:1/9 train_loss:2.5', flush=True)\ntime.sleep(120)\n"
WAIT_SECONDS = 60.0


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[LocalRunner]:
    sandbox()
    made = LocalRunner(data_folder(tmp_path), tmp_path / "runs", lease_seconds=60)
    yield made
    for folder in (tmp_path / "runs").glob("*/"):
        made.cancel(folder.name)
        until(partial(_over, made, folder.name))


def _over(runner: LocalRunner, handle: str) -> bool:
    return runner.progress(handle).state in (State.ENDED, State.LOST)


def ordered(tmp_path: Path, script: str, **changes: Any) -> tuple[RunRequest, Files]:
    files = Files(tmp_path / "contents", {"train_gpt.py": script})
    return request(files, **changes), files


def until(holds: Callable[[], object], seconds: float = WAIT_SECONDS) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to that in time"
        time.sleep(0.05)


def ended(runner: LocalRunner, handle: str) -> Evidence:
    until(lambda: runner.progress(handle).state is State.ENDED)
    return runner.evidence(handle)


def test_a_run_ends_with_its_evidence(runner: LocalRunner, tmp_path: Path) -> None:
    handle = runner.start(*ordered(tmp_path, HONEST + SCORED))
    record = ended(runner, handle)
    assert record.verdict is RunVerdict.REPRODUCED, record.reason
    assert record.request["id"] == "run-1"
    runner.forget(handle)
    assert runner.progress(handle).state is State.LOST


def test_starting_the_same_request_again_is_the_same_run(runner: LocalRunner, tmp_path: Path) -> None:
    wanted, files = ordered(tmp_path, SLEEPER)
    handle = runner.start(wanted, files)
    until(lambda: runner.progress(handle).step == 1)
    begun = (runner.folder / handle / "begun").read_text()
    assert runner.start(wanted, files) == handle
    assert (runner.folder / handle / "begun").read_text() == begun


def test_progress_is_seen_while_it_runs_and_a_cancelled_run_says_so(runner: LocalRunner, tmp_path: Path) -> None:
    handle = runner.start(*ordered(tmp_path, SLEEPER))
    until(lambda: runner.progress(handle).step == 1)
    assert runner.progress(handle).loss == 2.5
    with pytest.raises(RunnerError, match="has not ended"):
        runner.forget(handle)
    runner.cancel(handle)
    record = ended(runner, handle)
    assert (record.verdict, record.reason, record.infrastructure) == (RunVerdict.NOT_RUN, "cancelled", False)
    until(lambda: not _living(runner.folder))


def test_a_run_outlives_whoever_started_it(runner: LocalRunner, tmp_path: Path) -> None:
    program = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from evaluator.runners.local import LocalRunner\n"
        "from tests.evaluator.runners.test_local import ordered, HONEST, SCORED\n"
        f"root = Path({str(tmp_path)!r})\n"
        "runner = LocalRunner(root / 'data', root / 'runs')\n"
        "print(runner.start(*ordered(root, HONEST + SCORED)), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert ended(runner, done.stdout.strip()).verdict is RunVerdict.REPRODUCED


def test_a_run_that_nobody_asks_for_ends_itself_with_all_its_processes(runner: LocalRunner, tmp_path: Path) -> None:
    handle = replace(runner, lease_seconds=2.0).start(*ordered(tmp_path, SLEEPER))
    until(lambda: (runner.folder / handle / "evidence.json").exists())
    record = runner.evidence(handle)
    assert record.verdict is RunVerdict.NOT_RUN
    assert record.infrastructure
    assert "nobody asked" in record.reason
    until(lambda: not _living(runner.folder))


def test_a_killed_supervisor_leaves_no_process_and_its_run_is_lost(runner: LocalRunner, tmp_path: Path) -> None:
    mark = f"mark-{os.getpid()}-{time.monotonic_ns()}"
    handle = runner.start(*ordered(tmp_path, SLEEPER, command=("python", "train_gpt.py", mark)))
    until(lambda: runner.progress(handle).step == 1)
    assert _jobs(mark)
    os.kill(int((runner.folder / handle / "begun").read_text()), signal.SIGKILL)
    until(lambda: runner.progress(handle).state is State.LOST)
    until(lambda: not _jobs(mark))
    runner.cancel(handle)
    assert runner.evidence(handle).reason == "cancelled"


def test_one_run_at_a_time_the_next_one_waits(runner: LocalRunner, tmp_path: Path) -> None:
    first = runner.start(*ordered(tmp_path, SLEEPER))
    until(lambda: runner.progress(first).step == 1)
    second = runner.start(*ordered(tmp_path, HONEST + SCORED, id="run-2"))
    until(lambda: "waiting for the machine" in runner.progress(second).phase)
    runner.cancel(first)
    assert ended(runner, second).verdict is RunVerdict.REPRODUCED


def test_a_supervisor_holds_no_secret_of_ours(
    runner: LocalRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRWAY_PRIVATE_KEY", "not-for-the-runner")
    handle = runner.start(*ordered(tmp_path, SLEEPER))
    until(lambda: runner.progress(handle).step == 1)
    pid = (runner.folder / handle / "begun").read_text()
    assert b"not-for-the-runner" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_a_record_that_was_changed_is_not_believed(runner: LocalRunner, tmp_path: Path) -> None:
    handle = runner.start(*ordered(tmp_path, "raise SystemExit(1)"))
    ended(runner, handle)
    path = runner.folder / handle / "evidence.json"
    path.write_text(path.read_text().replace('"failed"', '"reproduced"'))
    with pytest.raises(RunnerError, match="digest"):
        runner.evidence(handle)


def test_a_record_that_is_a_link_is_not_followed(runner: LocalRunner, tmp_path: Path) -> None:
    handle = runner.start(*ordered(tmp_path, "raise SystemExit(1)"))
    ended(runner, handle)
    path = runner.folder / handle / "evidence.json"
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(RunnerError, match="no record"):
        runner.evidence(handle)


def test_a_file_that_is_missing_stops_the_start(runner: LocalRunner, tmp_path: Path) -> None:
    wanted, files = ordered(tmp_path, SLEEPER)
    (tmp_path / "contents" / files.listed[0].sha256).unlink()
    with pytest.raises(RunnerError, match="not at hand"):
        runner.start(wanted, files)
    assert not list(runner.folder.glob("*"))


@pytest.mark.parametrize("handle", ["../data", "a/b", ""])
def test_a_handle_leads_nowhere_else(runner: LocalRunner, handle: str) -> None:
    with pytest.raises(RunnerError, match="is no run of this runner"):
        runner.progress(handle)


@dataclass(frozen=True)
class Deployment:
    data_folder: Path | None
    runs_folder: Path
    run_silence_seconds: float = 30.0


def test_a_runner_is_made_by_its_name(tmp_path: Path) -> None:
    sandbox()
    made = runner_of("local", Deployment(tmp_path, tmp_path / "runs"))
    assert made.name == "local"
    assert isinstance(made, LocalRunner)
    assert made.lease_seconds == 30.0


def test_what_a_runner_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunnerError, match="FAIRWAY_DATA_FOLDER"):
        runner_of("local", Deployment(None, tmp_path))
    monkeypatch.setenv("FAIRWAY_SANDBOX", "hope")
    with pytest.raises(RunnerError, match="no mechanism 'hope'"):
        runner_of("local", Deployment(tmp_path, tmp_path))
    with pytest.raises(RunnerError, match="no runner 'moon'"):
        runner_of("moon", None)


def _jobs(mark: str) -> set[str]:
    """Numbers of processes that carry a mark, sandboxed ones and what is around them."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if mark.encode() in words:
            found.add(path.parent.name)
    return found


def _living(folder: Path) -> list[int]:
    """Supervisors of runs of this folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue
        if b"evaluator.runners.supervise" in line and os.fsencode(folder) in line:
            found.append(int(path.parent.name))
    return found
