"""What githubkit raises, as one of the four errors that the pipeline knows.

Messages carry method, path, status and GitHub's own words, never a header, a query or a body: tokens are in those.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from githubkit.exception import GitHubException, RequestError, RequestFailed, RequestTimeout

from worker.clients.gateway import AbsentError, GitHubError, LimitedError, RefusedError, UnavailableError
from worker.clients.github.transport import TooMuchError

SECONDARY_SECONDS = 60.0
MOST_SECONDS = 3_900.0
MOST_WORDS = 300
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a1-\u2027\u2030-\ud7ff]+")
_ABSENT = (404, 410, 451)
_LIMITING = ("rate limit", "abuse detection")


class UnauthorizedError(RefusedError):
    """401: the token is not (or not any more, or not yet) accepted. `told_at` is GitHub's clock, epoch seconds."""

    def __init__(self, message: str, told_at: float | None = None) -> None:
        super().__init__(message)
        self.told_at = told_at


def failure_of(error: GitHubException, what: str, now: float) -> GitHubError:
    """The pipeline's error for one of githubkit's; `what` is method and path, `now` epoch seconds."""
    if isinstance(error, RequestFailed):
        answer = error.response.raw_response
        return refusal_of(answer.status_code, answer.headers, answer.content, what, now)
    if isinstance(error, RequestTimeout):
        return UnavailableError(f"{what}: no answer in time")
    if isinstance(error, RequestError):
        if isinstance(error.exc, TooMuchError):
            return RefusedError(f"{what}: {error.exc}")
        return UnavailableError(f"{what}: {type(error.exc).__name__}")
    return UnavailableError(f"{what}: {type(error).__name__}")


def refusal_of(status: int, headers: Mapping[str, str], body: bytes, what: str, now: float) -> GitHubError:
    """The pipeline's error for an answer of 400 or above."""
    words = _words(body)
    told = f"{what}: {status} {words}".rstrip()
    if status == 429 or (status == 403 and _is_limit(headers, words)):
        return LimitedError(_seconds(headers, now), told)
    if status == 401:
        return UnauthorizedError(told, date_of(headers))
    if status in _ABSENT:
        return AbsentError(told)
    return UnavailableError(told) if status >= 500 or status == 408 else RefusedError(told)


def seconds_until(moment: float, headers: Mapping[str, str], now: float, most: float = MOST_SECONDS) -> float | None:
    """Seconds until a time that GitHub names, by GitHub's clock where the answer tells it, else by ours.

    None where neither makes sense: the time is past, or more than `most` away.
    """
    spans = (moment - clock for clock in (date_of(headers), now) if clock is not None)
    return next((span for span in spans if 0 < span <= most), None)


def date_of(headers: Mapping[str, str]) -> float | None:
    """GitHub's clock as the answer tells it, in epoch seconds."""
    try:
        told: datetime = parsedate_to_datetime(headers.get("date", ""))
        return told.timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


def _is_limit(headers: Mapping[str, str], words: str) -> bool:
    """A secondary limit may come without any header: only its words tell it from a missing permission."""
    if "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0":
        return True
    return any(phrase in words.lower() for phrase in _LIMITING)


def _seconds(headers: Mapping[str, str], now: float) -> float:
    """How long to wait: as told, else until the hourly limit is reset, else a minute."""
    told = _number(headers.get("retry-after"))
    if told is not None:
        return min(max(told, 1.0), MOST_SECONDS)
    reset = _number(headers.get("x-ratelimit-reset"))
    if reset is not None and headers.get("x-ratelimit-remaining") == "0":
        left = seconds_until(reset, headers, now)
        return SECONDARY_SECONDS if left is None else min(left + 1.0, MOST_SECONDS)
    return SECONDARY_SECONDS


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and text.isdecimal() and len(text) <= 12 else None


def _words(body: bytes) -> str:
    """GitHub's message and the first reasons below it, in one printable line."""
    try:
        told = json.loads(body[:65_536])
    except (ValueError, RecursionError):
        return ""
    if not isinstance(told, dict):
        return ""
    below = told.get("errors")
    listed = below[:3] if isinstance(below, list) else []
    reasons = [one.get("message") if isinstance(one, dict) else one for one in listed]
    words = "; ".join(one for one in (told.get("message"), *reasons) if isinstance(one, str))
    return _UNPRINTABLE.sub(" ", words)[:MOST_WORDS]
