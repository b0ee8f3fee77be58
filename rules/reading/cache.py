"""What was read before, by content: identical logs and scripts are worked on once in a process.

The same content may stand under another path in another pull request; locations are then moved to that path.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from rules.rule import Location
from rules.submission import FileEntry, Problem, SourceFile, TrainLog

T = TypeVar("T")
LogRead = tuple[TrainLog, tuple[Problem, ...]]
SourcesRead = tuple[SourceFile, ...]


class Memory:
    """Two bounded stores, least recently used first out; not shared between threads.

    `logs` and `sources` count files. A source holds its syntax tree, tens of megabytes for a long script, so only a
    few are kept: a backtest takes pull requests with the same script one after the other.
    """

    def __init__(self, logs: int = 128, sources: int = 2) -> None:
        self._log_capacity = logs
        self._source_capacity = sources
        self._logs: OrderedDict[str, tuple[str, LogRead]] = OrderedDict()
        self._sources: OrderedDict[str, tuple[str, SourcesRead]] = OrderedDict()

    def log(self, entry: FileEntry, read: Callable[[], LogRead]) -> LogRead:
        """The log as read for this path."""
        return self._recall(self._logs, self._log_capacity, entry, read)

    def sources(self, entry: FileEntry, read: Callable[[], SourcesRead], *, keep: Callable[[], bool]) -> SourcesRead:
        """The source files as read for this path; kept only when `keep()` says that nothing else went into them."""
        return self._recall(self._sources, self._source_capacity, entry, read, keep)

    def _recall(
        self,
        store: OrderedDict[str, tuple[str, T]],
        capacity: int,
        entry: FileEntry,
        read: Callable[[], T],
        keep: Callable[[], bool] = lambda: True,
    ) -> T:
        known = store.get(entry.content_id)
        if known is None:
            value = read()
            if keep():
                store[entry.content_id] = (entry.path, value)
                if len(store) > capacity:
                    store.popitem(last=False)
            return value
        store.move_to_end(entry.content_id)
        path, value = known
        return value if path == entry.path else moved(value, path, entry.path)


def moved(value: T, old: str, new: str) -> T:
    """The same value with every location that lies in the file `old` laid into `new`."""
    there: T = _Mover(old, new).move(value)
    return there


class _Mover:
    """Walks dataclasses, tuples and mappings; everything else (a parsed tree, say) is shared."""

    def __init__(self, old: str, new: str) -> None:
        self._old = old
        self._new = new

    def move(self, value: Any) -> Any:
        if isinstance(value, Location):
            return replace(value, path=self._path(value.path))
        if isinstance(value, tuple):
            return tuple(self.move(item) for item in value)
        if isinstance(value, Mapping):
            return {key: self.move(item) for key, item in value.items()}
        if is_dataclass(value) and not isinstance(value, type):
            return self._dataclass(value)
        return value

    def _dataclass(self, value: Any) -> Any:
        changed: dict[str, Any] = {}
        for field in fields(value):
            was = getattr(value, field.name)
            now = self._path(was) if field.name == "path" else self.move(was)
            if now is not was:
                changed[field.name] = now
        return replace(value, **changed) if changed else value

    def _path(self, path: str) -> str:
        if path == self._old or path.startswith(f"{self._old}!/"):
            return self._new + path[len(self._old) :]
        return path
