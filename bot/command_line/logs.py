"""How processes log: one line each on standard error, with time, level and process, and never a secret."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from rules.report.escape import visible

if TYPE_CHECKING:
    from worker.settings import Settings

FORMAT = "%(asctime)s %(levelname)-7s %(processName)s[%(process)d] %(name)s: %(message)s"
TIME = "%Y-%m-%dT%H:%M:%SZ"
HIDDEN = "[hidden]"
LEAST_SECRET = 6
TALKATIVE = ("httpx", "httpcore", "hishel", "githubkit", "celery", "kombu", "amqp", "alembic", "uvicorn", "asyncio")
_TOKENS = re.compile(
    r"gh[a-z]_[A-Za-z0-9_]{16,}|github_pat_[A-Za-z0-9_]{16,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----",
    re.DOTALL,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


class SafeFormatter(logging.Formatter):
    """One line for each record, a traceback below it; what a stranger wrote cannot forge lines or hide in them."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__(FORMAT, TIME)
        self.converter = time.gmtime
        known = sorted({secret for secret in secrets if len(secret) >= LEAST_SECRET}, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, known))) if known else None

    def format(self, record: logging.LogRecord) -> str:
        """The record without control characters and secrets."""
        text = _TOKENS.sub(HIDDEN, super().format(record))
        if self._secrets is not None:
            text = self._secrets.sub(HIDDEN, text)
        return _CONTROL.sub(lambda found: visible(found.group()), text)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The first line."""
        record.message = record.message.replace("\n", "\\n")
        return super().formatMessage(record)


def set_up(settings: Settings, *, verbose: bool = False) -> None:
    """Log to standard error from now on."""
    handler = logging.StreamHandler()
    handler.setFormatter(SafeFormatter(secrets_of(settings)))
    logging.basicConfig(handlers=[handler], level=logging.DEBUG if verbose else logging.INFO, force=True)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.INFO if verbose else logging.WARNING)
    logging.captureWarnings(capture=True)


def secrets_of(settings: Settings) -> list[str]:
    """Every secret that the settings hold: a key also line by line, as a log might cut it."""
    found = [secret.get_secret_value() for secret in settings.webhook_secret]
    if settings.private_key is not None:
        found += settings.private_key.get_secret_value().splitlines()
    for url in (settings.database_url, settings.broker_url, settings.reviewer_url):
        password = urlsplit(str(url or "")).password
        found += [] if password is None else [password, unquote(password)]
    return found
