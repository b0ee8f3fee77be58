"""Triage one pull request of a local repository, or one folder: plain functions, no queue and no database."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rules.competition import Competition
from rules.lineage.kin import related
from rules.reading.assemble import read_submission
from rules.reading.cache import Memory
from rules.reading.folder import list_folder
from rules.reading.git import GitRepository
from rules.reading.paths import Listing
from rules.reading.scope import find_scope
from rules.reading.top import top_scripts
from rules.reading.trees import Change
from rules.screening import Triage, screen
from rules.submission import BaseKind, ChangedFile, PullRequest, Scope, Status, Submission
from worker.earlier import Placed, place_all


class TriageError(Exception):
    """Nothing to triage. The message says what was looked for, where, and how to mend it."""


@dataclass(frozen=True, slots=True)
class Timed:
    """A triage and the processor seconds that it took."""

    triage: Triage
    seconds: float


def read_pull_request(
    repository: GitRepository, number: int, competition: Competition, listed: Sequence[PullRequest] = ()
) -> Submission:
    """Read one pull request without screening it. Raises TriageError when the repository has no such pull request."""
    placed = placed_until(repository, number, competition, listed)[-1]
    return read_placed(repository, placed, competition, Memory())


def triage_placed(repository: GitRepository, placed: Placed, competition: Competition, memory: Memory) -> Triage:
    """Read and screen a pull request whose place among the earlier ones is known."""
    return screen(read_placed(repository, placed, competition, memory), competition)


def read_placed(repository: GitRepository, placed: Placed, competition: Competition, memory: Memory) -> Submission:
    """Read the submission of one pull request at its head."""
    pull_request = placed.pull_request
    change, scope = scope_of(repository, placed, competition)
    listing = listing_of(repository, pull_request.head_sha, scope, competition)
    submission = read_submission(
        pull_request,
        scope,
        listing.files,
        competition,
        commits=repository.commits(pull_request.head_sha, change.base_sha),
        twins=placed.twins,
        known=repository.top_files(change.base_sha),
        problems=(*change.problems, *listing.problems),
        memory=memory,
        plain=placed.plain,
    )
    return related(submission, placed.neighbours, placed.refused)


def listing_of(repository: GitRepository, head_sha: str, scope: Scope, competition: Competition) -> Listing:
    """The files of the folder, with the changed script at the top of the repository where no Python is among them."""
    listing = repository.listing(head_sha, scope.folder) if scope.folder else Listing()
    top = top_scripts(scope.changed, (file.path for file in listing.files), competition.files.script)
    return Listing((*listing.files, *map(repository.entry, top)), listing.problems)


def scope_of(repository: GitRepository, placed: Placed, competition: Competition) -> tuple[Change, Scope]:
    """What the pull request changes, and which folder of it is the submission."""
    change = repository.change(placed.pull_request.head_sha)
    known, required = placed.known_folders, competition.files.required
    return change, find_scope(change, competition.track_folders, known_folders=known, required=required)


def triage_folder(path: Path, competition: Competition, track: str | None = None) -> Timed:
    """Triage a folder on disk before it becomes a pull request. `track` None: told by the path, else the first track.

    Raises TriageError for a path that is no folder or a track that the competition lacks.
    """
    started = time.process_time()
    triage = screen(read_folder(path, competition, track), competition)
    return Timed(triage, time.process_time() - started)


def read_folder(path: Path, competition: Competition, track: str | None = None) -> Submission:
    """Read a folder on disk without screening it. Raises TriageError as `triage_folder` does."""
    if not path.is_dir():
        raise TriageError(f"{path}: no such folder; give the folder that holds {competition.files.script}")
    name, folder = _folder_track(path.resolve(), competition, track)
    listing = list_folder(path, folder)
    changed = tuple(ChangedFile(f.path, Status.ADDED, f.mode, f.content_id) for f in listing.files)
    return read_submission(
        PullRequest(number=0, head_sha=""),
        Scope(folder=folder, track=name, base=BaseKind.NONE, changed=changed),
        listing.files,
        competition,
        problems=listing.problems,
    )


def _folder_track(path: Path, competition: Competition, track: str | None) -> tuple[str, str]:
    """The track's name and the folder's path as it would stand in the repository."""
    if track is not None:
        chosen = competition.track(track)
        if chosen is None:
            names = ", ".join(t.name for t in competition.tracks)
            raise TriageError(f"no track named {track!r} in {competition.title}; it has {names}")
        return chosen.name, f"{chosen.folder}/{path.name}"
    for folder, name in competition.track_folders.items():
        if path.parent.as_posix().endswith(f"/{folder}"):
            return name, f"{folder}/{path.name}"
    first = competition.tracks[0]
    return first.name, f"{first.folder}/{path.name}"


def placed_until(
    repository: GitRepository, number: int, competition: Competition, listed: Sequence[PullRequest] = ()
) -> list[Placed]:
    """A pull request, the last of the list, after those that came before it by the table `listed`.

    One that is not in the table stands alone. Raises TriageError when the repository has no such pull request.
    """
    for index, pull_request in enumerate(listed):
        if pull_request.number == number:
            return list(place_all(repository, listed[: index + 1], competition))
    if repository.head_of(number) is None:
        raise TriageError(
            f"the repository has no pull request {number} (refs/pull/{number}/head); "
            "fetch it with: git fetch origin 'refs/pull/*/head:refs/pull/*/head'"
        )
    return [Placed(repository.pull_request(number), frozenset(), (), "")]
