from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evaluator.execution import Line, Reason
from evaluator.sandbox import executor
from tests.evaluator.sandboxes import MEGABYTE, ROOT, job, python, sandbox


def test_an_exit_code_and_the_output_come_back(tmp_path: Path) -> None:
    ended = sandbox().execute(job(("sh", "-c", "echo one; echo two >&2; exit 3"), tmp_path))
    assert (ended.reason, ended.exit_code) == (Reason.EXITED, 3)
    assert ended.text == "one\ntwo\n"
    assert [line.text for line in ended.lines] == ["one", "two"]


def test_lines_are_told_as_they_come_with_the_hosts_clock(tmp_path: Path) -> None:
    heard: list[Line] = []
    source = "import time; print('a', flush=True); time.sleep(0.5); print('b')"
    sandbox().execute(python(source, tmp_path), on_line=heard.append)
    first, second = heard
    assert 0.4 < second.seconds - first.seconds < 5


def test_a_signal_of_its_own_is_told(tmp_path: Path) -> None:
    ended = sandbox().execute(job(("sh", "-c", "kill -SEGV $$"), tmp_path))
    assert (ended.reason, ended.exit_code) == (Reason.SIGNALLED, -signal.SIGSEGV)


def test_what_is_missing_inside_is_the_jobs_own_failure(tmp_path: Path) -> None:
    ended = sandbox().execute(job(("no-such-program",), tmp_path))
    assert (ended.reason, ended.exit_code) == (Reason.EXITED, 127)


def test_the_work_folder_carries_files_in_and_out(tmp_path: Path) -> None:
    (tmp_path / "in").write_text("given")
    ended = sandbox().execute(job(("sh", "-c", "cat in > out; pwd"), tmp_path))
    assert ended.text == "/work\n"
    assert (tmp_path / "out").read_text() == "given"


def test_only_the_given_environment_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRWAY_WEBHOOK_SECRET", "not-to-be-seen")
    ended = sandbox().execute(job(("sh", "-c", "env; cat /proc/*/environ /proc/*/cmdline"), tmp_path))
    assert "not-to-be-seen" not in ended.text
    assert "PATH=" in ended.text


def test_inputs_are_read_only(tmp_path: Path) -> None:
    work, given = tmp_path / "work", tmp_path / "given"
    work.mkdir()
    given.write_text("kept")
    given.chmod(0o666)
    ordered = job(("sh", "-c", "cat /in/put; echo spoilt > /in/put"), work)
    ended = sandbox().execute(replace(ordered, read_only={"/in/put": given}))
    assert ended.text.startswith("kept")
    assert ended.exit_code != 0
    assert given.read_text() == "kept"


def test_an_input_that_nobody_may_read_is_our_fault_and_named(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("as an ordinary user jobs are the same user")
    work, given = tmp_path / "work", tmp_path / "given"
    work.mkdir()
    given.write_text("closed")
    given.chmod(0o600)
    ordered = job(("true",), work)
    ended = sandbox().execute(replace(ordered, read_only={"/in/put": given}))
    assert ended.reason is Reason.INFRASTRUCTURE
    assert "chmod o+rX" in ended.detail


def test_a_work_folder_that_is_not_there_is_our_fault(tmp_path: Path) -> None:
    ended = sandbox().execute(job(("true",), tmp_path / "nowhere"))
    assert ended.reason is Reason.INFRASTRUCTURE
    assert "nowhere" in ended.detail


def test_the_wall_kills_within_two_seconds_what_ignores_term(tmp_path: Path) -> None:
    source = "import os, signal, time; signal.signal(15, signal.SIG_IGN); os.fork(); os.fork(); time.sleep(60)"
    began = time.monotonic()
    ended = sandbox().execute(python(source, tmp_path, wall_seconds=0.5))
    assert ended.reason is Reason.WALL
    assert ended.seconds < 0.5 + 2
    assert time.monotonic() - began < 10


def test_what_heeds_term_may_say_goodbye(tmp_path: Path) -> None:
    source = (
        "import signal, sys, time\n"
        "signal.signal(15, lambda *_: (print('goodbye', flush=True), sys.exit()))\n"
        "time.sleep(60)"
    )
    ended = sandbox().execute(python(source, tmp_path, wall_seconds=1.0))
    assert ended.reason is Reason.WALL
    assert "goodbye" in ended.text


def test_a_job_can_be_cancelled(tmp_path: Path) -> None:
    began = time.monotonic()
    ended = sandbox().execute(job(("sleep", "60"), tmp_path), cancelled=lambda: time.monotonic() - began > 0.5)
    assert ended.reason is Reason.CANCELLED
    assert ended.seconds < 3


def test_memory_is_bounded_for_all_processes_together(tmp_path: Path) -> None:
    source = "import os, time\nfor _ in range(4): os.fork()\nheld = bytearray(64 << 20)\ntime.sleep(30)"
    ended = sandbox().execute(python(source, tmp_path))
    assert ended.reason is Reason.MEMORY
    assert "268,435,456" in ended.detail


def test_disk_is_bounded(tmp_path: Path) -> None:
    source = "import time\nfor n in range(50): open(f'f{n}', 'wb').write(bytes(4 << 20))\ntime.sleep(30)"
    ended = sandbox().execute(python(source, tmp_path, work_bytes=16 * MEGABYTE))
    assert ended.reason is Reason.DISK


def test_processes_are_bounded(tmp_path: Path) -> None:
    source = (
        "import os, time\nn = 0\n"
        "try:\n    while True:\n        if not os.fork(): time.sleep(60)\n        n += 1\n"
        "except OSError: print(n)"
    )
    ended = sandbox().execute(python(source, tmp_path, processes=40))
    assert ended.exit_code == 0
    assert int(ended.text) < 40


def test_a_double_forked_child_does_not_outlive_the_job(tmp_path: Path) -> None:
    mark = f"survivor-{os.getpid()}-{time.monotonic_ns()}"
    sandbox().execute(job(("sh", "-c", f"setsid sh -c 'sleep 61; : {mark}' >/dev/null 2>&1 & sleep 0.2"), tmp_path))
    assert not _running(mark)


def test_a_long_log_is_cut_in_its_middle_and_hashed_whole(tmp_path: Path) -> None:
    source = "for n in range(100_000): print(n)"
    ended = sandbox().execute(python(source, tmp_path, log_bytes=10_000))
    assert ended.log_size == sum(len(f"{n}\n") for n in range(100_000))
    assert len(ended.log) < 10_200
    assert ended.text.startswith("0\n1\n")
    assert ended.text.endswith("99999\n")
    assert "are not kept" in ended.text


def test_a_job_dies_with_whoever_follows_it(tmp_path: Path) -> None:
    sandbox()
    mark = f"orphan-{os.getpid()}-{time.monotonic_ns()}"
    program = (
        "from pathlib import Path\nfrom tests.evaluator.sandboxes import job, sandbox\n"
        f"sandbox().execute(job(('sh', '-c', 'sleep 61; : {mark}'), Path({str(tmp_path)!r})))"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT) as follower:
        _until(lambda: _running(mark))
        follower.kill()
    _until(lambda: not _running(mark))


def test_loopback_is_up_and_nothing_else(tmp_path: Path) -> None:
    source = (
        "import socket\ns = socket.create_server(('127.0.0.1', 0))\nsocket.create_connection(s.getsockname()).close()\n"
        "print([name for _, name in socket.if_nameindex()])"
    )
    assert sandbox().execute(python(source, tmp_path)).text == "['lo']\n"


def test_nothing_is_left_on_the_machine(tmp_path: Path) -> None:
    sandbox().execute(job(("true",), tmp_path))
    left = [*Path("/run").glob(f"fairway-{os.getpid()}*"), *Path("/sys/fs/cgroup").glob(f"*/fairway-{os.getpid()}-*")]
    assert not left


def test_an_unknown_mechanism_is_refused_by_name() -> None:
    with pytest.raises(Exception, match="no mechanism 'chroot'"):
        executor("chroot")


def _running(mark: str) -> bool:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if any(mark.encode() in word for word in words) and b"tests.evaluator" not in b" ".join(words):
            return True
    return False


def _until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)
