from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from evaluator.execution import Reason, UnavailableError
from evaluator.sandbox import executor
from evaluator.sandbox.container import Container
from tests.evaluator.sandboxes import job

ENGINE = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/calls"
case "$1" in
    version) echo 27.0;;
    info) echo '{"runc":{},"runsc":{}}';;
    image) [ "$3" = fairway ] || { echo "No such image: $3" >&2; exit 1; };;
    run) echo ran; exit %d;;
esac
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for docker that writes down what it was asked."""
    folder = tmp_path / "bin"
    folder.mkdir()
    _write(folder / "docker", 7)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def _write(path: Path, code: int) -> None:
    path.write_text(ENGINE % code)
    path.chmod(0o755)


def test_the_command_line_gives_nothing_but_what_the_job_names(tmp_path: Path) -> None:
    given = tmp_path / "shards"
    ordered = replace(
        job(("python", "train.py"), tmp_path, memory_bytes=1 << 30, processes=99),
        read_only={"/data": given},
        environment={"SEED": "1"},
    )
    words = Container("docker", "27.0", "fairway", "runsc").command(ordered, "fairway-1")
    for word in (
        "--network=none",
        "--read-only",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--pull=never",
        f"--memory={1 << 30}",
        f"--memory-swap={1 << 30}",
        "--pids-limit=99",
        "--runtime=runsc",
        f"type=bind,source={given},target=/data,readonly",
        "SEED=1",
    ):
        assert word in words
    assert words[-3:] == ["fairway", "python", "train.py"]
    assert not {"--privileged", "--gpus", "--volume"} & set(words)
    assert "--user=0:0" not in words


def test_gpus_are_asked_for_as_each_engine_calls_them(tmp_path: Path) -> None:
    ordered = replace(job(("true",), tmp_path), gpus=(0, 3))
    assert '"device=0,3"' in Container("docker", "27.0", "fairway").command(ordered, "a")
    assert "--device=nvidia.com/gpu=3" in Container("podman", "5.0", "fairway").command(ordered, "a")


def test_a_job_runs_and_the_container_is_removed_afterwards(engine: Path, tmp_path: Path) -> None:
    made = executor("docker", image="fairway", runtime="runsc")
    assert made.name == "docker 27.0 + runsc (fairway)"
    ended = made.execute(job(("true",), tmp_path))
    assert (ended.reason, ended.exit_code, ended.text) == (Reason.EXITED, 7, "ran\n")
    assert (engine / "calls").read_text().splitlines()[-1].startswith("rm --force fairway-")


def test_an_engine_that_cannot_start_it_is_our_fault(engine: Path, tmp_path: Path) -> None:
    made = executor("docker", image="fairway")
    _write(engine / "docker", 125)
    ended = made.execute(job(("true",), tmp_path))
    assert ended.reason is Reason.INFRASTRUCTURE
    assert "could not start the container" in ended.detail


def test_what_is_missing_is_named(engine: Path) -> None:
    with pytest.raises(UnavailableError, match="FAIRWAY_SANDBOX_IMAGE"):
        executor("docker")
    with pytest.raises(UnavailableError, match="No such image: other"):
        executor("docker", image="other")
    with pytest.raises(UnavailableError, match="knows no runtime 'kata'"):
        executor("docker", image="fairway", runtime="kata")


def test_an_engine_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnavailableError, match="podman is not installed"):
        executor("podman", image="fairway")


def test_a_path_that_would_be_more_than_a_field_is_refused(tmp_path: Path) -> None:
    work = tmp_path / "a,readonly=false"
    work.mkdir()
    with pytest.raises(OSError, match="comma"):
        Container("docker", "27.0", "fairway").command(job(("true",), work), "a")
