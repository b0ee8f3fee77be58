"""Git over HTTP, as git itself asks for it."""

from __future__ import annotations

import os
import subprocess
from base64 import b64encode
from pathlib import Path

import pygit2
import pytest

from tests.standin import AUTHOR, NAME, StandIn


def fetch(github: StandIn, into: Path, token: str | None, *what: str) -> subprocess.CompletedProcess[str]:
    """Fetch into a bare repository; nothing of this machine's git configuration counts."""
    if not into.exists():
        pygit2.init_repository(str(into), bare=True)
    header = b64encode(f"x-access-token:{token}".encode()).decode()
    extra = [] if token is None else ["-c", f"http.extraHeader=Authorization: Basic {header}"]
    environment = {"PATH": os.environ["PATH"], "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_GLOBAL": os.devnull}
    command = ["git", "-C", str(into), *extra, "fetch", *what]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("protocol", ["version=0", "version=2"])
def test_head_of_a_pull_request_is_fetched_shallow(github: StandIn, tmp_path: Path, protocol: str) -> None:
    head = github.people.commit(github.repository, AUTHOR, {"a.txt": b"first\n"})
    head = github.people.commit(github.repository, AUTHOR, {"a.txt": b"second\n"}, parent=head)
    pull = github.people.open_pull_request(github.repository, AUTHOR, head, "Two commits")
    number = protocol[-1]
    options = ("--depth=1", "--no-tags", f"{github.url}/{NAME}.git", f"refs/pull/{pull.number}/head")
    bare = tmp_path / "clone.git"
    pygit2.init_repository(str(bare), bare=True).config["protocol.version"] = number
    done = fetch(github, bare, github.token({"contents": "read"}), *options)
    assert done.returncode == 0, done.stderr
    clone = pygit2.Repository(str(bare))
    assert clone[head].peel(pygit2.Tree)["a.txt"].id == pygit2.hash(b"second\n")
    assert (bare / "shallow").read_text() == f"{head}\n"


def test_commit_is_fetched_by_its_hash_without_blobs(github: StandIn, tmp_path: Path) -> None:
    head = github.pull_request({"large.bin": os.urandom(300_000)}).head_sha
    options = ("--depth=1", "--filter=blob:none", f"{github.url}/{NAME}.git", head)
    done = fetch(github, tmp_path / "clone.git", github.token(), *options)
    assert done.returncode == 0, done.stderr
    size = sum(path.stat().st_size for path in (tmp_path / "clone.git").rglob("*.pack"))
    assert 0 < size < 10_000


@pytest.mark.parametrize("permissions", [None, {"checks": "write"}])
def test_fetching_needs_a_token_that_may_read(
    github: StandIn, tmp_path: Path, permissions: dict[str, str] | None
) -> None:
    token = None if permissions is None else github.token(permissions)
    done = fetch(github, tmp_path / "clone.git", token, f"{github.url}/{NAME}.git", "refs/heads/main")
    assert done.returncode != 0


def test_several_fetch_at_once(github: StandIn, tmp_path: Path) -> None:
    pull, token = github.pull_request({"data.bin": os.urandom(2_000_000)}), github.token()
    header = b64encode(f"x-access-token:{token}".encode()).decode()
    running = []
    for number in range(4):
        bare = tmp_path / f"{number}.git"
        pygit2.init_repository(str(bare), bare=True)
        extra = f"http.extraHeader=Authorization: Basic {header}"
        command = ["git", "-C", str(bare), "-c", extra, "fetch", "--depth=1", f"{github.url}/{NAME}.git"]
        running.append(subprocess.Popen([*command, f"refs/pull/{pull.number}/head"], stderr=subprocess.DEVNULL))
    assert [process.wait(timeout=30) for process in running] == [0] * 4


def test_requests_of_git_are_in_the_log(github: StandIn, tmp_path: Path) -> None:
    token = github.token()
    fetch(github, tmp_path / "clone.git", token, "--depth=1", f"{github.url}/{NAME}.git", "refs/heads/main")
    kept = list(github.state.log.find("*", "*.git/*"))
    assert [(one.method, one.status, one.token) for one in kept] == [("GET", 200, token)] + [("POST", 200, token)] * 2
