"""The stages of the pipeline, one file each: a function `run` of a context and a lease.

A stage that is added (review) is a file of its name here and its place in `ORDER`. Runs have a way of their own, beside
that of a pull request: see `worker.reproduction`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from worker.store.models import Stage

ORDER = (Stage.FETCH, Stage.SCREEN, Stage.DECIDE, Stage.PUBLISH)
"""The way of a pull request. The last one works on the pull request, those between on the submission."""

ASIDE = (
    Stage.RECEIVE,
    Stage.CONFIGURE,
    Stage.BACKFILL,
    Stage.COMMAND,
    Stage.BULLETIN,
    Stage.REPRODUCE,
)


def following(stage: Stage) -> Stage:
    """The stage after that one."""
    return ORDER[ORDER.index(stage) + 1]


def functions() -> Mapping[Stage, Callable[..., Any]]:
    """Stage → its function. Imported when asked for, so that a command that runs none stays quick."""
    named = {stage: f"worker.stages.{stage.value}" for stage in (*ASIDE, *ORDER)}
    return {stage: import_module(name).run for stage, name in named.items() if find_spec(name)}
