"""The sandbox of this machine and small jobs for it."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from evaluator.execution import Executor, Job, Limits, UnavailableError
from evaluator.sandbox import executor

MEGABYTE = 1 << 20
ROOT = Path(__file__).parents[2]
STRANGER = 61_777


@functools.cache
def _found() -> Executor | str:
    try:
        made = executor()
    except UnavailableError as error:
        return str(error)
    with tempfile.TemporaryDirectory() as folder:
        ended = made.execute(job(("true",), Path(folder)))
    return made if ended.ok else ended.detail or ended.text


def sandbox() -> Executor:
    """The executor; tests are skipped where a machine has no working one, and say what it lacks."""
    found = _found()
    if isinstance(found, str):
        pytest.skip(f"no sandbox works here: {found}")
    return found


def job(argv: Sequence[str], work: Path, **limits: float) -> Job:
    """A job with small limits."""
    bounds = {"wall_seconds": 30.0, "memory_bytes": 256 * MEGABYTE, **limits}
    return Job(tuple(argv), work, Limits(**bounds))  # type: ignore[arg-type] # limits of either kind


def python(source: str, work: Path, **limits: float) -> Job:
    """The same for a program of a few lines."""
    return job(("python3", "-S", "-c", source), work, **limits)


def as_stranger(*arguments: str, before: str = "true") -> subprocess.CompletedProcess[str]:
    """Run our Python as an ordinary user, to whom the interpreter is shown where it lies in a private home."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    home = Path(sys.base_prefix).parts[1]
    script = f"""set -eu
        aside=$(mktemp -d); mount -t tmpfs -o mode=755 none "$aside"; mkdir "$aside/python"
        mount --rbind "{sys.base_prefix}" "$aside/python"
        case "{sys.base_prefix}" in /root/*)
            mount -t tmpfs -o mode=755 none /{home}; mkdir -p "{sys.base_prefix}"
            mount --rbind "$aside/python" "{sys.base_prefix}";;
        esac
        {before}
        cd "{ROOT}"
        exec setpriv --reuid={STRANGER} --regid={STRANGER} --clear-groups -- \
            env -i PATH=/usr/bin:/bin HOME=/tmp PYTHONDONTWRITEBYTECODE=1 "$@" """
    command = ["unshare", "--mount", "--propagation", "private", "--", "/bin/sh", "-c", script, "sh", sys.executable]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=120, check=False)
