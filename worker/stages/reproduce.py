"""Look at one run once: start it, see how it goes, or take what it left. See `worker.reproduction.conduct`."""

from __future__ import annotations

from worker.pipeline import Context
from worker.reproduction.conduct import look
from worker.store.jobs import Lease


def run(context: Context, lease: Lease) -> None:
    """Look at the run whose id is the lease's subject."""
    look(context, lease)
