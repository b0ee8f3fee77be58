"""Screening costs at most the time and memory that it was given, and takes nobody with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.pipeline import running
from tests.processes import wait_until
from tests.standin import stand_in
from tests.worker.screens import (
    ANSWER,
    SOME_SECONDS,
    broken,
    deadly,
    endless,
    hungry,
    quick,
    request,
    settings,
    stubborn,
    stubborn_once,
)
from worker.screener import Isolated, screen_guarded
from worker.screening import Screen, ScreeningError
from worker.settings import Settings
from worker.store.models import Stage, SubmissionRow


@contextmanager
def isolated(screen: Screen, seconds: float = 30.0) -> Iterator[Isolated]:
    made = Isolated(settings(seconds), screen)
    try:
        yield made
    finally:
        made.close()


def test_a_guarded_screening_answers() -> None:
    assert screen_guarded(settings(), quick)(request()) == ANSWER


@pytest.mark.parametrize("screen", [endless, stubborn, stubborn_once])
def test_the_alarm_ends_a_screening_whatever_catches_exceptions_on_the_way(screen: Screen) -> None:
    with pytest.raises(ScreeningError, match=r"took longer than 0\.3 s"):
        screen_guarded(settings(), screen)(request())


@pytest.mark.parametrize("screen", [quick, endless, broken])
def test_no_alarm_rings_afterwards(screen: Screen) -> None:
    before = signal.getsignal(signal.SIGALRM)
    with suppress(ScreeningError, ZeroDivisionError):
        screen_guarded(settings(), screen)(request())
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


def test_a_fault_of_ours_is_none_of_the_submission() -> None:
    with pytest.raises(ZeroDivisionError):
        screen_guarded(settings(), broken)(request())


def test_a_child_of_a_worker_that_needs_too_much_memory_says_so() -> None:
    code = (
        "from tests.worker import screens as here\n"
        "from worker.screener import limit_memory, screen_guarded\n"
        "from worker.screening import ScreeningError\n"
        "limit_memory(here.SOME_BYTES)\n"
        "try: screen_guarded(here.settings(60), here.hungry)(here.request())\n"
        "except ScreeningError as error: print(error)\n"
        "print(screen_guarded(here.settings(), here.quick)(here.request()) == here.ANSWER)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.splitlines() == ["screening needed more than 268,435,456 bytes of memory", "True"], done.stderr


def test_an_isolated_screening_answers() -> None:
    with isolated(quick) as screen:
        assert screen(request()) == ANSWER


def test_an_isolated_screening_is_ended_after_its_time_and_the_next_one_has_a_new_process() -> None:
    with isolated(endless, SOME_SECONDS) as screen:
        for _ in range(2):
            with pytest.raises(ScreeningError, match="took longer"):
                screen(request())


@pytest.mark.parametrize(("screen", "reason"), [(hungry, "more than 268,435,456 bytes"), (deadly, "ended by itself")])
def test_what_happens_in_the_process_of_an_isolated_screening_stays_there(screen: Screen, reason: str) -> None:
    with isolated(screen) as isolation, pytest.raises(ScreeningError, match=reason):
        isolation(request())


def test_the_process_ends_with_its_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import sys, time\n"
        "from tests.worker import screens as here\n"
        "from worker.screener import Isolated\n"
        "if __name__ == '__main__':\n"
        "    Isolated(here.settings()).warm_up()\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(600)\n"
    )
    variables = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, env=variables)
    assert parent.stdout is not None
    try:
        assert parent.stdout.readline() == b"ready\n"
        children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text("ascii").split()
        assert children
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
    wait_until(lambda: not any(alive(int(child)) for child in children), "its children have ended")


def alive(pid: int) -> bool:
    """A zombie that nobody waits for is none."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_real_submission_goes_there_and_back(tmp_path: Path) -> None:
    with stand_in(tmp_path) as github, isolated_for_real() as screen:
        folder = "records/track_10min_16mb/2026-04-10_Sample"
        change = github.pull_request({f"{folder}/train_gpt.py": b"import torch\n", f"{folder}/README.md": b"# Hi\n"})
        with running(f"sqlite:///{tmp_path / 'fairway.db'}", github, tmp_path, screen=screen) as pipeline:
            pipeline.know(github)
            pipeline.ask(Stage.FETCH, f"{github.repository.id}#{change.number}").drain()
            with pipeline.context.scope() as session:
                row = session.query(SubmissionRow).one()
            assert row.report
            assert row.entry is not None
            assert row.entry["number"] == change.number


@contextmanager
def isolated_for_real() -> Iterator[Isolated]:
    made = Isolated(Settings())
    try:
        yield made
    finally:
        made.close()
