"""The demo's GitHub and the demo's Fairway: the stand-in in this process, `fairway serve` in another."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from demo.github import GitHubState, KeyPair, People, Target, make_key_pair, serve
from demo.github.values import CheckRun, Comment, Installation, PullRequest, Repository
from demo.repository import ORGANIZER, DemoRepository

NAME = "thimble/sprint"
SECRET = "the-demo's-secret"  # noqa: S105 - of a webhook between two processes of the demo
SECONDS_TO_START, SECONDS_TO_JUDGE, SECONDS_TO_STOP = 60.0, 180.0, 20.0
POLL_SECONDS = 0.1


class DemoError(Exception):
    """The demo came to no end. The message says what was waited for and where to look."""


@dataclass(frozen=True, slots=True)
class Site:
    """GitHub's stand-in with the demo's repository, and the address of Fairway."""

    state: GitHubState
    people: People
    repository: Repository
    installation: Installation
    github_url: str
    fairway_url: str
    log: Path

    def pulls(self) -> list[PullRequest]:
        """The pull requests in order of creation."""
        return [self.repository.pulls[number] for number in sorted(self.repository.pulls)]

    def check(self, pull: PullRequest) -> CheckRun | None:
        """Fairway's check of the head."""
        return next(iter(self.state.runs_of(self.repository, pull.head_sha)), None)

    def comments(self, pull: PullRequest) -> list[Comment]:
        """What Fairway wrote below a pull request."""
        found = (self.state.comments[number] for number in pull.issue.comments)
        return [comment for comment in found if comment.by_app]

    def is_judged(self, pull: PullRequest) -> bool:
        """Whether check, comment and labels have arrived."""
        check = self.check(pull)
        return check is not None and check.conclusion is not None and bool(pull.issue.labels)

    def wait(self, until: Callable[[], bool], what: str) -> float:
        """Wait; the seconds that it took. Raises DemoError."""
        started = time.monotonic()
        while not until():
            if time.monotonic() - started > SECONDS_TO_JUDGE:
                raise DemoError(f"{what} did not arrive within {SECONDS_TO_JUDGE:.0f} s; look at {self.log}")
            time.sleep(POLL_SECONDS)
        return time.monotonic() - started


@contextmanager
def site(demo: DemoRepository, folder: Path) -> Iterator[Site]:
    """Both running, the App installed, and no pull request opened yet. What an earlier demo left is taken away."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    keys = make_key_pair()
    state = GitHubState(keys.public)
    repository = state.add_repository(NAME, demo.git, roles={ORGANIZER: "admin"})
    people = People(state)
    with serve(state) as github, _fairway(state, github.url, keys, folder) as address:
        state.hooks.connect(Target(f"{address}/webhooks/github", SECRET.encode(), state.app.id), senders=4)
        installation = people.install(ORGANIZER, [repository])
        state.hooks.flush()
        yield Site(state, people, repository, installation, github.url, address, folder / "fairway.log")


@contextmanager
def _fairway(state: GitHubState, github_url: str, keys: KeyPair, folder: Path) -> Iterator[str]:
    """`fairway serve` with everything in one process and its files in a folder; its address."""
    port = _free_port()
    settings = {
        "FAIRWAY_DATABASE_URL": f"sqlite:///{(folder / 'fairway.db').resolve()}",
        "FAIRWAY_CONTENT_FOLDER": str((folder / "content").resolve()),
        "FAIRWAY_WEBHOOK_SECRET": SECRET,
        "FAIRWAY_APP_ID": str(state.app.id),
        "FAIRWAY_PRIVATE_KEY": keys.private.decode(),
        "FAIRWAY_GITHUB_API_URL": github_url,
        "FAIRWAY_GITHUB_WEB_URL": github_url,
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FAIRWAY_")}
    command = [str(Path(sys.executable).with_name("fairway")), "serve", "--port", str(port)]
    with (folder / "fairway.log").open("wb") as log:
        process = subprocess.Popen(command, env={**kept, **settings}, stdout=log, stderr=log)  # noqa: S603 - our own
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/readyz", process, folder / "fairway.log")
            yield address
        finally:
            process.terminate()
            try:
                process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while process.poll() is None and time.monotonic() < until:
        try:
            if httpx.get(address, timeout=2).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            pass
        time.sleep(POLL_SECONDS)
    raise DemoError(f"fairway serve did not start; it says in {log}:\n{log.read_text(errors='replace')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
