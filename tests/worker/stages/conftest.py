from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.databases import database
from tests.pipeline import Pipeline, running
from tests.standin import ORGANIZER, StandIn, stand_in
from tests.worker.stages.backfilling import Fetched
from tests.worker.stages.configuring import Push, configure
from worker.configuration import PATH
from worker.pipeline import StageFunction
from worker.stages import backfill
from worker.store.models import Stage


@pytest.fixture
def github(tmp_path: Path) -> Iterator[StandIn]:
    with stand_in(tmp_path) as made:
        yield made


@pytest.fixture(params=["postgresql", "sqlite"])
def pipeline(request: pytest.FixtureRequest, github: StandIn, tmp_path: Path) -> Iterator[Pipeline]:
    """The pipeline with all its stages, which knows the stand-in's repository."""
    with database(request.param, tmp_path) as url, running(url, github, tmp_path) as made:
        made.know(github)
        yield made


@pytest.fixture
def push(pipeline: Pipeline, github: StandIn) -> Push:
    def pushed(content: bytes | None) -> None:
        github.people.push_branch(github.repository, ORGANIZER, {PATH: content})
        configure(pipeline, github)

    return pushed


@pytest.fixture
def fetched() -> Fetched:
    return Fetched()


@pytest.fixture
def backfilling(pipeline: Pipeline, fetched: Fetched) -> Pipeline:
    """The pipeline with backfill and a fetch that only notes; GitHub allows as much as anybody wants."""
    settings = pipeline.context.settings.model_copy(update={"creations_per_hour": 100_000})
    stages: dict[Stage, StageFunction] = {Stage.BACKFILL: backfill.run, Stage.FETCH: fetched}
    pipeline.context = replace(pipeline.context, settings=settings, stages=stages)
    return pipeline
