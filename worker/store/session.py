"""Engines and sessions, made at start-up and handed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session, sessionmaker

SessionScope = Callable[[], AbstractContextManager[Session]]

CONNECT_SECONDS = 2
STATEMENT_MILLISECONDS = 30_000
LOCK_MILLISECONDS = 10_000


def make_engine(url: str) -> Engine:
    """An engine for PostgreSQL (psycopg) or SQLite (WAL), with timeouts on connecting, locks and statements."""
    if url.startswith("sqlite"):
        engine = create_engine(url, connect_args={"timeout": LOCK_MILLISECONDS / 1000})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediately)
        return engine
    options = f"-c statement_timeout={STATEMENT_MILLISECONDS} -c lock_timeout={LOCK_MILLISECONDS} -c timezone=UTC"
    return create_engine(
        with_driver(url),
        pool_pre_ping=True,
        pool_timeout=CONNECT_SECONDS,
        connect_args={"connect_timeout": CONNECT_SECONDS, "options": options},
    )


def with_driver(url: str) -> str:
    """Name psycopg as the driver where the URL names none."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def session_scope(engine: Engine) -> SessionScope:
    """A factory of transactions: commits at the end, rolls back on an exception."""
    factory = sessionmaker(engine, expire_on_commit=False)

    @contextmanager
    def scope() -> Iterator[Session]:
        with factory.begin() as session:
            yield session

    return scope


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """WAL lets readers and one writer work side by side; foreign keys are off unless asked for."""
    connection.isolation_level = None  # SQLAlchemy's `begin` event below opens transactions itself
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediately(connection: Any) -> None:
    """Take the write lock at once: a transaction that reads first and writes later could not get it any more."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
