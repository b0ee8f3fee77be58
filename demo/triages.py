"""Triage of the demo's pull requests without GitHub."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from demo.repository import DemoRepository
from rules.reading.cache import Memory
from rules.reading.git import GitRepository
from rules.screening import Triage, screen
from worker.earlier import place_all
from worker.lineage import Lineage
from worker.relatives import with_parent
from worker.sheets import SheetReader
from worker.tables import read_pull_requests
from worker.triage import read_placed


def triage_all(demo: DemoRepository) -> Iterator[Triage]:
    """Triage every pull request of the demo in order of creation."""
    repository, memory = GitRepository(str(demo.git)), Memory()
    placed = list(place_all(repository, read_pull_requests(demo.pull_requests_csv), demo.competition))
    reader = SheetReader(repository, demo.competition)
    lineage = Lineage(map(reader.read, placed))
    for one in placed:
        related = replace(one, neighbours=lineage.neighbours(one.pull_request))
        submission = read_placed(repository, related, demo.competition, memory)
        yield screen(with_parent(submission, repository, placed, demo.competition, memory), demo.competition)
