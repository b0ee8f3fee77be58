from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.worker.commands.world import World, world


@pytest.fixture(params=["postgresql", "sqlite"])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with world(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def lone(tmp_path: Path) -> Iterator[World]:
    """The same on SQLite alone, for what no database changes."""
    with world("sqlite", tmp_path) as made:
        yield made
