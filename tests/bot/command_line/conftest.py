"""A small repository with two pull requests, and a way to run the command line in it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pygit2
import pytest
from pygit2.enums import FileMode

from bot.command_line.main import run
from migrations.apply import upgrade
from rules.verdict import Verdict
from tests.databases import database
from tests.worker.rows import add_repository, add_submission
from worker.store.session import SessionScope, make_engine, session_scope

FOLDER = "records/track_10min_16mb/2026-04-10_Sample"
SCRIPT = """import io
import os
import zlib

import torch

SEED = int(os.environ.get("SEED", 1))
WORLD_SIZE = int(os.environ.get("WORLD_SIZE", 8))
CAP = float(os.environ.get("MAX_WALLCLOCK_SECONDS", 600))


def log0(text):
    print(text)


def main(train, evaluate, model):
    log0(f"seed:{SEED}")
    log0(f"world_size:{WORLD_SIZE} grad_accum_steps:{8 // WORLD_SIZE}")
    for step, loss, bpb, ms in train(CAP):
        log0(f"step:{step}/100 val_loss:{loss:.4f} val_bpb:{bpb:.4f} train_time:{ms:.0f}ms step_avg:{ms / step:.2f}ms")
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    blob = zlib.compress(buffer.getvalue())
    code = open(__file__, encoding="utf-8").read()
    log0(f"Serialized model int8+zlib: {len(blob)} bytes")
    log0(f"Code size: {len(code.encode())} bytes")
    log0(f"Total submission size int8+zlib: {len(blob) + len(code.encode())} bytes")
    loss, bpb, ms = evaluate(model)
    log0(f"final_int8_zlib_roundtrip val_loss:{loss:.4f} val_bpb:{bpb:.4f} eval_time:{ms:.0f}ms")
"""
MODEL = 15_980_000
TOTAL = MODEL + len(SCRIPT)
METADATA = f'{{"val_bpb": 1.2, "bytes_total": {TOTAL}, "seeds": [1, 2, 3], "track": "10min_16mb"}}\n'
LOG = """seed:{seed}
world_size:8 grad_accum_steps:1
step:100/100 val_loss:2.0271 val_bpb:1.2005 train_time:599900ms step_avg:5999.00ms
Serialized model int8+zlib: {model} bytes
Code size: {code} bytes
Total submission size int8+zlib: {total} bytes
final_int8_zlib_roundtrip val_loss:2.0262 val_bpb:1.2000 eval_time:9000ms
"""
COMPLETE = {
    "README.md": "# A sample\n\nBuilt on PR #77 by somebody.\n",
    "submission.json": METADATA,
    "train_gpt.py": SCRIPT,
    **{
        f"train_seed{seed}.log": LOG.format(seed=seed, model=MODEL, code=len(SCRIPT), total=TOTAL) for seed in (1, 2, 3)
    },
}
PULL_REQUESTS = {105: COMPLETE, 106: {"README.md": "# Only words\n"}}


@dataclass(frozen=True)
class Local:
    """A repository on disk and the tables that belong to it."""

    git: Path
    pull_requests: Path
    rulings: Path


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str


Fairway = Callable[..., Outcome]


@pytest.fixture
def fairway(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Fairway:
    """Run the command line in this process."""
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: object) -> Outcome:
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return call


@pytest.fixture(params=["postgresql", "sqlite"])
def scope(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionScope]:
    """A deployment's database, named by the environment."""
    with database(request.param, tmp_path) as url:
        monkeypatch.setenv("FAIRWAY_DATABASE_URL", url)
        engine = make_engine(url)
        upgrade(engine)
        yield session_scope(engine)
        engine.dispose()


@pytest.fixture
def known(scope: SessionScope) -> SessionScope:
    """Three submissions that wait."""
    with scope() as session:
        add_repository(session)
        add_submission(session, 12, Verdict.NEEDS_REVIEW, ("F04", "F04", "E05"))
        add_submission(session, 13, Verdict.LIKELY_INVALID, ("D02",), title="Lower\x1b[31m")
        add_submission(session, 14, Verdict.CLEAR)
    return scope


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Local:
    """The repository, made once."""
    root = tmp_path_factory.mktemp("local")
    repository = pygit2.init_repository(root / "repository.git", bare=True, initial_head="main")
    main = _commit(repository, "Start", _tree(repository, {"README.md": "# Competition\n"}), [])
    repository.references.create("refs/heads/main", main)
    heads = {}
    for number, files in PULL_REQUESTS.items():
        placed = {"README.md": "# Competition\n", **{f"{FOLDER}{number}/{name}": text for name, text in files.items()}}
        heads[number] = _commit(repository, f"Sample {number}", _tree(repository, placed), [main])
        repository.references.create(f"refs/pull/{number}/head", heads[number])
    rows = [(n, f"2026-04-10T00:{n % 100:02}:00Z", "somebody", f"Record: sample {n}", str(h)) for n, h in heads.items()]
    _table(root / "pull-requests.csv", ("number", "created_at", "author", "title", "head_sha"), rows)
    _table(
        root / "rulings.csv",
        ("number", "outcome", "reasons", "ruled_on"),
        [(106, "incomplete", "missing-evidence", "2026-04-20")],
    )
    return Local(root / "repository.git", root / "pull-requests.csv", root / "rulings.csv")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A complete submission folder on disk."""
    target = tmp_path / FOLDER
    target.mkdir(parents=True)
    for name, text in COMPLETE.items():
        (target / name).write_text(text, encoding="utf-8")
    return target


def _table(path: Path, columns: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def _commit(repository: pygit2.Repository, message: str, tree: pygit2.Oid, parents: list[pygit2.Oid]) -> pygit2.Oid:
    author = pygit2.Signature("Somebody", "somebody@example.org", 1_775_800_000, 0)
    return repository.create_commit(None, author, author, message, tree, parents)


def _tree(repository: pygit2.Repository, files: Mapping[str, str]) -> pygit2.Oid:
    index = pygit2.Index()
    for path, text in files.items():
        index.add(pygit2.IndexEntry(path, repository.create_blob(text.encode()), FileMode.BLOB))
    return index.write_tree(repository)
