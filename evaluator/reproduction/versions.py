"""With what a run was made: driver, libraries of the submission's interpreter, executor, GPUs."""

from __future__ import annotations

import functools
import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from evaluator.execution import Executor

LIBRARIES = ("torch", "triton", "numpy", "sentencepiece", "flash-attn", "zstandard", "brotli")
DRIVER = Path("/proc/driver/nvidia/version")
SECONDS = 20
_ASKED = """
import importlib.metadata, json, platform, sys
found = {"python": platform.python_version()}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


def versions(executor: Executor, python: Path | None = None) -> dict[str, str]:
    """Names and versions of all that a result may depend on."""
    found = {"executor": executor.name, "kernel": platform.release(), "machine": platform.machine()}
    found |= _libraries(python or Path(sys.executable))
    if DRIVER.exists():
        found["nvidia driver"] = DRIVER.read_text(errors="replace").partition("\n")[0].partition(":")[2].strip()
    return found


def devices(gpus: int) -> tuple[str, ...]:
    """Names and ids of the GPUs that a run gets, as the driver tells."""
    if not gpus or shutil.which("nvidia-smi") is None:
        return ()
    command = [
        "nvidia-smi",
        "--query-gpu=name,uuid",
        "--format=csv,noheader",
        f"--id={','.join(map(str, range(gpus)))}",
    ]
    return tuple(line.strip() for line in _told(command).splitlines() if line.strip())


@functools.cache
def _libraries(python: Path) -> dict[str, str]:
    told = _told([str(python), "-I", "-c", _ASKED, *LIBRARIES])
    try:
        found: dict[str, str] = json.loads(told)
    except ValueError:
        return {}
    return found


def _told(command: list[str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - words of ours
            command, capture_output=True, text=True, timeout=SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
