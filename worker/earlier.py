"""What earlier pull requests brought: their folders and their files, in order of creation.

A pull request that is stacked on another shows the other's folder as its own; a script that stood word for word in an
earlier one is somebody's earlier work. Both are told apart here, from diffs alone.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rules.competition import Competition
from rules.lineage.kin import Neighbour
from rules.reading.git import GitRepository
from rules.reading.scope import find_scope, new_folders
from rules.reading.trees import Change
from rules.submission import ChangedFile, PullRequest, Refused, Scope, Status, Twin

TELLING_ENDINGS = (".py", ".log", ".cu", ".cuh", ".c", ".cc", ".cpp", ".h")


@dataclass(slots=True)
class Earlier:
    """Folders and files seen so far; feed it in order of creation."""

    competition: Competition
    _folders: dict[str, int] = field(default_factory=dict)
    _files: dict[str, Twin] = field(default_factory=dict)

    def meet(self, pull_request: PullRequest, change: Change) -> Placed:
        """Place a pull request among the earlier ones, then count it among them."""
        tracks = self.competition.track_folders
        own = new_folders(change, tracks)
        known = frozenset(name for name in own if self._folders.get(name, pull_request.number) != pull_request.number)
        scope = find_scope(change, tracks, known_folders=known, required=self.competition.files.required)
        twins = tuple(self._twins(pull_request, scope))
        for name in own:
            self._folders.setdefault(name, pull_request.number)
        return Placed(pull_request, known, twins, _script_id(scope, self.competition))

    def _twins(self, pull_request: PullRequest, scope: Scope) -> Iterator[Twin]:
        for file in telling_files(scope):
            first = self._files.get(file.content_id)
            if first is None:
                self._files[file.content_id] = Twin(pull_request.number, pull_request.author, file.path, file.path)
            elif first.number != pull_request.number:
                yield Twin(first.number, first.author, file.path, first.path)


@dataclass(frozen=True, slots=True)
class Placed:
    """A pull request with what earlier ones say about it. `script_id` is the content id of its largest script.

    `neighbours` are the scripts nearest to its own, `refused` what was ruled invalid before it was opened; `plain` the
    content ids of those of its scripts that were seen to launch nothing.
    """

    pull_request: PullRequest
    known_folders: frozenset[str]
    twins: tuple[Twin, ...]
    script_id: str
    neighbours: tuple[Neighbour, ...] = ()
    refused: tuple[Refused, ...] = ()
    plain: frozenset[str] = frozenset()


def place_all(
    repository: GitRepository, pull_requests: Iterable[PullRequest], competition: Competition
) -> Iterator[Placed]:
    """Place every pull request, in the order given."""
    earlier = Earlier(competition)
    for pull_request in pull_requests:
        yield earlier.meet(pull_request, repository.change(pull_request.head_sha))


def telling_files(scope: Scope) -> Iterator[ChangedFile]:
    """Files of the submission folder whose being identical to another's says something."""
    if not scope.folder:
        return
    for file in scope.changed:
        if file.status is not Status.DELETED and file.path.startswith(f"{scope.folder}/"):
            name = posixpath.basename(file.path).casefold()
            if name.endswith(TELLING_ENDINGS) or (name.endswith(".txt") and "require" not in name):
                yield file


def _script_id(scope: Scope, competition: Competition) -> str:
    ids: Mapping[str, str] = {f.path: f.content_id for f in scope.changed if f.path.endswith(".py")}
    wanted = f"{scope.folder}/{competition.files.script}"
    return ids.get(wanted) or next((i for path, i in ids.items() if path.startswith(f"{scope.folder}/")), "")
