"""A worker that dies between two steps: before or after a transaction, and after a request to GitHub."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from tests.pipeline import Pipeline
from worker import pipeline as pipelines
from worker.store.models import Job
from worker.store.session import SessionScope
from worker.store.types import now_plus


class Killed(BaseException):
    """What a SIGKILL looks like from within: no handler of ours sees it."""


@dataclass(slots=True)
class Fuse:
    """Burns down with each step of this thread; at zero the worker is killed."""

    left: int
    thread: int

    def burn(self) -> None:
        if threading.get_ident() != self.thread:
            return  # the heartbeat's own transactions
        if self.left == 0:
            raise Killed
        self.left -= 1


def work_until_killed(pipeline: Pipeline, job: Job, steps: int) -> bool:
    """Work on a job, which is killed after so many steps; whether that came before its end. Its lease has run out."""
    fuse = Fuse(steps, threading.get_ident())
    context = pipeline.context
    doomed = replace(context, scope=_burning(context.scope, fuse), github=_Burning(context.github, fuse))
    try:
        pipelines.work(doomed, job.id)
    except Killed:
        with context.scope() as session:
            session.execute(update(Job).values(leased_until=None, announced_at=None, run_after=now_plus(-1)))
        return True
    return False


def _burning(scope: SessionScope, fuse: Fuse) -> SessionScope:
    @contextmanager
    def burning() -> Iterator[Session]:
        fuse.burn()
        with scope() as session:
            yield session
            fuse.burn()

    return burning


class _Burning:
    """A gateway whose every answer burns the fuse."""

    def __init__(self, gateway: Any, fuse: Fuse) -> None:
        self._gateway, self._fuse = gateway, fuse

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self._gateway, name)

        def asking(*given: Any, **named: Any) -> Any:
            answer = asked(*given, **named)
            self._fuse.burn()
            return answer

        return asking
