"""What a job prints, as it comes: hashed whole, kept at both ends, stamped line by line."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable

from evaluator.execution import Line

LINE_BYTES = 16_384  # a longer line is cut into lines
LINE_COST = 64  # bytes that keeping a line costs besides its text
CUT = b"\n[... %d bytes of the log are not kept ...]\n"


class Keeper:
    """Takes bytes in any portions. Half of `limit` bytes is kept of the beginning, half of the end."""

    def __init__(self, limit: int, on_line: Callable[[Line], None] | None = None) -> None:
        self.size = 0
        self._half = max(limit // 2, 1)
        self._on_line = on_line
        self._digest = hashlib.sha256()
        self._head = bytearray()
        self._tail = bytearray()
        self._pending = b""
        self._first: list[Line] = []
        self._last: deque[Line] = deque()
        self._room = self._half
        self._last_bytes = 0

    def take(self, data: bytes, seconds: float) -> None:
        """Take what was received `seconds` after the job began."""
        self.size += len(data)
        self._digest.update(data)
        room = self._half - len(self._head)
        self._head += data[:room]
        if len(data) > room:
            self._tail += data[room:]
        if len(self._tail) > 2 * self._half:
            del self._tail[: -self._half]
        self._split(data, seconds)

    def end(self, seconds: float) -> None:
        """Take the last line, which may lack its end."""
        if self._pending:
            self._line(self._pending, seconds)
            self._pending = b""

    @property
    def sha256(self) -> str:
        """Of all that was printed."""
        return self._digest.hexdigest()

    @property
    def log(self) -> bytes:
        """Head and tail, and between them how much is missing."""
        tail = bytes(self._tail[-self._half :])
        missing = self.size - len(self._head) - len(tail)
        return bytes(self._head) + (CUT % missing if missing else b"") + tail

    @property
    def lines(self) -> tuple[Line, ...]:
        """Those of the beginning and of the end that fit the limit."""
        return (*self._first, *self._last)

    def _split(self, data: bytes, seconds: float) -> None:
        *whole, rest = (self._pending + data).split(b"\n")
        for line in whole:
            self._line(line, seconds)
        while len(rest) > LINE_BYTES:
            self._line(rest[:LINE_BYTES], seconds)
            rest = rest[LINE_BYTES:]
        self._pending = rest

    def _line(self, data: bytes, seconds: float) -> None:
        """Keep and tell one line, in pieces where it is long."""
        for start in range(0, max(len(data), 1), LINE_BYTES):
            text = data[start : start + LINE_BYTES].decode("utf-8", "replace").removesuffix("\r")
            line = Line(seconds, text)
            self._keep(line)
            if self._on_line is not None:
                self._on_line(line)

    def _keep(self, line: Line) -> None:
        cost = len(line.text) + LINE_COST
        if self._room >= cost and not self._last:
            self._room -= cost
            self._first.append(line)
            return
        self._last.append(line)
        self._last_bytes += cost
        while self._last_bytes > self._half:
            self._last_bytes -= len(self._last.popleft().text) + LINE_COST
