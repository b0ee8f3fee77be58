from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from migrations.apply import upgrade
from tests.databases import database
from worker.store.session import SessionScope, make_engine, session_scope


@pytest.fixture(params=["postgresql", "sqlite"])
def empty_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with database(request.param, tmp_path) as url:
        engine = make_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def scope(empty_engine: Engine) -> SessionScope:
    upgrade(empty_engine)
    return session_scope(empty_engine)
