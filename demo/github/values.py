"""What the stand-in remembers: accounts, repositories, pull requests, comments, checks. Times are UTC."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Clock = Callable[[], datetime]
Json = dict[str, Any]

ROLES = {"admin": "admin", "maintain": "write", "write": "write", "triage": "read", "read": "read", "none": "none"}
"""A role's name and the older word for it that GitHub answers beside it."""


def utc_now() -> datetime:
    """The time of the machine."""
    return datetime.now(UTC)


@dataclass(slots=True, eq=False)
class Account:
    """A user, an organization or a bot. The login may change, the id does not."""

    id: int
    login: str
    kind: str = "User"


@dataclass(frozen=True, slots=True)
class AppFacts:
    """The registered App: `public_key` is the PEM that its tokens are verified with."""

    id: int
    slug: str
    name: str
    owner: Account
    bot: Account
    public_key: bytes
    permissions: Mapping[str, str]
    events: tuple[str, ...]
    created_at: datetime


@dataclass(slots=True, eq=False)
class Installation:
    """The App on an account, with what was granted: `selection` is `all` or `selected`."""

    id: int
    account: Account
    permissions: dict[str, str]
    repository_ids: set[int]
    selection: str
    created_at: datetime
    suspended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """An installation's access token."""

    value: str
    installation_id: int
    permissions: Mapping[str, str]
    repository_ids: frozenset[int]
    expires_at: datetime


@dataclass(slots=True, eq=False)
class Label:
    """A label of a repository; names are compared without case."""

    id: int
    name: str
    color: str = "ededed"
    description: str | None = None


@dataclass(slots=True, eq=False)
class Issue:
    """An issue, or the talk below a pull request. `labels` holds names in lower case."""

    id: int
    number: int
    author: Account
    title: str
    body: str | None
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None
    state_reason: str | None = None
    by_app: bool = False
    labels: list[str] = field(default_factory=list)
    comments: list[int] = field(default_factory=list)

    @property
    def state(self) -> str:
        """`open` or `closed`."""
        return "open" if self.closed_at is None else "closed"


@dataclass(slots=True, eq=False)
class PullRequest:
    """A pull request. `fork` is the owner of the head's repository; None: that repository was deleted."""

    id: int
    issue: Issue
    head_sha: str
    head_ref: str
    base_sha: str
    base_ref: str
    fork: Account | None
    draft: bool = False
    merged_at: datetime | None = None
    merge_commit_sha: str | None = None

    @property
    def number(self) -> int:
        """The number, which it shares with its issue."""
        return self.issue.number


@dataclass(slots=True, eq=False)
class Repository:
    """A repository; `git` is the bare repository that holds its objects, `refs/pull/N/head` among them."""

    id: int
    owner: Account
    name: str
    git: Path
    default_branch: str
    created_at: datetime
    private: bool = False
    collaborators: dict[int, str] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    next_number: int = 1
    open_issues: int = 0

    @property
    def full_name(self) -> str:
        """Owner and name."""
        return f"{self.owner.login}/{self.name}"


@dataclass(slots=True, eq=False)
class Comment:
    """A comment on an issue or a pull request."""

    id: int
    repository: Repository
    number: int
    author: Account
    body: str
    created_at: datetime
    updated_at: datetime
    by_app: bool = False
    reactions: dict[tuple[int, str], Reaction] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Reaction:
    """One account's reaction to a comment."""

    id: int
    author: Account
    content: str
    created_at: datetime


@dataclass(slots=True, eq=False)
class CheckSuite:
    """The App's check runs of one commit."""

    id: int
    repository: Repository
    head_sha: str
    created_at: datetime
    updated_at: datetime
    runs: list[int] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class CheckRun:
    """A check run with all annotations that were sent for it."""

    id: int
    suite: CheckSuite
    name: str
    created_at: datetime
    started_at: datetime
    status: str = "queued"
    conclusion: str | None = None
    completed_at: datetime | None = None
    external_id: str = ""
    details_url: str | None = None
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: list[Json] = field(default_factory=list)
    actions: list[Json] = field(default_factory=list)

    @property
    def head_sha(self) -> str:
        """The commit that was checked."""
        return self.suite.head_sha
