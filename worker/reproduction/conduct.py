"""One look at one run: start it, see how it goes, take what it left, clear up. No look takes longer than seconds.

Between two looks nobody holds anything but the row: whoever comes next goes on from there, after whatever happened to
the one before. Everything that is done twice is harmless: a runner starts the same request once, and every write is
under the fence of the job.
"""

from __future__ import annotations

from worker.pipeline import Context
from worker.reproduction.beginning import begin
from worker.reproduction.clearing import clear_up
from worker.reproduction.runners import LOCAL
from worker.reproduction.seeing import load
from worker.reproduction.watching import watch
from worker.store import jobs
from worker.store.jobs import Lease
from worker.store.models import Run, RunStatus


def look(context: Context, lease: Lease) -> None:
    """Do what is next for the run that the lease's subject names."""
    seen = load(context, lease)
    if seen.run.machine and seen.run.runner == LOCAL and seen.run.machine != seen.machine and _is_there(seen.run):
        with context.scope() as session:
            jobs.come_again(session, lease, seconds=0, place=seen.run.machine)
    elif seen.run.status is RunStatus.REQUESTED:
        begin(seen)
    elif seen.run.status is RunStatus.RUNNING:
        watch(seen)
    else:
        clear_up(seen)


def _is_there(run: Run) -> bool:
    """Whether its machine may still hold something of it."""
    return run.status is RunStatus.RUNNING or (run.released_at is None and run.request is not None)
