"""Which runner this machine offers, from its settings."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module

from evaluator.runners import Runner, RunnerError
from worker.settings import Settings

LOCAL = "local"
SHIPPED = {
    LOCAL: "evaluator.runners.local",
    "kubernetes": "evaluator.runners.kubernetes",
    "skypilot": "evaluator.runners.skypilot",
}
OWN = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def make_runner(settings: Settings) -> Runner | None:
    """The runner of FAIRWAY_RUNNER; None where none is named. Raises RunnerError with what is wrong and how to mend it.

    One of ours by its name, or `package.module:factory` for one of the operator's, called with the settings.
    """
    name = settings.runner
    if not name or name == "none":
        return None
    if OWN.fullmatch(name):
        module, _, factory = name.partition(":")
        return _made(module, factory, settings)
    if name not in SHIPPED:
        known = ", ".join(SHIPPED)
        raise RunnerError(f"FAIRWAY_RUNNER: {name!r} is none of {known}, nor package.module:factory")
    return _made(SHIPPED[name], "make_runner", settings)


def _made(module: str, factory: str, settings: Settings) -> Runner:
    try:
        make: Callable[[Settings], Runner] = getattr(import_module(module), factory)
        return make(settings)
    except (ImportError, AttributeError) as error:
        raise RunnerError(f"FAIRWAY_RUNNER: {settings.runner!r} cannot be used here: {error}") from error


@dataclass(slots=True)
class Here:
    """The runner of a machine, made when it is first needed, and why it cannot be."""

    settings: Settings
    _runner: Runner | None = field(default=None, init=False)

    @property
    def machine(self) -> str:
        """What it is called."""
        return self.settings.machine_name

    def runner(self) -> Runner | None:
        """The runner; None where the settings name none. Raises RunnerError."""
        if self._runner is None:
            self._runner = make_runner(self.settings)
        return self._runner
