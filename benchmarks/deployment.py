"""A whole deployment on this machine: PostgreSQL, a Redis of its own, web, beat and workers, and GitHub's stand-in."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pygit2
from sqlalchemy import Engine

from demo.folder import submission_files
from demo.github import GitHubState, KeyPair, Limits, People, Target, make_key_pair, serve
from demo.github.values import CheckRun, Clock, Comment, Installation, PullRequest, Repository, utc_now
from demo.repository import COMPETITION
from demo.samples import SAMPLES, load_samples
from migrations.apply import upgrade
from rules.competition import load
from tests.databases import postgresql
from tests.processes import Broker, broker, environment, free_port
from worker.store.session import SessionScope, make_engine, session_scope

SECRET = "of-the-benchmark"
ORGANIZER, AUTHOR = "olga", "pat"
MEDIAN_SCRIPT_BYTES = 67_000
"""Of the scripts of all submissions to the competition that Fairway was made for."""

START_SECONDS = 60.0
UNLIMITED = {
    "FAIRWAY_CREATIONS_PER_MINUTE": "1000000",
    "FAIRWAY_CREATIONS_PER_HOUR": "1000000",
    "FAIRWAY_POINTS_PER_MINUTE": "10000000",
}


@dataclass(slots=True)
class Hub:
    """The stand-in with one repository of the demo's competition."""

    state: GitHubState
    people: People
    repository: Repository
    keys: KeyPair
    url: str
    installation: Installation | None = None

    def check(self, pull: PullRequest) -> CheckRun | None:
        """Fairway's check of the head."""
        return next(iter(self.state.runs_of(self.repository, pull.head_sha)), None)

    def comments(self, pull: PullRequest) -> list[Comment]:
        """What Fairway wrote below a pull request."""
        found = [self.state.comments.get(number) for number in list(pull.issue.comments)]
        return [comment for comment in found if comment is not None and comment.by_app]


@dataclass(slots=True)
class Deployment:
    """What runs, and what its commands' environment is."""

    hub: Hub
    scope: SessionScope
    engine: Engine
    broker: Broker
    variables: Mapping[str, str]
    folder: Path
    port: int
    commands: list[Supervised] = field(default_factory=list)

    def start(self, name: str, *arguments: str) -> Supervised:
        """Start a command that is started again whenever it ends."""
        made = Supervised(name, arguments, environment(self.variables, self.folder), self.folder)
        self.commands.append(made)
        return made

    def connect(self, *, senders: int = 4) -> None:
        """Wait for the web, install the App, and let webhooks flow."""
        wait_for(f"http://127.0.0.1:{self.port}/readyz", self.folder)
        target = Target(f"http://127.0.0.1:{self.port}/webhooks/github", SECRET.encode(), self.hub.state.app.id)
        self.hub.state.hooks.connect(target, senders=senders)
        self.hub.installation = self.hub.people.install(ORGANIZER, [self.hub.repository])


class Supervised:
    """A process that is started again at once when it ends, as an operating system's supervisor does."""

    def __init__(self, name: str, arguments: Sequence[str], variables: Mapping[str, str], folder: Path) -> None:
        self.name, self._arguments, self._variables = name, arguments, variables
        self._log = (folder / f"{name}.log").open("ab")
        self._over = threading.Event()
        self.starts = 0
        self.process = self._start()
        self._thread = threading.Thread(target=self._watch, name=f"supervisor-{name}", daemon=True)
        self._thread.start()

    def children(self) -> list[int]:
        """Process ids of its children."""
        pid = self.process.pid
        with suppress(OSError):
            return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
        return []

    def stop(self) -> None:
        """End it for good."""
        self._over.set()
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._thread.join()
        self._log.close()

    def _start(self) -> subprocess.Popen[bytes]:
        self.starts += 1
        command = [sys.executable, "-m", "bot.command_line.main", *self._arguments]
        return subprocess.Popen(command, env=self._variables, stdout=self._log, stderr=subprocess.STDOUT)

    def _watch(self) -> None:
        while not self._over.is_set():
            try:
                self.process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            if not self._over.wait(0.1):
                self.process = self._start()


@contextmanager
def deployed(folder: Path, *, workers: int = 1, concurrency: int = 4, **more: str) -> Iterator[Deployment]:
    """Everything started and connected. `more`: settings by their names in lower case."""
    with hub(folder) as github, postgresql() as url, broker(folder) as redis:
        engine = make_engine(url)
        upgrade(engine)
        port = free_port()
        variables = {
            "FAIRWAY_DATABASE_URL": url,
            "FAIRWAY_BROKER_URL": redis.url,
            "FAIRWAY_WEBHOOK_SECRET": SECRET,
            "FAIRWAY_APP_ID": str(github.state.app.id),
            "FAIRWAY_PRIVATE_KEY": github.keys.private.decode(),
            "FAIRWAY_GITHUB_API_URL": github.url,
            "FAIRWAY_GITHUB_WEB_URL": github.url,
            "FAIRWAY_COMPETITION": str(COMPETITION),
            "FAIRWAY_CONCURRENCY": str(concurrency),
            **{f"FAIRWAY_{name.upper()}": value for name, value in more.items()},
            **UNLIMITED,
        }
        made = Deployment(github, session_scope(engine), engine, redis, variables, folder, port)
        try:
            made.start("web", "serve", "--port", str(port))
            made.start("beat", "beat")
            for number in range(workers):
                made.start(f"worker-{number}", "worker")
            made.connect()
            yield made
        finally:
            for command in made.commands:
                command.stop()
            engine.dispose()


@contextmanager
def hub(folder: Path, *, clock: Clock = utc_now, limits: Limits | None = None) -> Iterator[Hub]:
    """The stand-in with an empty competition; it keeps no limits unless some are given."""
    keys = make_key_pair()
    state = GitHubState(keys.public, clock=clock, limits=limits or Limits(hourly=10**9))
    git = folder / "competition.git"
    pygit2.init_repository(str(git), bare=True, initial_head="main")
    repository = state.add_repository("thimble/sprint", git, roles={ORGANIZER: "admin"})
    people = People(state)
    with serve(state) as server:
        people.push_branch(repository, ORGANIZER, {"README.md": b"# Thimble\n"})
        yield Hub(state, people, repository, keys, server.url)


def wait_for(address: str, folder: Path) -> None:
    """Wait until it answers 200. Raises TimeoutError with the end of the web's log."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        with suppress(httpx.HTTPError):
            if httpx.get(address, timeout=2).status_code == httpx.codes.OK:
                return
        time.sleep(0.05)
    raise TimeoutError(f"{address} does not answer: {(folder / 'web.log').read_text('utf-8', 'replace')[-2000:]}")


def wait_until(holds: Callable[[], bool], what: str, seconds: float) -> float:
    """Wait; the seconds that it took. Raises TimeoutError."""
    started = time.monotonic()
    while not holds():
        if time.monotonic() - started > seconds:
            raise TimeoutError(f"in vain waited until {what}, {seconds:.0f} s")
        time.sleep(0.01)
    return time.monotonic() - started


def sample_files(sample: str, folder: str, *, script_bytes: int = 0) -> dict[str, bytes]:
    """A sample's files in a folder of another name; its script filled up with more of the same kind of code."""
    competition = load(COMPETITION)
    chosen = next(one for one in load_samples() if one.name == sample)
    files = submission_files(chosen, competition)
    renamed = {f"{path.rsplit('/', 2)[0]}/{folder}/{path.rsplit('/', 1)[1]}": data for path, data in files.items()}
    script = next(path for path in renamed if path.endswith(competition.files.script))
    more = (SAMPLES / "base" / "model.py").read_text("utf-8")
    for number in range(max(0, script_bytes - len(renamed[script])) // len(more)):
        renamed[script] += re.sub(r"\b(class|def) (\w+)", rf"\1 \2_{number}", more).encode()
    return renamed
