"""How quickly and how often the receiver takes a delivery, beside `pgbench` inserting rows of the same size.

    python -m benchmarks.receiver [--seconds 10] [--rounds 3]

The web process is a real one on PostgreSQL. At a given rate, deliveries are sent when they are due, whether or not
earlier ones were answered, and a delivery's time counts from when it was due: a receiver that stands still for a moment
pays for everything that came meanwhile. All of it shares the machine with the database and with this program.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from shutil import which
from uuid import UUID

from sqlalchemy import text

from bot.web.signature import sign
from migrations.apply import upgrade
from tests.bot.web.site import PATH, SECRET
from tests.databases import postgresql
from tests.openapi import webhook_examples
from tests.processes import free_port, started
from worker.store.session import make_engine

BODY_BYTES = 20_000
AIMS = {50: 25.0, 150: 100.0}  # deliveries a second → milliseconds, 99th percentile
AIM_SHARE = 0.35
CONNECTIONS = 8


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from when a delivery was due to its answer. `refused`: answered 503, which misses every aim."""

    rate: int
    median: float
    p99: float
    worst: float
    refused: int

    @property
    def met(self) -> bool:
        """Whether the aim is reached."""
        return self.p99 < AIMS[self.rate] and not self.refused


class Sender:
    """Sends signed deliveries over kept connections; each has a GUID of its own."""

    def __init__(self, port: int, body: bytes) -> None:
        self._port, self._numbers = port, count(int.from_bytes(os.urandom(12)))
        self._head, self._tail = _request(port, body)
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def send(self) -> bool:
        """Post one delivery and wait for its answer; False for a 503."""
        reader, writer = await self._connection()
        writer.write(self._head + str(UUID(int=next(self._numbers))).encode() + self._tail)
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith((b"HTTP/1.1 202", b"HTTP/1.1 503")):
            raise RuntimeError(f"the receiver answered {answer[:80]!r}")
        await reader.readexactly(_length(answer))
        self._free.append((reader, writer))
        return answer.startswith(b"HTTP/1.1 202")

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The connection that was used last, since the web closes those that stand idle."""
        while self._free:
            reader, writer = self._free.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self._port)

    def close(self) -> None:
        """Close the connections."""
        for _, writer in self._free:
            writer.close()


def _request(port: int, body: bytes) -> tuple[bytes, bytes]:
    """The bytes before and after the GUID, which is the only thing that differs."""
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"User-Agent: GitHub-Hookshot/57a2d1e\r\nX-GitHub-Event: pull_request\r\nContent-Length: {len(body)}\r\n"
        f"X-Hub-Signature-256: {sign(body, SECRET.encode()).decode()}\r\nX-GitHub-Delivery: "
    )
    return head.encode(), b"\r\n\r\n" + body


def _length(answer: bytes) -> int:
    [line] = [line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return int(line.split(b":")[1])


async def paced(sender: Sender, rate: int, seconds: float) -> Latency:
    """Send at a fixed rate, without waiting for answers."""
    took: list[float] = []
    refused = 0
    start = time.perf_counter() + 0.1

    async def one(due: float) -> None:
        nonlocal refused
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        taken = await sender.send()
        refused += not taken
        took.append((time.perf_counter() - due) * 1000)

    await asyncio.gather(*(one(start + number / rate) for number in range(int(rate * seconds))))
    ranks = statistics.quantiles(took, n=100)
    return Latency(rate, statistics.median(took), ranks[98], max(took), refused)


async def saturated(sender: Sender, seconds: float) -> float:
    """Deliveries a second when each of a few connections sends the next as soon as the last is answered."""
    until = time.perf_counter() + seconds
    done = 0

    async def one() -> None:
        nonlocal done
        while time.perf_counter() < until:
            taken = await sender.send()
            done += taken  # in a line of its own: what is awaited within `+=` loses what others count meanwhile

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return done / (time.perf_counter() - started)


def pgbench(url: str, body: bytes, clients: int, seconds: float, folder: Path) -> float:
    """Rows a second that pgbench inserts into a table like that of deliveries."""
    script = folder / "insert.sql"
    script.write_text(
        "INSERT INTO floor (guid, event, body) VALUES (gen_random_uuid()::text, 'pull_request', "
        f"convert_to($body${body.decode()}$body$, 'UTF8'));\n",
        encoding="utf-8",
    )
    how = ["-n", "-f", str(script), "-c", str(clients), "-j", "1", "-T", str(int(seconds)), "-d", url]
    told = subprocess.run([_pgbench(), *how], capture_output=True, text=True, check=True).stdout
    [line] = [line for line in told.splitlines() if line.startswith("tps = ")]
    return float(line.split()[2])


def _pgbench() -> str:
    found: str | None = which("pgbench") or max(
        map(str, Path("/usr/lib/postgresql").glob("*/bin/pgbench")), default=None
    )
    if found is None:
        raise FileNotFoundError("pgbench is missing; on Debian it comes with the package postgresql")
    return found


def delivery_body() -> bytes:
    """The published event of a pull request that is nearest in size; without what would end the quoting in SQL."""
    bodies = [json.dumps(payload).encode() for event, payload in webhook_examples() if event == "pull_request"]
    return min(bodies, key=lambda body: abs(len(body) - BODY_BYTES)).replace(b"$", b"S")


@contextmanager
def web(folder: Path) -> Iterator[tuple[int, str]]:
    """`fairway serve` on a database of its own; its port and the database's URL."""
    with postgresql() as url:
        engine = make_engine(url)
        upgrade(engine)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE floor (LIKE delivery INCLUDING ALL)"))
        engine.dispose()
        port = free_port()
        variables = {
            "FAIRWAY_DATABASE_URL": url,
            "FAIRWAY_WEBHOOK_SECRET": SECRET,
            "FAIRWAY_BROKER_URL": "redis://127.0.0.1:9/0",  # the web asks nothing of it
        }
        with started(["serve", "--port", str(port)], variables, folder) as command:
            command.wait_for("listening on")
            yield port, url


async def _measure_web(port: int, body: bytes, seconds: float) -> tuple[list[Latency], float]:
    sender = Sender(port, body)
    await saturated(sender, 1.0)  # warm
    latencies = [await paced(sender, rate, seconds) for rate in AIMS]
    rate = await saturated(sender, seconds)
    sender.close()
    return latencies, rate


def main() -> None:
    """Measure and print; ends with 1 where an aim is missed in every round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    body = delivery_body()
    print(f"bodies of {len(body):,} bytes, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start")
    met = False
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory() as name, web(Path(name)) as (port, url):
            latencies, rate = asyncio.run(_measure_web(port, body, options.seconds))
            floor = {clients: pgbench(url, body, clients, options.seconds, Path(name)) for clients in (1, 8)}
        met |= _print(number + 1, latencies, rate, floor)
    raise SystemExit(0 if met else 1)


def _print(number: int, latencies: list[Latency], rate: float, floor: dict[int, float]) -> bool:
    load = os.getloadavg()[0]
    print(f"round {number} (load {load:.1f})")
    for one in latencies:
        print(
            f"  {one.rate:4d}/s   p50 {one.median:6.1f} ms   p99 {one.p99:6.1f} ms   worst {one.worst:6.1f} ms"
            f"   refused {one.refused}   aim: p99 < {AIMS[one.rate]:.0f} ms   {'met' if one.met else 'missed'}"
        )
    share = rate / floor[8]
    print(f"  saturated, {CONNECTIONS} connections   {rate:7.0f}/s")
    print(f"  pgbench, 1 client            {floor[1]:7.0f}/s   share {rate / floor[1]:.2f}")
    print(
        f"  pgbench, 8 clients           {floor[8]:7.0f}/s   share {share:.2f}"
        f"   aim: at least {AIM_SHARE}   {'met' if share >= AIM_SHARE else 'missed'}",
        flush=True,
    )
    return share >= AIM_SHARE and all(one.met for one in latencies)


if __name__ == "__main__":
    main()
