"""What the commands of a deployment share: settings that were checked, and logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from worker.settings import Settings

DATABASES = ("sqlite:///", "postgresql://", "postgres://", "postgresql+psycopg://")
BROKERS = ("memory://", "redis://", "rediss://")

NO_DATABASE = "FAIRWAY_DATABASE_URL: this is neither postgresql://… nor sqlite:///… with the path of a file"
NO_BROKER = "FAIRWAY_BROKER_URL: this is neither redis://… (rediss://… with TLS) nor memory://"
NO_KEY = (
    "FAIRWAY_PRIVATE_KEY: this is no private key in PEM form. Set it to the whole text of the App's .pem file; "
    "its line ends may be written as \\n."
)
ONE_PROCESS = (
    "`fairway {}` is a process of its own and needs a broker between the processes: set FAIRWAY_BROKER_URL to "
    "redis://… (without one, `fairway serve` does everything in one process)."
)
NOT_AN_APP = "FAIRWAY_APP_ID and FAIRWAY_PRIVATE_KEY are not set: without them nothing can be asked of GitHub."


def settings_as_given() -> Settings:
    """The settings from the environment; what is wrong with them is told by name, and no value is shown."""
    from pydantic import ValidationError

    from worker.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        lines = [f"FAIRWAY_{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}" for fault in faults]
        raise click.ClickException("\n".join(lines)) from None


def read_settings() -> Settings:
    """The settings from the environment, with addresses of kinds that a deployment works with."""
    settings = settings_as_given()
    if not settings.database_url.startswith(DATABASES) or settings.database_url.endswith((":///", ":memory:")):
        raise click.ClickException(NO_DATABASE)
    if not settings.broker_url.startswith(BROKERS):
        raise click.ClickException(NO_BROKER)
    return settings


def deployed_settings(command: str) -> Settings:
    """Settings for a process beside others: with a broker that they share."""
    settings = read_settings()
    if settings.embedded:
        raise click.ClickException(ONE_PROCESS.format(command))
    return settings


def is_app(settings: Settings) -> bool:
    """Whether the settings name an App. Complains about half of one, and about a key that is none."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if settings.private_key is None or settings.app_id is None:
        return False
    try:
        load_pem_private_key(settings.private_key.get_secret_value().encode(), None)
    except (ValueError, TypeError):
        raise click.ClickException(NO_KEY) from None
    return True


def require_app(settings: Settings) -> None:
    """Complain where the settings name no App."""
    if not is_app(settings):
        raise click.ClickException(NOT_AN_APP)
