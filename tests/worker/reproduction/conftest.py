from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import database
from tests.worker.reproduction.scene import Scene, scene


@pytest.fixture(params=["postgresql", "sqlite"])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    with database(request.param, tmp_path) as url, scene(url, tmp_path) as made:
        yield made


@pytest.fixture
def lone(tmp_path: Path) -> Iterator[Scene]:
    with database("sqlite", tmp_path) as url, scene(url, tmp_path) as made:
        yield made
