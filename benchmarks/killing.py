"""A killer for benchmarks: SIGKILL at random, so often for so much work, and now and then a Redis is wiped."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from random import Random

from benchmarks.deployment import Supervised
from tests.processes import Broker

LOOK_SECONDS = 0.05


@dataclass(slots=True)
class Killer:
    """Kills `kills` times while `work` is done, a little earlier each time by `pace`, however slow the machine is.

    `due` is the work after which the next one falls. Redis is wiped `wipes` times, evenly spread.
    """

    random: Random
    kills: int
    work: float
    pace: float
    due: float = 0.0
    wipes: int = 1
    killed: Counter[str] = field(default_factory=Counter)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self, done: Callable[[], float], victim: Callable[[], tuple[str, int | None]], redis: Broker) -> None:
        """In a thread of its own. `done` tells the work until now, `victim` who is next: its kind and process id."""
        wipe_at = {self.kills * (number + 1) // (self.wipes + 1) for number in range(self.wipes)}
        while self.killed.total() < self.kills and not self.stop.wait(LOOK_SECONDS):
            if done() < self.due or not self._kill(*victim()):
                continue
            self.due += self.random.expovariate(self.kills / (self.pace * self.work))
            if self.killed.total() in wipe_at:
                with closing(redis.client) as client:
                    client.flushall()

    def choose(self, victims: Mapping[str, int]) -> str:
        """A kind, by weight."""
        [kind] = self.random.choices(list(victims), list(victims.values()))
        return kind

    def process(self, kind: str, commands: Iterable[Supervised]) -> int | None:
        """A process of that kind ("child" is one of a worker's) among commands; None where none lives."""
        wanted = "worker" if kind == "child" else kind
        chosen = self.random.choice([one for one in commands if one.name.startswith(wanted)])
        pids = chosen.children() if kind == "child" else [chosen.process.pid]
        return self.random.choice(pids) if pids and chosen.process.poll() is None else None

    def _kill(self, kind: str, pid: int | None) -> bool:
        if pid is None:
            return False
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        self.killed[kind] += 1
        return True
