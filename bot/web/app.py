"""The web application, made from settings. Nothing is connected at import."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from bot.web import feed, health, webhook
from bot.web.inbox import make_inbox
from bot.web.metrics import make_waiting
from bot.web.webhook import Receiver
from worker.settings import Settings

UNSIGNED = (
    "FAIRWAY_WEBHOOK_SECRET is not set: without it nobody could tell GitHub's deliveries from forged ones. "
    "Set it to the secret of the App's webhook (several, separated by commas, during a rotation)."
)


class SettingsError(Exception):
    """A deployment that would not be safe or could not work. The message says what to set."""


def make_app(settings: Settings, *, unsigned: bool = False) -> FastAPI:
    """The application. Raises SettingsError without a webhook secret, unless it may do without: then it takes none."""
    secrets = [secret.get_secret_value().encode() for secret in settings.webhook_secret]
    if not secrets and not unsigned:
        raise SettingsError(UNSIGNED)
    inbox, waiting = make_inbox(settings.database_url), make_waiting(settings.database_url)
    told = feed.make_feed(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await inbox.open()
        yield
        await inbox.close()
        waiting.close()
        told.close()

    app = FastAPI(title="Fairway", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.receiver, app.state.waiting, app.state.feed = Receiver(inbox, secrets), waiting, told
    app.include_router(webhook.router if secrets else webhook.closed)
    app.include_router(health.router)
    app.include_router(feed.router)
    return app
