"""One submission of a local repository, or a folder, among all that came before it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rules.competition import Competition
from rules.lineage.kin import Neighbour, likest, parents_named, related
from rules.lineage.news import News, parent_script, what_is_new
from rules.lineage.signature import Script, signature_of_tokens, tokens_of
from rules.reading.cache import Memory
from rules.reading.git import GitRepository
from rules.screening import screen
from rules.submission import PullRequest, Submission
from rules.techniques import techniques_of
from worker.crew import Crew
from worker.earlier import Placed, place_all
from worker.lineage import Lineage
from worker.sheets import Sheet, SheetReader
from worker.triage import Timed, TriageError, placed_until, read_folder, read_placed

MOST_NAMED = 6  # parents that are compared with where nothing else is, some 40 ms each


@dataclass(frozen=True, slots=True)
class Place:
    """What a repository holds that came earlier. `workers` 0: everything is read in this process."""

    git: str
    competition: Competition
    listed: Sequence[PullRequest] = ()
    workers: int = 0

    def requests(self, repository: GitRepository) -> list[PullRequest]:
        """The pull requests in order of creation: those of the table, else all, at the times of their heads."""
        if self.listed:
            return list(self.listed)
        found = (repository.pull_request(number) for number in repository.pull_request_numbers())
        dated = [p for p in found if p.created_at is not None]
        return sorted(dated, key=lambda p: (p.created_at or datetime.min.replace(tzinfo=UTC), p.number))


def pull_request_among(place: Place, number: int) -> Submission:
    """A pull request with its kin and the likest of them. Raises TriageError for one that is not there."""
    repository = GitRepository(place.git)
    requests = place.requests(repository)
    last = next((i for i, p in enumerate(requests) if p.number == number), None)
    if last is None:
        raise TriageError(f"pull request {number} is not among the {len(requests)} that are known; check the table")
    placed = list(place_all(repository, requests[: last + 1], place.competition))
    neighbours = _lineage(place, placed).neighbours(requests[last])
    asked = replace(placed[-1], neighbours=neighbours)
    memory = Memory()
    submission = read_placed(repository, asked, place.competition, memory)
    return with_parent(submission, repository, placed, place.competition, memory)


def triage_among(place: Place, number: int) -> Timed:
    """Triage a pull request with its kin known. Raises TriageError for one that is not there."""
    submission = pull_request_among(place, number)
    started = time.process_time()
    return Timed(screen(submission, place.competition), time.process_time() - started)


def triage_beside_cited(place: Place, number: int) -> Timed:
    """Triage a pull request compared with those alone that it names as parents and that came before it.

    Raises TriageError when the repository has no such pull request.
    """
    started = time.process_time()
    repository = GitRepository(place.git)
    *earlier, asked = placed_until(repository, number, place.competition, place.listed)
    submission = read_placed(repository, asked, place.competition, Memory())
    named = parents_named(submission.citations)
    parents = [placed for placed in earlier if placed.pull_request.number in named[:MOST_NAMED]]
    if parents:
        reader = SheetReader(repository, place.competition)
        tokens = tokens_of(submission.script.code) if submission.script else ()
        baseline = reader.baseline(repository.change(asked.pull_request.head_sha).base_sha)
        own = Sheet(submission.pull_request, None, Script.of(tokens), baseline, parents=named)
        submission = related(submission, Lineage((own, *map(reader.read, parents))).named(own))
    return Timed(screen(submission, place.competition), time.process_time() - started)


def folder_among(place: Place, path: Path, now: datetime, track: str | None = None) -> Submission:
    """A folder on disk with its kin among all pull requests. Raises TriageError as `read_folder` does."""
    repository = GitRepository(place.git)
    submission = read_folder(path, place.competition, track)
    placed = list(place_all(repository, place.requests(repository), place.competition))
    near = _near(_lineage(place, placed), submission, now)
    return with_parent(related(submission, near), repository, placed, place.competition, Memory())


def news_of(submission: Submission) -> News | None:
    """What is new against the parent that the submission was given."""
    return None if submission.parent is None else what_is_new(submission, techniques_of(submission))


def _lineage(place: Place, placed: Sequence[Placed]) -> Lineage:
    with Crew(place.git, place.competition, place.workers) as crew:
        return Lineage(crew.sheets(placed))


def _near(lineage: Lineage, submission: Submission, now: datetime) -> tuple[Neighbour, ...]:
    tokens = tokens_of(submission.script.code) if submission.script else ()
    request = replace(submission.pull_request, created_at=now)
    return lineage.near(Sheet(request, signature_of_tokens(tokens), Script.of(tokens)))


def with_parent(
    submission: Submission,
    repository: GitRepository,
    placed: Sequence[Placed],
    competition: Competition,
    memory: Memory,
) -> Submission:
    """The submission with the script, settings and techniques of its likest kin."""
    kin = likest(submission.kin)
    parent = next((p for p in placed if kin is not None and p.pull_request.number == kin.number), None)
    if parent is None:
        return submission
    return replace(submission, parent=parent_script(read_placed(repository, parent, competition, memory)))
