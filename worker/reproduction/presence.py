"""A machine says at its start that it is there, and what is wrong with its runner."""

from __future__ import annotations

import logging

from sqlalchemy.exc import SQLAlchemyError

from evaluator.runners import RunnerError
from evaluator.sandbox.doctor import examine_here
from worker.reproduction import fitness
from worker.reproduction.runners import make_runner
from worker.settings import Settings
from worker.store import machines
from worker.store.session import make_engine, session_scope

log = logging.getLogger(__name__)


def introduce(settings: Settings) -> None:
    """Make the runner once, and keep what it says of itself."""
    try:
        runner = make_runner(settings)
    except RunnerError as error:
        log.warning("no run is made here: %s", error)
        tell(settings, str(error))
        return
    if runner is None:
        log.warning("FAIRWAY_RUNNER is not set: no run is made here")
    else:
        tell(settings, None)


def is_fit(settings: Settings) -> bool:
    """Whether this machine may take runs, for a process that does other work too and goes on without them."""
    if not fitness.is_sandboxed_here(settings):
        return True
    refusal = fitness.refusal(examine_here())
    if refusal is not None:
        log.error(refusal)
        tell(settings, refusal)
    return refusal is None


def tell(settings: Settings, fault: str | None) -> None:
    """Keep why no run can be made on this machine, None where one can. A database that is away is asked later."""
    engine = make_engine(settings.database_url)
    try:
        with session_scope(engine)() as session:
            machines.note(session, settings.machine_name, (settings.runner or "local")[:40], fault)
    except SQLAlchemyError as error:
        log.warning("the machine could not be noted: %s", str(error).splitlines()[0])
    finally:
        engine.dispose()
