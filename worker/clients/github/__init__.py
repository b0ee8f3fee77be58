"""GitHub by githubkit: the gateway that the pipeline works with."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx

from worker.clients.github.app import Credentials
from worker.clients.github.line import Line
from worker.clients.github.writes import Writes
from worker.clients.pacer import Pacer, make_pacer
from worker.settings import Settings

__all__ = ["GitHubGateway", "NotAnAppError"]


class NotAnAppError(ValueError):
    """The settings name no App. The message says what is missing."""


class GitHubGateway(Writes):
    """`worker.clients.gateway.Gateway` with githubkit. Threads may share it; connections are made when first needed.

    `clock` is in epoch seconds; `transport` replaces the network in tests. Raises NotAnAppError where the settings
    lack the App's number or key.
    """

    def __init__(
        self,
        settings: Settings,
        pacer: Pacer | None = None,
        *,
        clock: Callable[[], float] = time.time,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if settings.app_id is None or settings.private_key is None:
            raise NotAnAppError("set FAIRWAY_APP_ID and FAIRWAY_PRIVATE_KEY to work with GitHub")
        self.pacer, self._own_pacer = pacer or make_pacer(settings), pacer is None
        self._line = Line(
            str(settings.github_api_url),
            self.pacer,
            timeout=settings.github_timeout_seconds,
            clock=clock,
            transport=transport,
        )
        credentials = Credentials(self._line, settings.app_id, settings.private_key)
        super().__init__(credentials, str(settings.github_web_url), settings.app_slug)

    def warm_up(self) -> None:
        """Do at the start of a worker what the first request would wait for."""
        self._line.warm_up()

    def close(self) -> None:
        """Close the connections."""
        self._line.close()
        if self._own_pacer:
            self.pacer.close()
