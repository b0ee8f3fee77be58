from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.openapi import Published
from tests.standin import HandClock, StandIn, stand_in


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def github(tmp_path: Path, clock: HandClock) -> Iterator[StandIn]:
    with stand_in(tmp_path, clock=clock) as made:
        yield made


class AnswersOnly(Published):
    def request(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Sequence[str]:
        return []


@pytest.fixture
def permissive(tmp_path: Path, clock: HandClock) -> Iterator[StandIn]:
    """Answers are checked, requests are not: what the stand-in itself refuses can be seen."""
    with stand_in(tmp_path, clock=clock, validator=AnswersOnly()) as made:
        yield made


@pytest.fixture
def client(github: StandIn) -> Iterator[httpx.Client]:
    """A client with all that the App was granted."""
    with github.client(github.token()) as made:
        yield made
