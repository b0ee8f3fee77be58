"""Where deliveries are put before GitHub is answered: the delivery and its job, in one statement.

No ORM, no broker and no pipeline here: this is the only work between GitHub's request and the 202, and it must hold
when everything behind it stands still. `worker.store.models` describes the tables.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit
from uuid import uuid4

from psycopg import Error as PostgresError
from psycopg import OperationalError
from psycopg_pool import AsyncConnectionPool, PoolTimeout

POOL_SIZE = 8
WAIT_SECONDS = 1.5

_POSTGRESQL = """
WITH stored AS (
    INSERT INTO delivery (guid, event, body) VALUES (%(guid)s, %(event)s, %(body)s)
    ON CONFLICT (guid) DO NOTHING RETURNING guid
)
INSERT INTO job (id, stage, subject) SELECT %(job)s, 'receive', guid FROM stored
ON CONFLICT (stage, subject) DO NOTHING RETURNING id
"""


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
            kwargs={"autocommit": True, "connect_timeout": 2, "options": "-c statement_timeout=1500 -c timezone=UTC"},
        )

    async def open(self) -> None:
        """Start the pool."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Stop the pool."""
        await self._pool.close(timeout=WAIT_SECONDS)

    async def accept(self, guid: str, event: str, body: bytes) -> Accepted:
        """Store a delivery and its job in one statement."""
        values = {"guid": guid, "event": event, "body": body, "job": uuid4()}
        try:
            async with self._pool.connection() as connection:
                row = await (await connection.execute(_POSTGRESQL, values)).fetchone()
        except (PoolTimeout, OperationalError, PostgresError) as error:
            raise InboxUnavailableError(str(error)) from error
        return Accepted.DUPLICATE if row is None else Accepted.STORED

    async def ready(self) -> bool:
        """Ask the database."""
        try:
            async with self._pool.connection() as connection:
                await connection.execute("SELECT 1 FROM delivery LIMIT 0")
        except (PoolTimeout, OperationalError, PostgresError):
            return False
        return True


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
            stored = connection.execute(
                "INSERT INTO delivery (guid, event, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (guid, event, body)
            )
            if not stored.rowcount:
                return Accepted.DUPLICATE
            connection.execute("INSERT INTO job (id, stage, subject) VALUES (?, 'receive', ?)", (uuid4().hex, guid))
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
