"""git within limits: nothing of the machine's configuration, no secret, no process left behind."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pygit2
import pytest

from tests.standin import AUTHOR, ORGANIZER, StandIn
from worker.clients import clone as module
from worker.clients.clone import WHOLE_HISTORY, Clone, CloneLimits, TooLargeError, opened
from worker.clients.gateway import AbsentError, RefusedError, Repo, UnavailableError
from worker.clients.github import GitHubGateway

HEAD = "refs/pull/1/head"


class Folder:
    """Opens the clone of the stand-in's repository."""

    def __init__(self, path: Path, gateway: GitHubGateway, repo: Repo) -> None:
        self.path, self._gateway, self._repo = path, gateway, repo

    def __call__(self, **limits: float) -> AbstractContextManager[Clone]:
        source = self._gateway.clone_url(self._repo)
        return opened(self.path, "1", source, CloneLimits(**limits))  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path, gateway: GitHubGateway, repo: Repo) -> Folder:
    return Folder(tmp_path / "clones", gateway, repo)


def test_commits_come_with_folders_and_without_contents(github: StandIn, folder: Folder) -> None:
    data = os.urandom(200_000)
    head = github.pull_request({"entries/new/model.bin": data}).head_sha
    with folder() as clone:
        clone.fetch_commits({HEAD: head}, 5)
        repository = pygit2.Repository(str(clone.path))
        assert str(repository.references[HEAD].target) == head
        tree = repository[head].peel(pygit2.Tree)
        assert str(tree["entries/new/model.bin"].id) == str(pygit2.hash(data))
        assert pygit2.hash(data) not in repository
        clone.fetch_contents([str(pygit2.hash(data)), str(tree["README.md"].id)])
        assert repository[pygit2.hash(data)].peel(pygit2.Blob).data == data


def test_history_comes_as_deep_as_asked(github: StandIn, folder: Folder) -> None:
    for n in range(6):
        github.people.push_branch(github.repository, ORGANIZER, {"count": b"%d" % n})
    head = github.pull_request().head_sha
    with folder() as clone:
        clone.fetch_commits({HEAD: head}, 3)
        assert clone.is_shallow
        clone.fetch_commits({HEAD: head}, WHOLE_HISTORY)
        assert not clone.is_shallow
        clone.fetch_commits({HEAD: head}, 3)
        assert not clone.is_shallow


def test_configuration_and_hooks_of_the_machine_do_not_count(
    github: StandIn, folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = tmp_path / "canary"
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    hook = hooks / "reference-transaction"
    hook.write_text(f"#!/bin/sh\ntouch {canary}\n")
    hook.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f'[core]\n\thooksPath = {hooks}\n[url "file:///"]\n\tinsteadOf = http://\n')
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_TRACE", str(canary))
    monkeypatch.setenv("GIT_SSH_COMMAND", f"touch {canary}")
    head = github.pull_request().head_sha
    with folder() as clone:
        (clone.path / "hooks").mkdir(exist_ok=True)
        (clone.path / "hooks" / "reference-transaction").write_text(hook.read_text())
        (clone.path / "hooks" / "reference-transaction").chmod(0o755)
        clone.fetch_commits({HEAD: head}, 1)
    assert not canary.exists()


def test_token_stands_in_no_argument_file_or_message(
    github: StandIn, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = list[str]()
    real = subprocess.Popen

    def noted(command: list[str], **options: object) -> object:
        arguments.extend(command)
        return real(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", noted)
    head = github.pull_request().head_sha
    with folder() as clone:
        clone.fetch_commits({HEAD: head}, 1)
        secret = clone._secret.removeprefix("Basic ")
        with pytest.raises(AbsentError) as caught:
            clone.fetch_commits({HEAD: "0" * 39 + "1"}, 1)
    files = [path.read_bytes() for path in folder.path.rglob("*") if path.is_file()]
    token = next(iter(github.state.tokens))
    for held in (secret, token):
        assert held not in " ".join(arguments)
        assert held not in str(caught.value)
        assert not any(held.encode() in content for content in files)
    assert "fetch" in arguments


def test_commit_that_is_not_there_is_absent(folder: Folder) -> None:
    with folder() as clone, pytest.raises(AbsentError, match="not our ref"):
        clone.fetch_commits({HEAD: "1" * 40}, 1)


def test_repository_that_is_not_there_is_absent(github: StandIn, folder: Folder) -> None:
    github.installation.repository_ids.clear()
    token = next(iter(github.state.tokens.values()), None)
    assert token is None
    source = (f"{github.url}/spindle/nowhere.git", "Basic " + "eDp5")
    with opened(folder.path, "2", source, CloneLimits()) as clone, pytest.raises((AbsentError, RefusedError)):
        clone.fetch_commits({HEAD: "1" * 40}, 1)


def test_token_that_is_not_accepted_is_refused(github: StandIn, folder: Folder) -> None:
    head = github.pull_request().head_sha
    with folder() as clone:
        github.state.tokens.clear()
        with pytest.raises(RefusedError):
            clone.fetch_commits({HEAD: head}, 1)


def test_server_that_is_not_there_is_unavailable(folder: Folder) -> None:
    source = ("http://127.0.0.1:9/spindle/heat.git", "Basic eDp5")
    with opened(folder.path, "3", source, CloneLimits()) as clone, pytest.raises(UnavailableError):
        clone.fetch_commits({HEAD: "1" * 40}, 1)


@pytest.mark.parametrize(
    "url", ["file:///etc", "ssh://git@example.org/x", "ext::sh -c id", "/etc", "git://example.org/x"]
)
def test_only_http_is_spoken(folder: Folder, url: str) -> None:
    with pytest.raises(RefusedError, match="https only"), opened(folder.path, "4", (url, "x"), CloneLimits()):
        pass


@pytest.mark.parametrize(
    "name", ["HEAD", "refs/heads/main", "--upload-pack=x", "a" * 41, "", "1" * 40 + "\n" + "2" * 40]
)
def test_only_ids_are_asked_for(folder: Folder, name: str) -> None:
    with folder() as clone:
        with pytest.raises(RefusedError, match="no object's id"):
            clone.fetch_commits({HEAD: name}, 1)
        with pytest.raises(RefusedError, match="no object's id"):
            clone.fetch_contents([name])


def test_fetch_that_brings_too_much_is_stopped_and_leaves_the_clone_usable(
    github: StandIn, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"entries/new/{n}.bin": os.urandom(2_000_000) for n in range(10)}
    head = github.pull_request(files).head_sha
    ids = [str(pygit2.hash(data)) for data in files.values()]
    monkeypatch.setattr(module, "POLL_SECONDS", 0.005)
    with folder(fetched_bytes=1_000_000) as clone:
        clone.fetch_commits({HEAD: head}, 1)
        with pytest.raises(TooLargeError, match="more than 1,000,000 bytes"):
            clone.fetch_contents(ids)
    with folder() as clone:
        assert not list(clone.path.rglob("tmp_*"))
        clone.fetch_contents(ids[:1])
        assert pygit2.hash(files["entries/new/0.bin"]) in pygit2.Repository(str(clone.path))


def test_fetch_that_takes_too_long_is_stopped(folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "bin"
    fake.mkdir()
    with folder() as clone:
        pass
    (fake / "git").write_text("#!/bin/sh\nsleep 60 &\nsleep 60\n")
    (fake / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake}:{os.environ['PATH']}")
    started = time.monotonic()
    with folder(seconds=0.3) as clone, pytest.raises(UnavailableError, match="more than 0 s"):
        clone.fetch_commits({HEAD: "1" * 40}, 1)
    assert time.monotonic() - started < 5
    with folder(lock_seconds=0.5):  # whoever was left behind would still hold the lock
        pass


def test_clone_belongs_to_one_at_a_time(folder: Folder) -> None:
    order = list[str]()

    def second() -> None:
        with folder():
            order.append("second")

    with folder():
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_clone_that_nobody_lets_go_of_is_unavailable(folder: Folder) -> None:
    with folder(), pytest.raises(UnavailableError, match="another worker"), folder(lock_seconds=0.1):
        pass


def test_locks_of_a_git_that_was_killed_are_cleared(github: StandIn, folder: Folder) -> None:
    head = github.pull_request().head_sha
    with folder() as clone:
        for name in ("shallow.lock", "config.lock", "refs/pull/1/head.lock"):
            (clone.path / name).parent.mkdir(parents=True, exist_ok=True)
            (clone.path / name).touch()
    with folder() as clone:
        clone.fetch_commits({HEAD: head}, 1)


def test_clone_that_has_grown_too_large_is_made_anew(
    github: StandIn, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = github.pull_request().head_sha
    with folder() as clone:
        clone.fetch_commits({HEAD: first}, 1)
    monkeypatch.setattr(module, "MOST_PACKS", 0)
    with folder() as clone:
        assert not list(clone.path.rglob("*.pack"))
        head = github.people.commit(github.repository, AUTHOR, {"a": b"1"})
        clone.fetch_commits({HEAD: head}, 1)
