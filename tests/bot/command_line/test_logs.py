"""Logs hold no secret and no line that somebody else made up."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest
from pydantic import HttpUrl, SecretStr

from bot.command_line.logs import HIDDEN, SafeFormatter, secrets_of
from tests.standin import keys
from worker.settings import Settings

SETTINGS = Settings(
    webhook_secret=(SecretStr("canary-one"), SecretStr("canary-two")),
    private_key=SecretStr(keys().private.decode()),
    database_url="postgresql://fairway:canary%2Fthree@db/fairway",
    broker_url="redis://:canary-four@redis/0",
    reviewer_url=HttpUrl("https://user:canary-five@models.example/v1"),
)


def logged(message: str, *arguments: object, failing: bool = False) -> str:
    trouble = None
    try:
        if failing:
            raise RuntimeError(message % arguments)
    except RuntimeError:
        trouble = sys.exc_info()
    record = logging.LogRecord("fairway", logging.WARNING, str(Path("x.py")), 1, message, arguments, trouble)
    return SafeFormatter(secrets_of(SETTINGS)).format(record)


@pytest.mark.parametrize(
    "secret",
    [
        "canary-one",
        "canary-two",
        "canary%2Fthree",
        "canary/three",
        "canary-four",
        "canary-five",
        "ghs_" + "A1b2" * 9,
        "github_pat_" + "A1b2" * 9,
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0In0.c2lnbmF0dXJlLW9mLWl0",
    ],
)
@pytest.mark.parametrize("failing", [False, True])
def test_a_secret_is_hidden_in_messages_and_tracebacks(secret: str, failing: bool) -> None:
    text = logged("asked with %s, in vain", secret, failing=failing)
    assert secret not in text
    assert HIDDEN in text
    assert "in vain" in text


@pytest.mark.parametrize("failing", [False, True])
def test_a_private_key_is_hidden_whole_and_line_by_line(failing: bool) -> None:
    text = keys().private.decode()
    for part in (text, *text.splitlines()[1:-1]):
        told = logged("asked with %s, in vain", part, failing=failing)
        assert part not in told
        assert HIDDEN in told


def test_a_message_is_one_line_with_time_level_and_process() -> None:
    [line] = logged("the title is %s", "x\n2026-01-01T00:00:00Z INFO forged").splitlines()
    assert " WARNING MainProcess[" in line
    assert r"x\n2026" in line


@pytest.mark.parametrize("sign", ["\r", "\x1b[2J", "\u202e", "\x85", "\u2028"])
@pytest.mark.parametrize("failing", [False, True])
def test_no_character_moves_or_hides_what_is_logged(sign: str, failing: bool) -> None:
    assert sign[0] not in logged("title %s", f"a{sign}b", failing=failing)


def test_without_secrets_nothing_is_hidden() -> None:
    record = logging.LogRecord("fairway", logging.INFO, "x.py", 1, "all is well", (), None)
    assert HIDDEN not in SafeFormatter(secrets_of(Settings())).format(record)
