"""What becomes of deliveries while the database is away, silent, full or read-only: never a false 202."""

from __future__ import annotations

import resource
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
from sqlalchemy import text

from bot.web.inbox import SqliteInbox
from migrations.apply import upgrade
from tests.bot.web.site import Served, Site, served
from tests.databases import database, postgresql
from tests.proxy import Proxy
from worker.store.session import make_engine

SECONDS = 2.0 + 1.0
"""Within which one is told that a delivery is not stored, and what a busy machine may take on top."""


@contextmanager
def behind_a_proxy() -> Iterator[tuple[str, Proxy]]:
    """The URL of a migrated database by way of a proxy."""
    with postgresql() as url:
        engine = make_engine(url)
        upgrade(engine)
        engine.dispose()
        parts = urlsplit(url)
        with closing(Proxy(parts.port or 5432)) as proxy:
            yield urlunsplit(parts._replace(netloc=f"{parts.username}@127.0.0.1:{proxy.port}")), proxy


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[tuple[Served, Proxy]]:
    """A real web process, and its way to PostgreSQL."""
    with behind_a_proxy() as (url, proxy), served(url, tmp_path) as site:
        yield site, proxy


def recovered(site: Served, seconds: float = 30.0) -> bool:
    """Whether deliveries are stored again soon."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if site.post(guid=str(uuid4())).status_code == 202:
            return True
        time.sleep(0.2)
    return False


def refused(site: Served) -> None:
    """Several at once and one after the other: each gets its 503 in time, and the process lives."""
    for _ in range(3):
        started = time.monotonic()
        assert site.post(guid=str(uuid4())).status_code == 503
        assert time.monotonic() - started < SECONDS
    assert site.client.get(f"{site.url}/healthz").status_code == 200
    assert site.client.get(f"{site.url}/readyz", timeout=30).status_code == 503


def test_while_the_database_refuses_deliveries_are_refused_and_afterwards_stored(proxied: tuple[Served, Proxy]) -> None:
    site, proxy = proxied
    assert site.post(guid=str(uuid4())).status_code == 202
    proxy.cut()
    refused(site)
    proxy.mend()
    assert recovered(site)


def test_while_the_database_is_silent_deliveries_are_refused_and_afterwards_stored(
    proxied: tuple[Served, Proxy],
) -> None:
    site, proxy = proxied
    assert site.post(guid=str(uuid4())).status_code == 202
    proxy.freeze()
    refused(site)
    proxy.thaw()
    assert recovered(site)


def test_a_process_that_starts_while_the_database_is_silent_answers_and_recovers(tmp_path: Path) -> None:
    with behind_a_proxy() as (url, proxy):
        proxy.freeze()
        with served(url, tmp_path) as site:
            refused(site)
            proxy.thaw()
            assert recovered(site)


def test_a_full_disk_of_postgresql_is_a_503(tmp_path: Path) -> None:
    with database("postgresql", tmp_path) as url:
        site = Site(url)
        with site.engine.begin() as connection:
            connection.execute(
                text(
                    "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
                    "$$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = '53100'; END $$"
                )
            )
            connection.execute(text("CREATE TRIGGER full_disk BEFORE INSERT ON delivery EXECUTE FUNCTION full_disk()"))
        with site.client:
            assert site.post() == 503
            assert site.stored() == (0, 0)
            with site.engine.begin() as connection:
                connection.execute(text("DROP TRIGGER full_disk ON delivery"))
            assert site.post() == 202
        site.engine.dispose()


def test_a_full_disk_of_sqlite_is_a_503_and_nothing_is_lost_afterwards(tmp_path: Path) -> None:
    with database("sqlite", tmp_path) as url:
        engine = make_engine(url)
        upgrade(engine)
        engine.dispose()
        size = (tmp_path / "fairway.db").stat().st_size
        body = b'{"x": "' + b"y" * 100_000 + b'"}'
        with served(url, tmp_path) as site:
            unlimited = resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            answers = [site.post(body, guid=str(uuid4())).status_code for _ in range(20)]
            assert answers[-1] == 503
            assert set(answers) <= {202, 503}
            assert site.client.get(f"{site.url}/healthz").status_code == 200
            resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE, unlimited)
            assert site.post(body, guid=str(uuid4())).status_code == 202
        with closing(sqlite3.connect(tmp_path / "fairway.db")) as connection:
            [(deliveries, jobs)] = connection.execute(
                "SELECT (SELECT count(*) FROM delivery), (SELECT count(*) FROM job)"
            )
        assert deliveries == jobs == answers.count(202) + 1


def test_a_read_only_sqlite_is_a_503(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(inbox: SqliteInbox) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{tmp_path / 'fairway.db'}?mode=ro", uri=True, isolation_level=None)

    with database("sqlite", tmp_path) as url:
        site = Site(url)
        monkeypatch.setattr(SqliteInbox, "_connect", read_only)
        with site.client:
            assert site.post() == 503
        assert site.stored() == (0, 0)
        site.engine.dispose()
