"""GitHub's JSON as the gateway's values. What is missing has a default, or is refused by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from worker.clients.gateway import (
    CommentFacts,
    CommitFacts,
    FileFacts,
    IssueFacts,
    PullRequestFacts,
    RefusedError,
    Repo,
    TreeFacts,
)

MOST_TEXT = 1_000_000
MOST_MESSAGE = 20_000
GHOST = "ghost"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_MODE = re.compile(r"[0-7]{5,6}")


class Fields:
    """An object of an answer, read field by field. A field that must be there and is not raises RefusedError.

    Texts come without NUL and lone surrogates, which no database keeps.
    """

    def __init__(self, data: Any, what: str) -> None:
        self._data: Mapping[str, Any] = data if isinstance(data, dict) else {}
        self._what = what

    def text(self, key: str, default: str | None = None) -> str:
        """A text; null and other kinds count as missing."""
        value = self._data.get(key)
        if isinstance(value, str):
            return storable(value[:MOST_TEXT])
        return self._missing(key) if default is None else default

    def secret(self, key: str) -> str:
        """A text of printable ASCII that goes into a header."""
        value = self.text(key)
        return value if value.isascii() and value.isprintable() and value else self._missing(key)

    def number(self, key: str, default: int | None = None) -> int:
        """A whole number."""
        value = self._data.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
            return value
        if default is None:
            self._missing(key)
        return default or 0

    def flag(self, key: str) -> bool:
        """Whether it is true."""
        return self._data.get(key) is True

    def sha(self, key: str) -> str:
        """An object's id in hexadecimal digits."""
        value = self.text(key)
        return value if _SHA.fullmatch(value) else self._missing(key)

    def moment(self, key: str, default: datetime | None = None) -> datetime:
        """A time in UTC."""
        try:
            moment = datetime.fromisoformat(self.text(key, ""))
            return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError):
            if default is None:
                self._missing(key)
            return default or EPOCH

    def inner(self, key: str) -> Fields:
        """The object below a field, empty where there is none."""
        return Fields(self._data.get(key), f"{self._what}, {key}")

    def items(self, key: str) -> Iterator[Fields]:
        """The objects of a list."""
        return objects(self._data.get(key), f"{self._what}, {key}")

    def _missing(self, key: str) -> str:
        raise RefusedError(f"{self._what}: the answer has no usable {key!r}")


def objects(data: Any, what: str) -> Iterator[Fields]:
    """The objects of a list, empty where it is none."""
    return (Fields(item, what) for item in (data if isinstance(data, list) else ()))


def storable(text: str) -> str:
    """Text that every database can keep."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def pull_request(told: Fields) -> PullRequestFacts:
    """A pull request, alone or out of a list. Lists tell no number of changed files: it is 0 there."""
    base, author = told.inner("base"), told.inner("user")
    return PullRequestFacts(
        number=told.number("number"),
        head_sha=told.inner("head").sha("sha"),
        base_sha=base.sha("sha"),
        base_ref=base.text("ref"),
        state=told.text("state"),
        draft=told.flag("draft"),
        merged=told.flag("merged") or bool(told.text("merged_at", "")),
        title=told.text("title", ""),
        author=author.text("login", GHOST),
        author_id=author.number("id", 0),
        created_at=told.moment("created_at"),
        changed_files=told.number("changed_files", 0),
        labels=tuple(label.text("name", "") for label in told.items("labels")),
    )


def changed_file(told: Fields) -> FileFacts:
    """A changed path."""
    previous = told.text("previous_filename", "")
    return FileFacts(told.text("filename"), told.text("status"), told.text("sha", ""), previous or None)


def commit(told: Fields) -> CommitFacts:
    """A commit, its message cut at `MOST_MESSAGE` bytes."""
    inner = told.inner("commit")
    message = inner.text("message", "").encode()[:MOST_MESSAGE].decode("utf-8", "replace")
    author = inner.inner("author")
    return CommitFacts(told.sha("sha"), message, author.moment("date", EPOCH), author.text("name", ""))


def tree_entry(told: Fields) -> TreeFacts:
    """An entry of a tree; folders and links to other repositories have no size."""
    mode = told.text("mode")
    if not _MODE.fullmatch(mode):
        raise RefusedError(f"a tree's entry has the mode {mode[:10]!r}")
    is_blob = told.text("type", "") == "blob"
    return TreeFacts(told.text("path"), int(mode, 8), told.sha("sha"), told.number("size", 0) if is_blob else None)


def comment(told: Fields) -> CommentFacts:
    """A comment on an issue or pull request."""
    author, app = told.inner("user"), told.inner("performed_via_github_app")
    number = told.text("issue_url").rpartition("/")[2]
    return CommentFacts(
        id=told.number("id"),
        number=int(number) if number.isdecimal() and len(number) < 12 else told.number("issue_url"),
        body=told.text("body", ""),
        author=author.text("login", GHOST),
        author_id=author.number("id", 0),
        is_bot=author.text("type", "") == "Bot",
        app_id=app.number("id", 0) or None,
        created_at=told.moment("created_at", EPOCH),
        updated_at=told.moment("updated_at", EPOCH),
    )


def issue(told: Fields) -> IssueFacts:
    """An issue."""
    return IssueFacts(told.number("number"), told.text("body", ""), told.text("state", "") == "open")


def repository(told: Fields, installation_id: int) -> Repo:
    """A repository of an installation."""
    return Repo(told.number("id"), told.text("full_name"), installation_id)
