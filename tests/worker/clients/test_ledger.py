"""The arithmetic of the pace, and a whole afternoon of submissions by an injected clock."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from itertools import pairwise
from random import Random

import pytest

from tests.worker.clients.conftest import RedisServer
from worker.clients.ledger import PATIENCE, Kind, Ledger, Pace
from worker.clients.pacer import LocalPacer, Pacer, SharedPacer

SUBMISSION = (
    (Kind.READ, "pull request"),
    (Kind.READ, "files"),
    (Kind.CREATE, "check"),
    (Kind.CHANGE, "check finished"),
    (Kind.CREATE, "comment"),
    (Kind.CREATE, "labels"),
)
GITHUB_PER_MINUTE, GITHUB_PER_HOUR, GITHUB_POINTS = 80, 500, 900


class Clock:
    """Seconds that go on by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def simulate(pacer: Pacer, clock: Clock, jobs: int, *, late: float = 3.0) -> list[tuple[float, Kind]]:
    """What went when. Jobs come at once; each does its requests in turn, parked as long as it is told to be.

    A parked job comes back up to `late` seconds after its time, as the sweeper finds it.
    """
    random, went = Random(7), list[tuple[float, Kind]]()
    start = clock.now
    waiting = [(start, job, 0) for job in range(jobs)]
    while waiting:
        at, job, step = heapq.heappop(waiting)
        clock.now = max(clock.now, at)
        kind, purpose = SUBMISSION[step]
        wait = pacer.reserve(kind, installation=1, ticket=f"{purpose} {job}" if kind is Kind.CREATE else "")
        if wait > 0:
            heapq.heappush(waiting, (clock.now + wait + random.random() * late, job, step))
        else:
            went.append((clock.now - start, kind))
            if step + 1 < len(SUBMISSION):
                heapq.heappush(waiting, (clock.now + 0.05, job, step + 1))
    return went


def busiest(times: list[tuple[float, int]], window: float) -> int:
    """The most weight within any window of this length, its far end left out."""
    worst = total = first = 0
    for time, weight in times:
        total += weight
        while times[first][0] <= time - window:
            total -= times[first][1]
            first += 1
        worst = max(worst, total)
    return worst


@pytest.fixture(params=["in this process", "in Redis"])
def paced(request: pytest.FixtureRequest) -> tuple[Pacer, Clock]:
    clock = Clock()
    if request.param == "in this process":
        return LocalPacer(clock=clock), clock
    server: RedisServer = request.getfixturevalue("redis_server")
    return SharedPacer(server.client, clock=clock, monotonic=clock), clock


def test_500_submissions_at_once_keep_every_limit_and_end_when_the_limits_allow(paced: tuple[Pacer, Clock]) -> None:
    went = simulate(*paced, 500)
    creations = [(time, 1) for time, kind in went if kind is Kind.CREATE]
    points = [(time, kind.points) for time, kind in went]
    assert len(went) == 500 * len(SUBMISSION)
    assert busiest(creations, 60) <= GITHUB_PER_MINUTE
    assert busiest(creations, 3_600) <= GITHUB_PER_HOUR
    assert busiest(points, 60) <= GITHUB_POINTS
    whole_hours = math.ceil(len(creations) / GITHUB_PER_HOUR) - 1
    soonest = whole_hours * 3_600 + GITHUB_PER_HOUR / GITHUB_PER_MINUTE * 60
    assert soonest < went[-1][0] < soonest * 1.05


def test_after_the_first_burst_creations_come_one_a_second() -> None:
    clock = Clock()
    went = simulate(LocalPacer(Pace(per_minute=10_000, per_hour=10_000, points=10_000), clock), clock, 100, late=0)
    times = [time for time, kind in went if kind is Kind.CREATE]
    assert len(times) == 300
    for first, last in zip(times[70:], times[100:], strict=False):
        assert last - first >= 29


def test_twenty_submissions_at_once_never_wait() -> None:
    clock = Clock()
    assert simulate(LocalPacer(clock=clock), clock, 20)[-1][0] < 1


def test_strict_spacing_is_a_burst_of_one() -> None:
    clock = Clock()
    went = simulate(LocalPacer(Pace(burst=1), clock), clock, 20)
    times = [time for time, kind in went if kind is Kind.CREATE]
    assert min(last - first for first, last in pairwise(times)) >= 1 - 1e-9


def ledger(**limits: float) -> Ledger:
    return Ledger(Pace(**{"burst": 1, "spacing": 1.0, **limits}))  # type: ignore[arg-type]


def test_who_waits_longest_goes_first() -> None:
    book = ledger()
    assert book.reserve(Kind.CREATE, "a", 10.0) == 0
    assert book.reserve(Kind.CREATE, "b", 10.0) == 1.0
    assert book.reserve(Kind.CREATE, "c", 10.0) == 2.0
    assert book.reserve(Kind.CREATE, "d", 11.0) == pytest.approx(2.0)
    assert book.reserve(Kind.CREATE, "b", 11.0) == 0
    assert book.reserve(Kind.CREATE, "b", 11.0) > 0


def test_asking_again_too_early_keeps_the_place() -> None:
    book = ledger()
    book.reserve(Kind.CREATE, "a", 10.0)
    book.reserve(Kind.CREATE, "b", 10.0)
    assert book.reserve(Kind.CREATE, "b", 10.4) == pytest.approx(0.6)
    assert book.reserve(Kind.CREATE, "c", 10.4) == pytest.approx(1.6)


def test_place_that_nobody_claims_is_given_up() -> None:
    book = ledger()
    book.reserve(Kind.CREATE, "a", 10.0)
    book.reserve(Kind.CREATE, "gone", 10.0)
    assert book.reserve(Kind.CREATE, "b", 12.0 + PATIENCE) == 0
    assert book.booked == {}


def test_late_ones_do_not_bunch_up() -> None:
    book = ledger()
    for name in "abc":
        book.reserve(Kind.CREATE, name, 10.0)
    assert book.reserve(Kind.CREATE, "b", 15.0) == 0
    assert book.reserve(Kind.CREATE, "c", 15.0) == pytest.approx(1.0)


def test_reads_and_changes_are_bound_by_points_only() -> None:
    book = ledger(points=12)
    assert [book.reserve(Kind.CHANGE, "", 10.0), book.reserve(Kind.CHANGE, "", 10.2)] == [0, 0]
    assert [book.reserve(Kind.READ, "", 10.4), book.reserve(Kind.READ, "", 11.0)] == [0, 0]
    assert book.reserve(Kind.READ, "", 12.0) == pytest.approx(59.0)
    assert book.reserve(Kind.READ, "", 71.0) == 0


def test_nothing_goes_while_it_is_forbidden() -> None:
    book = ledger()
    book.forbid(70.0)
    book.forbid(40.0)
    assert book.reserve(Kind.READ, "", 10.0) == 60.0
    assert book.backlog(10.0) == 60.0
    assert book.reserve(Kind.READ, "", 70.0) == 0


def test_backlog_tells_how_long_one_more_would_wait() -> None:
    book = ledger()
    assert book.backlog(10.0) == 0
    for name in "abcd":
        book.reserve(Kind.CREATE, name, 10.0)
    assert book.backlog(10.0) == pytest.approx(4.0)


def ask_at_random(random: Random) -> Callable[[Pacer], float | None]:
    """A question for both pacers."""
    kind, ticket, seconds, which = (
        random.choice(list(Kind)),
        f"job {random.randrange(40)}",
        random.random() * 30,
        random.random(),
    )
    if which < 0.02:
        return lambda pacer: pacer.forbid(5, seconds)
    if which < 0.1:
        return lambda pacer: pacer.backlog(5)
    return lambda pacer: pacer.reserve(kind, installation=5, ticket=ticket)


@pytest.mark.parametrize("seed", range(4))
def test_redis_and_process_keep_the_same_pace(redis_server: RedisServer, seed: int) -> None:
    clock, pace = Clock(), Pace(burst=4, per_minute=20, per_hour=60, points=150)
    shared, local = SharedPacer(redis_server.client, pace, clock, clock), LocalPacer(pace, clock)
    random = Random(seed)
    for _ in range(300):
        clock.now += random.random() * 3
        ask = ask_at_random(random)
        assert ask(shared) == pytest.approx(ask(local), abs=1e-4)
