"""What the self-test tries inside the sandbox to use more than is allowed, or for longer.

Run there by path, with the standard library. The limit is told in the environment; whether it was kept is judged from
outside by how the job ended. An attack yields what it got through with all the same.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

MEGABYTE = 1 << 20


def fork_bomb() -> Iterator[str]:
    """Fork until it is refused, in children too."""
    limit = int(os.environ["LIMIT"])
    began = 0
    for _ in range(8 * limit):
        try:
            pid = os.fork()
        except OSError:
            break
        if not pid:
            for _ in range(4):
                with contextlib.suppress(OSError):
                    os.fork()
            time.sleep(60)
            os._exit(0)
        began += 1
    if began > limit:
        yield f"{began} processes began"


def memory() -> Iterator[str]:
    """Hold more than is allowed, shared among children that each hold less."""
    portion = int(os.environ["LIMIT"]) // 2
    for _ in range(6):
        if not os.fork():
            held = mmap.mmap(-1, portion)
            for place in range(0, portion, 4096):
                held[place] = 1
            time.sleep(60)
            os._exit(0)
    time.sleep(20)
    yield "six children held three times the limit"


def shared_memory() -> Iterator[str]:
    """Keep more than is allowed in file systems that lie in memory."""
    limit = int(os.environ["LIMIT"])
    written = 0
    for folder in ("/dev/shm", "/tmp", "/dev/shm"):  # noqa: S108
        with contextlib.suppress(OSError), Path(folder, f"kept{written}").open("wb") as file:
            while written < 4 * limit:
                written += file.write(bytes(MEGABYTE))
    if written > limit:
        time.sleep(3)
        yield f"{written:,} bytes lie in memory"


def disk() -> Iterator[str]:
    """Fill the work folder with files, each below the cap."""
    _fill(keep=True)
    yield "the cap was passed"


def removed_files() -> Iterator[str]:
    """The same with files that have no name any more."""
    _fill(keep=False)
    yield "the cap was passed"


def _fill(*, keep: bool) -> None:
    limit = int(os.environ["LIMIT"])
    held = []
    for number in range(16):
        path = Path(f"part{number}")
        file = path.open("wb")
        held.append(file)
        if not keep:
            path.unlink()
        for _ in range(max(limit // 4 // MEGABYTE, 1)):
            file.write(os.urandom(4096) * 256)
        file.flush()
    time.sleep(3)


def survivor() -> Iterator[str]:
    """Leave a child behind that belongs to nobody."""
    if not os.fork():
        os.setsid()
        if not os.fork():
            for descriptor in range(3):
                os.close(descriptor)
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            sleeping = [sys.executable, "-c", "import time; time.sleep(120)", os.environ["HOST_MARK"]]
            os.execv(sys.executable, sleeping)  # noqa: S606
        os._exit(0)
    time.sleep(0.3)
    yield from ()


def wall() -> Iterator[str]:
    """Go on after TERM, in children too."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.fork()
    os.fork()
    time.sleep(30)
    yield "it ran on"


def flood() -> Iterator[str]:
    """Print far more than is kept."""
    limit = int(os.environ["LIMIT"])
    line = "x" * 999 + "\n"
    for _ in range(8 * limit // 1000):
        sys.stdout.write(line)
    yield from ()


ATTACKS: tuple[Callable[[], Iterator[str]], ...] = (
    fork_bomb, memory, shared_memory, disk, removed_files, survivor, wall, flood,
)  # fmt: skip
