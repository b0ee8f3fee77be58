from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.web.site import Site
from tests.databases import database


@pytest.fixture(params=["postgresql", "sqlite"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """The application on each kind of database."""
    with database(request.param, tmp_path) as url:
        made = Site(url)
        with made.client:
            yield made
        made.engine.dispose()
