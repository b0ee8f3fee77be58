"""Where something untrusted may be executed: `executor` finds the mechanism of this machine.

bubblewrap with seccomp and control groups is the default. What works is told by the self-test (`doctor`), which tries
to break out; nothing is downgraded in silence.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluator.execution import Executor, UnavailableError

MECHANISMS = ("bubblewrap", "docker", "podman")
UID = 64_217  # of jobs on the host where we are root: no account's, no service's


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """What an operator chooses.

    `python` is the interpreter of submissions, with what they import; ours where none is named. `image` and `runtime`
    ("runsc" for gVisor) are those of a container mechanism.
    """

    mechanism: str = MECHANISMS[0]
    python: str = ""
    uid: int = UID
    image: str = ""
    runtime: str = ""

    @property
    def interpreter(self) -> Path:
        """The interpreter's path."""
        return Path(self.python or sys.executable)

    def executor(self) -> Executor:
        """The executor of these settings. Raises UnavailableError."""
        return executor(self.mechanism, python=self.interpreter, uid=self.uid, image=self.image, runtime=self.runtime)


def settings_of(environment: Mapping[str, str]) -> SandboxSettings:
    """Settings from FAIRWAY_SANDBOX, _PYTHON, _UID, _IMAGE and _RUNTIME. Raises UnavailableError for what is none."""
    given = {name: environment.get(f"FAIRWAY_SANDBOX_{name.upper()}", "") for name in ("python", "image", "runtime")}
    uid = environment.get("FAIRWAY_SANDBOX_UID") or str(UID)
    if not uid.isdigit() or not 0 < int(uid) < 1 << 31:
        raise UnavailableError(f"FAIRWAY_SANDBOX_UID: {uid!r} is no number of a user other than root")
    return SandboxSettings(environment.get("FAIRWAY_SANDBOX") or MECHANISMS[0], uid=int(uid), **given)


def executor(
    mechanism: str = MECHANISMS[0], *, python: Path | None = None, uid: int = UID, image: str = "", runtime: str = ""
) -> Executor:
    """The executor of this machine. Raises UnavailableError where it cannot work here, and says what is missing."""
    if mechanism not in MECHANISMS:
        raise UnavailableError(f"FAIRWAY_SANDBOX: there is no mechanism {mechanism!r}; one of {', '.join(MECHANISMS)}")
    if not sys.platform.startswith("linux"):
        raise UnavailableError(f"submissions are executed on Linux only; this is {sys.platform}")
    if mechanism == MECHANISMS[0]:
        from evaluator.sandbox import bubblewrap, groups

        return bubblewrap.make(python=python or Path(sys.executable), uid=uid, groups=groups.find())
    from evaluator.sandbox import container

    return container.make(mechanism, image=image, runtime=runtime)
