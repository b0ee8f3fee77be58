"""A runner by its name; its library is imported only then."""

from __future__ import annotations

from importlib import import_module

from evaluator.runners import Runner, RunnerError

NAMES = ("local", "kubernetes", "skypilot")


def runner_of(name: str, settings: object) -> Runner:
    """The runner of that name, made from a deployment's settings. Raises RunnerError for what is missing."""
    if name not in NAMES:
        raise RunnerError(f"there is no runner {name!r}; one of {', '.join(NAMES)}")
    runner: Runner = import_module(f"evaluator.runners.{name}").make_runner(settings)
    return runner
