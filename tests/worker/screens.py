"""Screenings of every kind, in a module that a process which is started for one reads quickly."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from rules import competition
from rules.submission import PullRequest
from worker.screening import Request, Screened
from worker.settings import Settings

SOME_SECONDS = 0.3
SOME_BYTES = 268_435_456
ANSWER = Screened({"number": 7}, "fine")


def request() -> Request:
    pull_request = PullRequest(7, "a" * 40, "pat", "Try it", datetime(2026, 3, 2, tzinfo=UTC))
    return Request(competition.builtin(), pull_request, {}, Path("nowhere"))


def quick(_request: Request) -> Screened:
    return ANSWER


def endless(_request: Request) -> Screened:
    while True:
        pass


def stubborn(_request: Request) -> Screened:
    """As a rule that breaks is noted and the next one tried."""
    while True:
        try:
            endless(_request)
        except Exception:
            continue


def stubborn_once(_request: Request) -> Screened:
    """As a library that catches everything."""
    try:
        endless(_request)
    except BaseException:
        endless(_request)
    return ANSWER


def hungry(_request: Request) -> Screened:
    kept = []
    while True:
        kept.append(bytearray(64 * 1024 * 1024))


def broken(_request: Request) -> Screened:
    raise ZeroDivisionError("a fault of ours")


def deadly(_request: Request) -> Screened:
    os._exit(9)


def settings(seconds: float = SOME_SECONDS) -> Settings:
    return Settings(screen_seconds=seconds, screen_bytes=SOME_BYTES)
