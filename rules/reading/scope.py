"""Which folder of a pull request is the submission, and what else it touches.

A submission is one new folder directly below a track's folder. Real pull requests add several, change an earlier
one, carry along the folders of the branch that they were made on, or put their files somewhere else; the choice below
is made by what the change holds and never by a date or a name of a particular competition.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rules.reading.trees import Change
from rules.submission import ChangedFile, Scope, Status

_ENOUGH_REQUIRED = 2  # required files that make a folder outside all tracks a submission


@dataclass(slots=True)
class _Candidate:
    """A folder that may be the submission: its changed files, and which required names it and its subfolders hold."""

    folder: str
    track: str | None
    order: int = 0  # of the track in the competition
    files: list[ChangedFile] = field(default_factory=list)
    held: dict[str, set[str]] = field(default_factory=dict)

    @property
    def required(self) -> set[str]:
        """The required names that lie directly in the folder."""
        return self.held.get(self.folder, set())

    @property
    def home(self) -> str:
        """The folder, or the one below it that holds the required files where it has none of them itself."""
        inner = max(self.held.items(), key=lambda item: (len(item[1]), item[0]), default=(self.folder, set[str]()))
        return inner[0] if not self.required and len(inner[1]) >= _ENOUGH_REQUIRED else self.folder

    @property
    def remains(self) -> bool:
        """Whether anything of the change is there at the head."""
        return any(file.status is not Status.DELETED for file in self.files)

    def is_new(self, change: Change) -> bool:
        """Whether the folder was not there before."""
        return self.folder not in change.existing and all(file.status is Status.ADDED for file in self.files)

    @property
    def rank(self) -> tuple[int, int, bool, int, str]:
        """Higher is likelier: required files, an earlier track, a log, changed files, the later name."""
        has_log = any(file.path.casefold().endswith(".log") for file in self.files)
        return len(self.required), -self.order, has_log, len(self.files), self.folder


def find_scope(
    change: Change,
    tracks: Mapping[str, str],
    *,
    known_folders: Container[str] = (),
    required: Sequence[str],
) -> Scope:
    """Choose the submission folder of a change.

    `tracks` maps each track's folder to its name; `known_folders` are submission folders of earlier pull requests,
    `required` the names of files that a submission must hold. In this order: new folders below a track that no earlier
    pull request brought; new ones that one did; a folder elsewhere that holds at least two required files; a folder
    below a track that is changed; one beside the tracks' folders with a required file. Among several the one with the
    most required files wins, then the track that comes first, then one with a log, then the most changed files, then
    the later name. Where the required files lie in a folder below the one chosen, that is the submission's.
    """
    names = {name.casefold() for name in required}
    inside = list(_below_tracks(change.files, tracks, names).values())
    new = [candidate for candidate in inside if candidate.is_new(change)]
    own = [candidate for candidate in new if candidate.folder not in known_folders]
    elsewhere = [c for c in _elsewhere(change.files, tracks, names).values() if c.remains]
    changed = [candidate for candidate in inside if candidate not in new and candidate.remains]
    beside = [c for c in elsewhere if c.required and _parent(c.folder) in {_parent(track) for track in tracks}]
    complete = [c for c in elsewhere if len(c.required) >= min(_ENOUGH_REQUIRED, len(names))]
    choice = next((max(group, key=lambda c: c.rank) for group in (own, new, complete, changed, beside) if group), None)
    return _scope(change, choice, [candidate.folder for candidate in new], known_folders)


def new_folders(change: Change, tracks: Mapping[str, str]) -> tuple[str, ...]:
    """The submission folders below a track that a change creates, sorted by name."""
    candidates = _below_tracks(change.files, tracks, set()).values()
    return tuple(sorted(candidate.folder for candidate in candidates if candidate.is_new(change)))


def _scope(change: Change, choice: _Candidate | None, new: list[str], known: Container[str]) -> Scope:
    if choice is None:
        return Scope("", None, change.base, (), change.files, change.files)
    others = sorted(folder for folder in new if folder != choice.folder)
    ours = {choice.folder, *others}
    earlier = tuple(folder for folder in others if folder in known)
    further = tuple(folder for folder in others if folder not in known)
    outside = tuple(file for file in change.files if ours.isdisjoint(_folders_above(file.path)))
    return Scope(choice.home, choice.track, change.base, further, outside, change.files, earlier)


def _below_tracks(files: Iterable[ChangedFile], tracks: Mapping[str, str], names: set[str]) -> dict[str, _Candidate]:
    """Folders directly below a track with their changed files; a file that lies in the track's folder is of none."""
    found: dict[str, _Candidate] = {}
    prefixes = [(f"{folder.strip('/')}/", track, order) for order, (folder, track) in enumerate(tracks.items())]
    for file in files:
        for prefix, track, order in prefixes:
            own, slash, _ = file.path.removeprefix(prefix).partition("/")
            if slash and file.path.startswith(prefix):
                folder = prefix + own
                _add(found.setdefault(folder, _Candidate(folder, track, order)), file, names)
    return found


def _elsewhere(files: Iterable[ChangedFile], tracks: Mapping[str, str], names: set[str]) -> dict[str, _Candidate]:
    """Folders outside all tracks that hold a required file. The repository's top is nobody's submission folder."""
    prefixes = tuple(f"{folder.strip('/')}/" for folder in tracks)
    found: dict[str, _Candidate] = {}
    for file in files:
        folder, slash, name = file.path.rpartition("/")
        if slash and name.casefold() in names and not file.path.startswith(prefixes):
            _add(found.setdefault(folder, _Candidate(folder, None)), file, names)
    return found


def _add(candidate: _Candidate, file: ChangedFile, names: set[str]) -> None:
    candidate.files.append(file)
    folder, _, name = file.path.rpartition("/")
    if name.casefold() in names and file.status is not Status.DELETED:
        candidate.held.setdefault(folder, set()).add(name.casefold())


def _parent(path: str) -> str:
    return path.strip("/").rpartition("/")[0]


def _folders_above(path: str) -> Iterable[str]:
    """Every folder that holds `path`."""
    end = path.find("/")
    while end >= 0:
        yield path[:end]
        end = path.find("/", end + 1)
