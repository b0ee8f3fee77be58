"""What a job is about, as text in its row and back."""

from __future__ import annotations

from uuid import UUID

from worker.clients.gateway import Repo
from worker.store.models import Repository


def of_pull_request(repository_id: int, number: int) -> str:
    """The subject of a FETCH."""
    return f"{repository_id}#{number}"


def pull_request(subject: str) -> tuple[int, int]:
    """Repository and number of a FETCH. Raises ValueError."""
    repository_id, _, number = subject.partition("#")
    return int(repository_id), int(number)


def row_id(subject: str) -> UUID:
    """The submission of a SCREEN or DECIDE, the pull request of a PUBLISH. Raises ValueError."""
    return UUID(subject)


def repo_of(repository: Repository) -> Repo:
    """The repository as GitHub's client wants it."""
    return Repo(repository.id, repository.full_name, repository.installation_id)
