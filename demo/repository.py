"""Write the demo's git repository: a main branch, one head for each sample, and the tables that belong to it.

Times, authors and contents are fixed, so that the same samples give the same commits everywhere.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from demo.folder import Files, submission_files
from demo.samples import Sample, load_samples
from rules.competition import Competition, load

HERE = Path(__file__).parent
COMPETITION = HERE / "competition.toml"
MAIN = "refs/heads/main"
ORGANIZER = "ada-organizer"


@dataclass(frozen=True, slots=True)
class DemoRepository:
    """What was written and where. `heads` maps a pull request's number to its head commit."""

    git: Path
    pull_requests_csv: Path
    rulings_csv: Path
    competition: Competition
    samples: tuple[Sample, ...]
    heads: Mapping[int, str]


def build(root: Path) -> DemoRepository:
    """Write repository and tables below `root`; what an earlier call left there is brought up to date."""
    competition = load(COMPETITION)
    baseline, *samples = load_samples()
    root.mkdir(parents=True, exist_ok=True)
    writer = _Writer(root / "repository.git", competition)
    writer.start(baseline)
    for sample in samples:
        writer.merge_until(sample.created_at)
        writer.open(sample)
    writer.finish()
    heads = {number: str(head) for number, head in writer.heads.items()}
    made = DemoRepository(
        root / "repository.git",
        root / "pull-requests.csv",
        root / "rulings.csv",
        competition,
        tuple(samples),
        heads,
    )
    _write_csv(made.pull_requests_csv, ("number", "created_at", "author", "title", "head_sha"), _rows(samples, heads))
    made.rulings_csv.write_bytes((HERE / "rulings.csv").read_bytes())
    return made


class _Writer:
    """Commits on main and on the branches of pull requests, in order of time."""

    def __init__(self, path: Path, competition: Competition) -> None:
        self._repository = pygit2.init_repository(path, bare=True, initial_head="main")
        self._competition = competition
        self._files: Files = {}
        self._tip: pygit2.Oid | None = None
        self._waiting: list[Sample] = []
        self._opened: dict[str, tuple[pygit2.Oid, Files]] = {}
        self.heads: dict[int, pygit2.Oid] = {}

    def start(self, baseline: Sample) -> None:
        """The main branch: the competition's page and settings, then the baseline."""
        page = (HERE / "competition.md").read_bytes()
        self._files = {"README.md": page, ".github/fairway.toml": COMPETITION.read_bytes()}
        self._tip = self._commit("Start the competition", baseline.author, baseline.created_at, self._files, [])
        self._files |= submission_files(baseline, self._competition)
        self._tip = self._commit("Baseline", baseline.author, baseline.created_at, self._files, [self._tip])

    def open(self, sample: Sample) -> None:
        """One commit on top of main, or on top of the pull request that it is stacked on."""
        assert self._tip is not None  # start() comes first
        parent, below = self._opened.get(sample.stacked_on, (self._tip, self._files))
        outside = {path: text.encode() for path, text in sample.outside.items()}
        files = {**below, **submission_files(sample, self._competition), **outside}
        message = sample.message.strip() or sample.title
        head = self._commit(message, sample.author, sample.created_at, files, [parent])
        self._opened[sample.name] = head, files
        self.heads[sample.number] = head
        self._waiting += [sample] if sample.merged_at else []

    def merge_until(self, now: datetime | None) -> None:
        """Merge what was merged by that time; None: everything."""
        for sample in [s for s in self._waiting if s.merged_at and (now is None or s.merged_at <= now)]:
            assert self._tip is not None
            assert sample.merged_at is not None
            head, _ = self._opened[sample.name]
            self._files = {**self._files, **submission_files(sample, self._competition)}
            message = f"Merge pull request #{sample.number}: {sample.title}"
            self._tip = self._commit(message, ORGANIZER, sample.merged_at, self._files, [self._tip, head])
            self._waiting.remove(sample)

    def finish(self) -> None:
        """Point the references at what was written and remove those of an earlier call."""
        self.merge_until(None)
        wanted = {f"refs/pull/{number}/head": head for number, head in self.heads.items()}
        for name in list(self._repository.references):
            if name.startswith("refs/pull/") and name not in wanted:
                self._repository.references.delete(name)
        assert self._tip is not None
        for name, target in {MAIN: self._tip, **wanted}.items():
            self._repository.references.create(name, target, force=True)

    def _commit(
        self, message: str, author: str, when: datetime, files: Files, parents: Sequence[pygit2.Oid]
    ) -> pygit2.Oid:
        signature = pygit2.Signature(author, f"{author}@example.org", int(when.timestamp()), 0)
        tree = self._tree({tuple(path.split("/")): content for path, content in files.items()})
        return self._repository.create_commit(None, signature, signature, f"{message}\n", tree, list(parents))

    def _tree(self, files: Mapping[tuple[str, ...], bytes]) -> pygit2.Oid:
        builder = self._repository.TreeBuilder()
        folders: dict[str, dict[tuple[str, ...], bytes]] = {}
        for (name, *rest), content in files.items():
            if rest:
                folders.setdefault(name, {})[tuple(rest)] = content
            else:
                builder.insert(name, self._repository.create_blob(content), FileMode.BLOB)
        for name, inner in folders.items():
            builder.insert(name, self._tree(inner), FileMode.TREE)
        return builder.write()


def _rows(samples: Iterable[Sample], heads: Mapping[int, str]) -> Iterator[tuple[object, ...]]:
    for sample in samples:
        created = sample.created_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        yield sample.number, created, sample.author, sample.title, heads[sample.number]


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
