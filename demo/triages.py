"""Triage of the demo's pull requests without GitHub."""

from __future__ import annotations

from collections.abc import Iterator

from demo.repository import DemoRepository
from rules.reading.cache import Memory
from rules.reading.git import GitRepository
from rules.screening import Triage
from worker.earlier import place_all
from worker.tables import read_pull_requests
from worker.triage import triage_placed


def triage_all(demo: DemoRepository) -> Iterator[Triage]:
    """Triage every pull request of the demo in order of creation."""
    repository, memory = GitRepository(str(demo.git)), Memory()
    for placed in place_all(repository, read_pull_requests(demo.pull_requests_csv), demo.competition):
        yield triage_placed(repository, placed, demo.competition, memory)
