"""Real processes for tests: a Redis of one's own, which may be frozen or killed, and Fairway's commands."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

PATIENCE_SECONDS = 60.0


def wait_until(holds: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Look until it holds; a test that waits in vain fails."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, f"in vain waited until {what}"
        time.sleep(0.02)


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        return int(listening.getsockname()[1])


@dataclass(slots=True)
class Broker:
    """A Redis server that keeps nothing on disk."""

    folder: Path
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For settings."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def client(self) -> Redis:
        """A client of the test's own."""
        return Redis.from_url(self.url, socket_timeout=5)

    def start(self) -> None:
        """Start, with nothing in it."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            ["redis-server", *options, "--dir", str(self.folder)], stdout=subprocess.DEVNULL
        )
        wait_until(self._answers, "Redis answers")

    def stop(self) -> None:
        """Kill it, frozen or not."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """It takes connections and never answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on as if nothing had been."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        with suppress(RedisError), closing(self.client) as client:
            return bool(client.ping())
        return False


@contextmanager
def broker(folder: Path) -> Iterator[Broker]:
    """A running Redis."""
    made = Broker(folder)
    made.start()
    try:
        yield made
    finally:
        made.stop()


@dataclass(slots=True)
class Running:
    """A command of Fairway's in a process of its own."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        """Everything that it printed and logged until now."""
        return self.log.read_text("utf-8", "replace")

    def wait_for(self, words: str) -> None:
        """Until it has said so."""
        wait_until(lambda: words in self.said or self.process.poll() is not None, f"it says {words!r}")
        assert words in self.said, self.said

    def children(self) -> list[int]:
        """Process ids of its children."""
        with suppress(FileNotFoundError):
            text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text("ascii")
            return [int(word) for word in text.split()]
        return []

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)


@contextmanager
def started(arguments: Sequence[str], variables: Mapping[str, str], folder: Path) -> Iterator[Running]:
    """Start a command with nothing of Fairway's in its environment but these variables; kill it at the end."""
    number = len(list(folder.glob("*.log")))
    log = folder / f"{number}-{arguments[0]}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot.command_line.main", *arguments],
            env=environment(variables, folder),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    made = Running(process, log)
    try:
        yield made
    finally:
        process.kill()
        process.wait()


def ran(arguments: Sequence[str], variables: Mapping[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "bot.command_line.main", *arguments],
        env=environment(variables, folder),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def environment(variables: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment of a command: temporary files and contents lie in the folder."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FAIRWAY_")}
    own = {"TMPDIR": str(folder), "FAIRWAY_CONTENT_FOLDER": str(folder / "content")}
    return inherited | own | dict(variables)
