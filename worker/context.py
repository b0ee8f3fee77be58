"""What a worker process works with, made from its settings."""

from __future__ import annotations

from worker.clients.github import GitHubGateway
from worker.content import ContentStore
from worker.pipeline import Announce, Context
from worker.quarantine import set_aside
from worker.screening import Screen, screen_here
from worker.settings import Settings
from worker.stages import functions
from worker.store.session import make_engine, session_scope


def make_context(settings: Settings, announce: Announce, screen: Screen = screen_here) -> Context:
    """Connections are made when they are first needed. Raises NotAnAppError where the settings name no App."""
    gateway = GitHubGateway(settings)
    return Context(
        settings=settings,
        scope=session_scope(make_engine(settings.database_url)),
        github=gateway,
        content=ContentStore(settings.content_folder),
        screen=screen,
        stages=functions(),
        on_quarantine=set_aside,
        announce=announce,
        backlog=gateway.pacer.backlog,
    )
