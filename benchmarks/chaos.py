"""Thousands of deliveries while processes are killed and Redis forgets: what is lost, and what happens twice.

    python -m benchmarks.chaos [--deliveries 10000] [--kills 500]

Real processes (web, beat, two workers with four children each) on PostgreSQL and a Redis of their own, all started
again when they end. GitHub's stand-in sends what people do, in bursts, doubled and out of order, and answers with
faults: 5xx, lost answers, cut connections, secondary limits. SIGKILL falls on workers' children, workers, web and beat,
so often for so many deliveries that were handled, however slow the machine. Work whose worker dies in three attempts is
set aside by design: while a third attempt runs, only web and beat are killed. Afterwards everything has to be as if
nothing had happened; see `benchmarks.verdicts`. Prints a summary as JSON, and ends with 1 where anything is wrong.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import func, select

from benchmarks.deployment import Deployment, deployed
from benchmarks.killing import Killer
from benchmarks.story import Story
from benchmarks.verdicts import problems
from demo.github.faults import dropped, secondary_limit, server_error, slow
from demo.github.hooks import Weather
from worker.app import RECOVER, Doorbell, DoorbellError, make_app
from worker.settings import Settings
from worker.store import jobs
from worker.store.models import Delivery, DeliveryStatus, Job
from worker.store.types import now_plus

WEATHER = Weather(duplicate=0.25, lose=0.005, scatter_seconds=1.5)
VICTIMS = {"child": 88, "worker": 4, "web": 4, "beat": 4}
QUIET_SECONDS = 900.0
MOST_WAITING = 400
"""Jobs that are due, from which on people pause: else all would wait, and what is asked for often is done once."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything."""

    deliveries: int = 10_000
    kills: int = 500
    pulls: int = 80
    pushes: int = 90
    wipes: int = 1
    seed: int = 1


def victim(running: Deployment, killer: Killer) -> tuple[str, int | None]:
    """Who is killed next: of workers nobody while a third attempt runs."""
    kind = killer.choose(VICTIMS if not last_attempt(running) else {"web": 1, "beat": 1})
    return kind, killer.process(kind, running.commands)


def last_attempt(running: Deployment) -> bool:
    """Whether a job is in the attempt after which it is set aside."""
    with running.scope() as session:
        last = select(Job.id).where(Job.pending, Job.attempts >= jobs.MAX_ATTEMPTS, Job.quarantined_at.is_(None))
        return session.scalars(last.limit(1)).first() is not None


def bad_weather(running: Deployment) -> None:
    """Faults of GitHub and of the way to it, for one request in thirty or so."""
    faults = running.hub.state.faults
    for fault, chance in (
        (server_error(502), 0.008),
        (server_error(503, after=True), 0.006),
        (dropped(), 0.004),
        (dropped(after=True), 0.006),
        (slow(1.0), 0.01),
        (secondary_limit(2), 0.002),
    ):
        faults.plan(fault, path="/repos/*", times=None, chance=chance)


def storm(running: Deployment, plan: Plan) -> tuple[Story, Killer]:
    """Let people act in bursts while the killer is about, until there were enough deliveries and kills."""
    random = Random(plan.seed)
    story = Story(running.hub, Random(plan.seed + 1), plan.pulls, plan.pushes)
    killer = Killer(Random(plan.seed + 2), plan.kills, plan.deliveries, 0.95, wipes=plan.wipes)
    running.hub.state.hooks.weather = WEATHER
    bad_weather(running)
    told = (lambda: handled(running), lambda: victim(running, killer), running.broker)
    thread = threading.Thread(target=killer.run, args=told, name="killer", daemon=True)
    thread.start()
    while sent(running) < plan.deliveries or thread.is_alive():
        for _ in range(random.choice((1, 1, 2, 5, 30, 100))):
            story.act()
        time.sleep(random.random() / 2)
        while waiting(running) > MOST_WAITING:
            time.sleep(0.2)
    thread.join()
    return story, killer


def waiting(running: Deployment) -> int:
    """Jobs that are due, and deliveries that are on their way."""
    with running.scope() as session:
        due = select(func.count()).where(Job.pending, Job.quarantined_at.is_(None), Job.run_after <= now_plus())
        return session.scalar(due) or 0


def handled(running: Deployment) -> int:
    """Deliveries that were looked at."""
    with running.scope() as session:
        return session.scalar(select(func.count()).where(Delivery.status != DeliveryStatus.RECEIVED)) or 0


def sent(running: Deployment) -> int:
    """Deliveries with a GUID of their own."""
    return len(running.hub.state.hooks.records)


def calm(running: Deployment, settings: Settings) -> float:
    """Good weather: wait until all is delivered and nothing is left to do; the seconds that it took."""
    hooks, started = running.hub.state.hooks, time.monotonic()
    running.hub.state.faults.clear()
    hooks.weather = Weather()
    bell, recovered = Doorbell(make_app(settings)), 0.0
    while time.monotonic() - started < QUIET_SECONDS:
        hooks.flush(QUIET_SECONDS)
        with running.scope() as session:
            stored = set(session.scalars(select(Delivery.guid)))
            pending = session.scalar(select(func.count()).where(Job.pending, Job.quarantined_at.is_(None)))
        missing = {record.guid for record in list(hooks.records.values())} - stored
        if not pending and not missing:
            return time.monotonic() - started
        if missing and time.monotonic() - recovered > 5:
            recovered = time.monotonic()
            try:
                bell.ring(RECOVER)
            except DoorbellError:
                continue
        time.sleep(0.5)
    return time.monotonic() - started


def run(plan: Plan, folder: Path, *, workers: int = 2, concurrency: int = 4) -> dict[str, Any]:
    """All of it; the summary, in which `problems` should be empty."""
    with deployed(folder, workers=workers, concurrency=concurrency) as running:
        named: Any = {name.removeprefix("FAIRWAY_").lower(): value for name, value in running.variables.items()}
        settings = Settings(**named)
        started = time.monotonic()
        story, killer = storm(running, plan)
        stormed = time.monotonic() - started
        story.settle()
        calmed = calm(running, settings)
        found = list(problems(running, story, settings, folder))
        log = running.hub.state.log
        with running.scope() as session:
            runs = session.scalar(select(func.sum(Job.fence))) or 0
        return {
            "deliveries": sent(running),
            "kills": dict(killer.killed) | {"all": killer.killed.total()},
            "redis wiped": plan.wipes,
            "acts": dict(story.done),
            "pull requests": len(story.heads),
            "heads": sum(map(len, story.heads.values())),
            "faults of GitHub": Counter(str(fault.kind) for *_, fault in running.hub.state.faults.happened),
            "requests to GitHub": log.total,
            "not found": sorted({one.path for one in log.find("GET") if one.status == 404}),
            "created on GitHub": dict(log.created),
            "jobs begun": int(runs),
            "seconds of storm": round(stormed),
            "seconds until quiet": round(calmed),
            "problems": found,
        }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    usual = Plan()
    parser.add_argument("--deliveries", type=int, default=usual.deliveries)
    parser.add_argument("--kills", type=int, default=usual.kills)
    parser.add_argument("--pulls", type=int, default=usual.pulls)
    parser.add_argument("--pushes", type=int, default=usual.pushes)
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--keep", type=Path, help="folder for logs and contents, kept afterwards")
    options = vars(parser.parse_args())
    keep = options.pop("keep")
    with tempfile.TemporaryDirectory() as name:
        folder = keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        summary = run(Plan(**options), folder)
    print(json.dumps(summary, indent=1))
    raise SystemExit(1 if summary["problems"] else 0)


if __name__ == "__main__":
    main()
