from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import HttpUrl, SecretStr
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from tests.standin import HandClock, StandIn, stand_in
from worker.clients.gateway import Repo
from worker.clients.github import GitHubGateway
from worker.clients.pacer import LocalPacer
from worker.settings import Settings


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def github(tmp_path: Path, clock: HandClock) -> Iterator[StandIn]:
    with stand_in(tmp_path, clock=clock) as made:
        yield made
        let_git_end()


def let_git_end() -> None:
    """Wait until the stand-in has ended what it began to send: some tests kill the git that it sends to."""
    for _ in range(250):
        if "git" not in names_of_children():
            return
        time.sleep(0.02)


def names_of_children() -> set[str]:
    """What the processes are called that this one started."""
    found = set[str]()
    for listed in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):  # threads and processes come and go
            found |= {Path(f"/proc/{pid}/comm").read_text().strip() for pid in listed.read_text().split()}
    return found


def settings_of(github: StandIn) -> Settings:
    """What an App at this stand-in is configured with."""
    return Settings(
        app_id=github.state.app.id,
        app_slug=github.state.app.slug,
        private_key=SecretStr(github.keys.private.decode()),
        github_api_url=HttpUrl(github.url),
        github_web_url=HttpUrl(github.url),
        github_timeout_seconds=5.0,
    )


@pytest.fixture
def settings(github: StandIn) -> Settings:
    return settings_of(github)


@pytest.fixture
def pacer(clock: HandClock) -> LocalPacer:
    return LocalPacer(clock=lambda: clock().timestamp())


@pytest.fixture
def gateway(settings: Settings, pacer: LocalPacer, clock: HandClock) -> Iterator[GitHubGateway]:
    made = GitHubGateway(settings, pacer, clock=lambda: clock().timestamp())
    yield made
    made.close()


@pytest.fixture
def repo(github: StandIn) -> Repo:
    return Repo(github.repository.id, github.repository.full_name, github.installation.id)


class RedisServer:
    """A Redis of the test's own, on a socket in its folder: it may be stopped, frozen and wiped."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "redis.sock"
        self.process: subprocess.Popen[bytes] | None = None
        self.client = Redis(unix_socket_path=str(self.path), socket_timeout=0.2, retry=Retry(NoBackoff(), 0))

    def start(self) -> None:
        options = ("--port", "0", "--unixsocket", str(self.path), "--save", "", "--appendonly", "no")
        self.process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
        for _ in range(200):
            try:
                self.client.ping()
            except RedisError:
                time.sleep(0.02)
            else:
                return
        raise TimeoutError("redis-server did not start")

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()
    server.client.close()
