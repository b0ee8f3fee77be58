"""A shared bare clone per repository, filled by `git fetch` within limits: commits and folders, contents on request.

git runs with a fixed list of arguments, without a shell, hooks, helpers or anybody's configuration; the token reaches
it through the environment and stands in no argument, file or message.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from worker.clients.gateway import AbsentError, GitHubError, LimitedError, RefusedError, UnavailableError

WHOLE_HISTORY = 2_147_483_647
MOST_PACKS, MOST_CLONE_BYTES = 300, 2_000_000_000
POLL_SECONDS = 0.05
LIMIT_SECONDS = 60.0
_PASSED_ON = (
    *("PATH", "https_proxy", "HTTPS_PROXY", "http_proxy", "no_proxy", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"),
)
_ABSENT = re.compile(r"not our ref|couldn't find remote ref|repository .{0,300}not found|returned error: 404")
_REFUSED = re.compile(r"authentication failed|could not read username|returned error: 40[13]")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")
_OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class TooLargeError(Exception):
    """The fetch was stopped because it brings more than is taken. The message says how much is."""


@dataclass(frozen=True, slots=True)
class CloneLimits:
    """What one fetch may bring and take, and how long to wait for another process that uses the clone."""

    fetched_bytes: int = 300_000_000
    seconds: float = 90.0
    lock_seconds: float = 60.0


class Clone:
    """A bare clone that is ours for the moment; made by `opened`."""

    def __init__(self, path: Path, url: str, authorization: str, limits: CloneLimits, lock: int) -> None:
        self.path, self._url, self._limits = path, url, limits
        self._secret, self._lock = authorization, lock
        self._environment = _environment(path, url, authorization)

    @property
    def is_shallow(self) -> bool:
        """Whether history was left out."""
        return (self.path / "shallow").exists()

    def prepare(self) -> None:
        """Make the clone; one that has grown too large is thrown away first, since all of it can be fetched again."""
        packs = self.path / "objects" / "pack"
        if len(list(packs.glob("*.pack"))) > MOST_PACKS or _size_of(self.path) > MOST_CLONE_BYTES:
            shutil.rmtree(self.path)
        for left in (*packs.glob("tmp_*"), *self.path.rglob("*.lock")):  # of a git that was killed
            left.unlink(missing_ok=True)
        if not (self.path / "HEAD").exists():
            shutil.rmtree(self.path, ignore_errors=True)
            self.path.mkdir(parents=True)
            self._run("init", "--bare", "--quiet", "--template=", "--initial-branch=none", ".")

    def fetch_commits(self, commits: Mapping[str, str], depth: int) -> None:
        """Bring commits with their folders and `depth` commits below them, under references (reference → commit).

        A clone with its whole history stays one, whatever the depth.
        """
        whole = not self.is_shallow and any(self.path.glob("objects/pack/*.pack"))
        wanted = [f"+{_checked(sha)}:{reference}" for reference, sha in commits.items()]
        depths = () if whole else (f"--depth={depth:d}",)
        self._fetch("--filter=blob:none", *depths, "--", self._url, *wanted)

    def fetch_contents(self, ids: Sequence[str]) -> None:
        """Bring blobs by their ids.

        GitHub is not told which commits are here: it would take their contents for known, and send none.
        """
        listed = "".join(f"{_checked(content_id)}\n" for content_id in ids)
        self._fetch("--filter=blob:none", "--stdin", "--", self._url, given=listed, negotiation="noop")

    def _fetch(self, *arguments: str, given: str = "", negotiation: str = "default") -> None:
        fixed = ("--no-tags", "--no-recurse-submodules", "--no-auto-maintenance", "--no-write-fetch-head", "--quiet")
        self._run("-c", f"fetch.negotiationAlgorithm={negotiation}", "fetch", *fixed, *arguments, given=given)

    def _run(self, *arguments: str, given: str = "") -> None:
        """Run git. Raises TooLargeError or one of the gateway's errors."""
        with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as lines:
            lines.write(given.encode())
            lines.seek(0)
            process = subprocess.Popen(  # noqa: S603 - a fixed list of arguments, ids and references checked
                ["git", *arguments],  # noqa: S607 - the git of the machine, found by PATH
                cwd=self.path,
                env=self._environment,
                stdin=lines,
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,
                pass_fds=(self._lock,),  # should we be killed, the clone stays locked until git has ended too
            )
            try:
                self._watch(process)
            finally:
                _end(process)
            if process.returncode != 0:
                raise _failure(said, self._secret)

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        before, due = _size_of(self.path), time.monotonic() + self._limits.seconds
        while process.poll() is None:
            if time.monotonic() > due:
                raise UnavailableError(f"git took more than {self._limits.seconds:.0f} s")
            if _size_of(self.path) - before > self._limits.fetched_bytes:
                raise TooLargeError(f"more than {self._limits.fetched_bytes:,} bytes")
            try:
                process.wait(POLL_SECONDS)
            except subprocess.TimeoutExpired:
                continue


@contextmanager
def opened(folder: Path, name: str, source: tuple[str, str], limits: CloneLimits) -> Iterator[Clone]:
    """The clone of that name, held against all other processes. `source` is a URL and an Authorization header.

    Raises UnavailableError where another process does not let go of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    url, authorization = source
    with (folder / f"{name}.lock").open("a") as lock:
        _take(lock, limits.lock_seconds)
        clone = Clone(folder / f"{name}.git", url, authorization, limits, lock.fileno())
        clone.prepare()
        yield clone


def _take(lock: IO[str], seconds: float) -> None:
    """Take the lock; the system lets go of it when the file is closed, or the process ends in whatever way."""
    due = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > due:
                raise UnavailableError("another worker is using the clone of this repository") from None
            time.sleep(POLL_SECONDS)
        else:
            return


def _environment(path: Path, url: str, authorization: str) -> dict[str, str]:
    """What git sees: nobody's configuration, no hooks, one protocol, the token as a setting of this URL alone."""
    scheme = urlsplit(url).scheme
    if scheme not in ("https", "http"):
        raise RefusedError(f"FAIRWAY_GITHUB_WEB_URL begins with {scheme!r}; git is used over https only")
    settings = {
        "core.hooksPath": os.devnull,
        "core.fsmonitor": "false",
        "credential.helper": "",
        "fetch.unpackLimit": "1",
        "fetch.writeCommitGraph": "false",
        "gc.auto": "0",
        "http.followRedirects": "false",
        "http.lowSpeedLimit": "1000",
        "http.lowSpeedTime": "20",
        "protocol.version": "2",
        "safe.directory": "*",
        f"http.{url}.extraHeader": f"Authorization: {authorization}",
    }
    pairs = list(enumerate(settings.items()))
    return {
        **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        "HOME": str(path),
        "LC_ALL": "C",
        "GIT_ALLOW_PROTOCOL": scheme,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": str(len(pairs)),
        **{f"GIT_CONFIG_KEY_{i}": key for i, (key, _) in pairs},
        **{f"GIT_CONFIG_VALUE_{i}": value for i, (_, value) in pairs},
    }


def _failure(said: IO[bytes], secret: str) -> GitHubError:
    """What git's last words mean."""
    said.seek(0)
    words = _UNPRINTABLE.sub(" ", said.read(4_096).decode("utf-8", "replace").replace(secret, "…"))
    told = f"git: {words.strip()[-300:]}"
    if "returned error: 429" in words:
        return LimitedError(LIMIT_SECONDS, told)
    if _ABSENT.search(words.lower()):
        return AbsentError(told)
    return RefusedError(told) if _REFUSED.search(words.lower()) else UnavailableError(told)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave none of git's processes behind."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _size_of(path: Path) -> int:
    """Bytes of the clone's packs, those that are arriving among them."""
    total = 0
    with suppress(FileNotFoundError), os.scandir(path / "objects" / "pack") as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # a temporary file that has just got its name
                total += entry.stat(follow_symlinks=False).st_size
    return total


def _checked(object_id: str) -> str:
    if not _OBJECT_ID.fullmatch(object_id):
        raise RefusedError(f"{object_id[:80]!r} is no object's id")
    return object_id
