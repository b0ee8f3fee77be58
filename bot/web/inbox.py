"""Where deliveries are put before GitHub is answered: the delivery and its job, in one statement.

No ORM, no broker and no pipeline here: this is the only work between GitHub's request and the 202, and it must hold
when everything behind it stands still. `worker.store.models` describes the tables.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Coroutine, Mapping
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import uuid4

from psycopg import Error as PostgresError
from psycopg_pool import AsyncConnectionPool

POOL_SIZE = 8
WAIT_SECONDS = 1.5
ANSWER_SECONDS = 1.8  # whatever hangs: a connection that was cut without a word answers to no timeout of the server's
_CONNECTION = {
    "autocommit": True,
    "connect_timeout": 2,
    "options": "-c statement_timeout=1500 -c timezone=UTC",
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 4000,
}

# A redelivery keeps its GUID. It is taken again where the first could not be handled, and else changes nothing.
_FAILED = """delivery.status = 'failed' OR EXISTS (
    SELECT 1 FROM job WHERE stage = 'receive' AND subject = delivery.guid AND quarantined_at IS NOT NULL
)"""
_AGAIN = "wanted = job.wanted + 1, pending = TRUE, attempts = 0, quarantined_at = NULL, announced_at = NULL"
_POSTGRESQL = f"""
WITH stored AS (
    INSERT INTO delivery (guid, event, body) VALUES (%(guid)s, %(event)s, %(body)s)
    ON CONFLICT (guid) DO UPDATE SET status = 'received', reason = NULL WHERE {_FAILED} RETURNING guid
)
INSERT INTO job (id, stage, subject) SELECT %(job)s, 'receive', guid FROM stored
ON CONFLICT (stage, subject) DO UPDATE SET {_AGAIN} RETURNING id
"""  # noqa: S608 - made of constants
_SQLITE_DELIVERY = f"""
INSERT INTO delivery (guid, event, body) VALUES (?, ?, ?)
ON CONFLICT (guid) DO UPDATE SET status = 'received', reason = NULL WHERE {_FAILED}
"""  # noqa: S608
_SQLITE_JOB = f"""
INSERT INTO job (id, stage, subject) VALUES (?, 'receive', ?)
ON CONFLICT (stage, subject) DO UPDATE SET {_AGAIN}
"""  # noqa: S608


class Accepted(StrEnum):
    """What became of a delivery: stored now, or known already."""

    STORED = "stored"
    DUPLICATE = "duplicate"


class InboxUnavailableError(Exception):
    """The database does not answer: GitHub gets a 503 and the delivery is asked for again later."""


class Inbox(Protocol):
    """Stores deliveries durably."""

    async def open(self) -> None:
        """Connect in the background; does not fail when the database is down."""

    async def close(self) -> None:
        """Give connections back."""

    async def accept(self, guid: str, event: str, body: bytes) -> Accepted:
        """Store a delivery and its job. Raises InboxUnavailableError within about two seconds."""

    async def ready(self) -> bool:
        """Whether a delivery could be stored now."""


class PostgresInbox:
    """One statement on a small pool of connections."""

    def __init__(self, url: str) -> None:
        plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._pool = AsyncConnectionPool(
            plain,
            min_size=2,
            max_size=POOL_SIZE,
            open=False,
            timeout=WAIT_SECONDS,
            kwargs=_CONNECTION,
        )
        self._given_up: set[asyncio.Future[Any]] = set()

    async def open(self) -> None:
        """Start the pool."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Stop the pool."""
        await self._pool.close(timeout=WAIT_SECONDS)

    async def accept(self, guid: str, event: str, body: bytes) -> Accepted:
        """Store a delivery and its job in one statement."""
        values = {"guid": guid, "event": event, "body": body, "job": uuid4()}
        row = await self._in_time(self._ask(_POSTGRESQL, values))
        return Accepted.DUPLICATE if row is None else Accepted.STORED

    async def ready(self) -> bool:
        """Ask the database."""
        try:
            await self._in_time(self._ask("SELECT count(*) FROM (SELECT 1 FROM delivery LIMIT 1) AS one", {}))
        except InboxUnavailableError:
            return False
        return True

    async def _ask(self, statement: str, values: Mapping[str, object]) -> object:
        async with self._pool.connection() as connection:
            return await (await connection.execute(statement, values)).fetchone()

    async def _in_time(self, asked: Coroutine[Any, Any, object]) -> object:
        """The answer, or InboxUnavailableError; a question that hangs ends by itself, and nobody waits for that."""
        task = asyncio.ensure_future(asked)
        done, _ = await asyncio.wait({task}, timeout=ANSWER_SECONDS)
        if not done:
            self._given_up.add(task)
            task.add_done_callback(self._given_up.discard)
            task.cancel()
            raise InboxUnavailableError("no answer in time")
        try:
            return task.result()
        except PostgresError as error:
            raise InboxUnavailableError(str(error)) from error


class SqliteInbox:
    """The embedded database: one transaction on a connection of its own, in a thread."""

    def __init__(self, url: str) -> None:
        self._path = Path(urlsplit(url).path[1:])
        self._lock = asyncio.Lock()

    async def open(self) -> None:
        """Nothing to do: connections are opened for each delivery."""

    async def close(self) -> None:
        """Nothing is held."""

    async def accept(self, guid: str, event: str, body: bytes) -> Accepted:
        """Store a delivery and its job in one transaction."""
        async with self._lock:
            try:
                return await asyncio.to_thread(self._accept, guid, event, body)
            except sqlite3.Error as error:
                raise InboxUnavailableError(str(error)) from error

    def _accept(self, guid: str, event: str, body: bytes) -> Accepted:
        with closing(self._connect()) as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            if not connection.execute(_SQLITE_DELIVERY, (guid, event, body)).rowcount:
                return Accepted.DUPLICATE
            connection.execute(_SQLITE_JOB, (uuid4().hex, guid))
            return Accepted.STORED

    async def ready(self) -> bool:
        """Ask the database."""
        try:
            await asyncio.to_thread(self._ask)
        except sqlite3.Error:
            return False
        return True

    def _ask(self) -> None:
        with closing(self._connect()) as connection:
            connection.execute("SELECT 1 FROM delivery LIMIT 0")

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=WAIT_SECONDS, isolation_level=None)


def make_inbox(database_url: str) -> Inbox:
    """The inbox for a database URL."""
    return SqliteInbox(database_url) if database_url.startswith("sqlite") else PostgresInbox(database_url)
