from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.databases import database
from tests.pipeline import running
from tests.standin import HandClock, StandIn, stand_in
from tests.worker.publishing.scene import Scene, scene
from worker.clients.github import GitHubGateway
from worker.clients.pacer import LocalPacer


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def github(tmp_path: Path, clock: HandClock) -> Iterator[StandIn]:
    with stand_in(tmp_path, clock=clock) as made:
        yield made


@pytest.fixture(params=["postgresql", "sqlite"])
def publishing(request: pytest.FixtureRequest, github: StandIn, tmp_path: Path, clock: HandClock) -> Iterator[Scene]:
    """A pull request whose publishing keeps the stand-in's time."""

    def seconds() -> float:
        return clock().timestamp()

    with database(request.param, tmp_path) as url, running(url, github, tmp_path) as pipeline:
        gateway = GitHubGateway(pipeline.context.settings, LocalPacer(clock=seconds), clock=seconds)
        pipeline.context = replace(pipeline.context, github=gateway)
        yield scene(github, pipeline)
        gateway.close()
