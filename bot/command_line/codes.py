"""Exit codes of the command line."""

from __future__ import annotations

DONE = 0  # for `check`: clear
FOUND = 1  # findings at or above the asked level
MISUSED = 2  # wrong usage or unreadable input
FAULT = 3  # a fault of ours
INTERRUPTED = 130  # 128 and the signal's number, as shells count: Ctrl-C
CLOSED_PIPE = 141  # whoever read the output went away
