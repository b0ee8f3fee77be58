"""Commits of git as values: messages cut, names decoded, times in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pygit2

from rules.submission import Commit

MAX_MESSAGE_BYTES = 20_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def value_of(commit: pygit2.Commit) -> Commit:
    """A commit with its message cut at `MAX_MESSAGE_BYTES`; bytes that are no UTF-8 are replaced."""
    signature = commit.author
    message = commit.raw_message[:MAX_MESSAGE_BYTES].decode("utf-8", "replace")
    author = signature.raw_name.decode("utf-8", "replace")
    return Commit(str(commit.id), message, _from_epoch(signature.time), author)


def _from_epoch(seconds: int) -> datetime:
    """UTC; a time that no calendar holds becomes the epoch."""
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return _EPOCH


def moment_of(text: str) -> datetime | None:
    """ISO 8601 → UTC; without a zone it is taken as UTC; None where it cannot be read."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
