"""The tasks: one for each stage by its name, and three that come by themselves. Each is one call."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec
from uuid import UUID

from celery import Celery
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from worker import deliveries, pipeline
from worker.app import PURGE, RECOVER, SWEEP
from worker.pipeline import Context
from worker.reproduction import reaping
from worker.store.models import Stage

log = logging.getLogger(__name__)

P = ParamSpec("P")
AWAY = (OperationalError, InterfaceError, PoolTimeout)


def register(app: Celery, context: Callable[[], Context]) -> None:
    """Add the tasks to an app. `context` gives the one of the process in which a task runs."""

    @_patient
    def work(job_id: str) -> None:
        pipeline.work(context(), UUID(job_id))

    @_patient
    def sweep() -> None:
        pipeline.sweep(context())
        reaping.reap(context().scope, context().settings.run_silence_seconds)

    @_patient
    def recover() -> None:
        deliveries.recover(context())

    @_patient
    def purge() -> None:
        deliveries.purge(context())

    own = {SWEEP: sweep, RECOVER: recover, PURGE: purge}
    for name, function in (*((stage.value, work) for stage in Stage), *own.items()):
        app.task(function, name=name, shared=False)


def _patient(function: Callable[P, None]) -> Callable[P, None]:
    """While the database is away a message is worth one line: the row that it is about waits and is announced again."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except AWAY as error:
            log.warning("the database does not answer: %s", str(error).splitlines()[0])

    return run
