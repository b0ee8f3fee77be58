"""A run inside a container that a cluster or a cloud started: `python -m evaluator.runners.pod FILE…`.

The order comes as parts of one packed file, whatever mounted them. Everything goes out by standard output, marked line
by line: progress while it runs, the record at the end. The submission runs in the sandbox inside the container, its
output is kept in the record, and so nothing that it prints can be taken for a line of ours.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from evaluator.evidence import Evidence, evidence_of
from evaluator.regular import NotRegularError, read_regular
from evaluator.request import Inputs, RunRequest, request_of
from evaluator.runners import Progress, RunnerError, State

PROGRESS, RECORD = "fairway-progress ", "fairway-record "
PART = 8_000  # characters of one line
MOST_PACKED = 8_000_000  # bytes of an order
MOST_UNPACKED = 512_000_000
MOST_FILE = 100_000_000
EVERY_SECONDS = 1.0
DATA = "/data"


def packed(request: RunRequest, inputs: Inputs) -> bytes:
    """The request and its files in one piece. Raises RunnerError where a file is missing or all are too large."""
    contents: dict[str, str] = {}
    for file in request.files:
        try:
            content = read_regular(inputs.file(file.sha256), MOST_FILE)
        except (KeyError, NotRegularError) as error:
            raise RunnerError(f"a file of the run {request.id} is not at hand: {error}") from None
        contents[file.sha256] = base64.b85encode(content).decode()
    data = zlib.compress(json.dumps({"request": request.as_json(), "files": contents}).encode(), 9)
    if len(data) > MOST_PACKED:
        raise RunnerError(
            f"the submission's files take {len(data):,} bytes packed; {MOST_PACKED:,} at most are sent to a cluster: "
            "run it on a local runner"
        )
    return data


@dataclass(frozen=True, slots=True)
class Unpacked:
    """Inputs: an order's files in a folder."""

    folder: Path

    def file(self, sha256: str) -> Path:
        path = self.folder / sha256
        if not sha256.isalnum() or not path.is_file():
            raise KeyError(sha256)
        return path


def unpacked(data: bytes, folder: Path) -> tuple[RunRequest, Unpacked]:
    """The way back. Raises ValueError."""
    inflate = zlib.decompressobj()
    order = json.loads(inflate.decompress(data, MOST_UNPACKED))
    for sha256, content in order["files"].items():
        if not sha256.isalnum():
            raise ValueError(f"{sha256!r} is no SHA-256")
        (folder / sha256).write_bytes(base64.b85decode(content))
    return request_of(order["request"]), Unpacked(folder)


def lines_of(record: Evidence) -> list[str]:
    """The record as lines that logs of clusters keep whole."""
    text = base64.b64encode(zlib.compress(json.dumps(record.as_json()).encode(), 9)).decode()
    parts = [text[place : place + PART] for place in range(0, len(text), PART)]
    return [f"{RECORD}{number}/{len(parts)} {part}" for number, part in enumerate(parts, 1)]


def record_of(lines: Iterable[str]) -> Evidence | None:
    """The record in a log; None where it is not there whole. Raises ValueError for one that was changed."""
    parts: dict[int, str] = {}
    total = 0
    for line in lines:
        _, mark, rest = line.partition(RECORD)
        if mark:
            place, _, part = rest.strip().partition(" ")
            number, _, of = place.partition("/")
            if number.isdigit() and of.isdigit():
                parts[int(number)], total = part, int(of)
    if not total or any(number not in parts for number in range(1, total + 1)):
        return None
    text = "".join(parts[number] for number in range(1, total + 1))
    inflate = zlib.decompressobj()
    return evidence_of(json.loads(inflate.decompress(base64.b64decode(text), MOST_UNPACKED)))


def progress_of(lines: Sequence[str]) -> Progress | None:
    """The last progress in a log; None where there is none."""
    for line in reversed(lines):
        _, mark, rest = line.partition(PROGRESS)
        if mark:
            try:
                told: dict[str, Any] = json.loads(rest)
                return Progress(**{**told, "state": State(told["state"])})
            except (ValueError, TypeError, KeyError):
                continue
    return None


@dataclass(slots=True)
class Teller:
    """Prints progress, at most once a second."""

    say: Callable[[str], None]
    _next: float = field(default=0.0)

    def __call__(self, progress: Progress) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + EVERY_SECONDS
            self.say(PROGRESS + json.dumps(asdict(progress)))


def serve(parts: Sequence[str], runner: str, say: Callable[[str], None]) -> Evidence:
    """Make the ordered run, and say how it goes and what came of it."""
    from evaluator.execution import UnavailableError
    from evaluator.reproduce import Machine, reproduce
    from evaluator.runners.records import not_run
    from evaluator.sandbox import settings_of

    stopped: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda given, _frame: stopped.append(given))
    with tempfile.TemporaryDirectory(prefix="fairway-run-") as folder:
        root = Path(folder)
        root.chmod(0o711)
        (root / "inputs").mkdir()
        request, inputs = unpacked(b"".join(Path(part).read_bytes() for part in parts), root / "inputs")
        try:
            settings = settings_of(os.environ)
            data = Path(os.environ.get("FAIRWAY_DATA_FOLDER") or DATA)
            machine = Machine(settings.executor(), data, root / "run", runner, settings.interpreter)
            record = reproduce(request, inputs, machine, told=Teller(say), cancelled=lambda: bool(stopped))
        except UnavailableError as error:
            record = not_run(request.as_json(), runner, str(error), infrastructure=True)
    for line in lines_of(record):
        say(line)
    return record


def main() -> None:
    """Serve the order whose parts are named on the command line."""
    serve(sorted(sys.argv[2:]), sys.argv[1], lambda line: print(line, flush=True))


if __name__ == "__main__":
    main()
