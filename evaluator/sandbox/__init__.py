"""Where something untrusted may be executed: `executor` finds the mechanism of this machine.

bubblewrap with seccomp and control groups is the default. What works is told by the self-test (`doctor`), which tries
to break out; nothing is downgraded in silence.
"""

from __future__ import annotations

import sys
from pathlib import Path

from evaluator.execution import Executor, UnavailableError

MECHANISMS = ("bubblewrap",)
UID = 64_217  # of jobs on the host where we are root: no account's, no service's


def executor(mechanism: str = "bubblewrap", *, python: Path | None = None, uid: int = UID) -> Executor:
    """The executor of this machine.

    `python` is the interpreter of submissions, with what they import; ours where none is named. Raises
    UnavailableError where the mechanism cannot work here, and says what is missing.
    """
    if mechanism not in MECHANISMS:
        raise UnavailableError(f"there is no mechanism {mechanism!r}; one of {', '.join(MECHANISMS)}")
    if not sys.platform.startswith("linux"):
        raise UnavailableError(f"submissions are executed on Linux only; this is {sys.platform}")
    from evaluator.sandbox import bubblewrap, groups

    return bubblewrap.make(python=python or Path(sys.executable), uid=uid, groups=groups.find())
