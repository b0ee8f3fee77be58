"""What the pipeline asks of GitHub, as values and a protocol. `worker.clients.github` answers it with githubkit.

Every call may raise one of the errors below and nothing else. No call retries by itself or sleeps: a job that has to
wait is parked, so that no worker stands idle and nothing is posted twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol


class GitHubError(Exception):
    """GitHub did not do what was asked."""


class UnavailableError(GitHubError):
    """A fault on the way or at GitHub (5xx, timeout, dropped connection): whether it was done is not known."""


class TruncatedError(UnavailableError):
    """There is more than GitHub puts into one answer: asking again brings no more."""


class LimitedError(GitHubError):
    """A primary or secondary limit. Nothing may be asked again before `seconds` have passed."""

    def __init__(self, seconds: float, reason: str) -> None:
        super().__init__(f"{reason}; wait {seconds:.0f} s")
        self.seconds = seconds


class AbsentError(GitHubError):
    """Not there, or not for us: 404, 410, 451."""


class RefusedError(GitHubError):
    """GitHub understood and refused: 401, 403 without a limit, 422. Asking again changes nothing."""


class OversizedError(RefusedError):
    """A file is larger than what is read of such files."""


@dataclass(frozen=True, slots=True)
class Repo:
    """A repository and the installation through which it is reached."""

    id: int
    full_name: str
    installation_id: int


@dataclass(frozen=True, slots=True)
class PullRequestFacts:
    """A pull request as GitHub shows it now. Times in UTC."""

    number: int
    head_sha: str
    base_sha: str
    base_ref: str
    state: str
    draft: bool
    merged: bool
    title: str
    author: str
    author_id: int
    created_at: datetime
    changed_files: int
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A changed path. `status` is GitHub's word: added, modified, removed, renamed, changed, copied, unchanged."""

    path: str
    status: str
    blob_sha: str
    previous_path: str | None = None


@dataclass(frozen=True, slots=True)
class TreeFacts:
    """An entry of a tree: `mode` as in git, `size` in bytes for blobs."""

    path: str
    mode: int
    sha: str
    size: int | None


@dataclass(frozen=True, slots=True)
class CommitFacts:
    """A commit of the pull request."""

    sha: str
    message: str
    authored_at: datetime
    author: str


@dataclass(frozen=True, slots=True)
class CommentFacts:
    """A comment on an issue or pull request."""

    id: int
    number: int
    body: str
    author: str
    author_id: int
    is_bot: bool
    app_id: int | None = None
    created_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    updated_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class IssueFacts:
    """An issue that this App opened."""

    number: int
    body: str
    is_open: bool


class Conclusion(StrEnum):
    """How a finished check run ends."""

    SUCCESS = "success"
    NEUTRAL = "neutral"
    ACTION_REQUIRED = "action_required"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Annotation:
    """A note at a line of the head commit. `level` is notice, warning or failure."""

    path: str
    line: int
    level: str
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class CheckAction:
    """A button: label and identifier at most 20 characters, description at most 40."""

    label: str
    description: str
    identifier: str


@dataclass(frozen=True, slots=True)
class Check:
    """A check run as it should be. `conclusion` None: in progress."""

    name: str
    head_sha: str
    external_id: str
    title: str
    summary: str
    text: str = ""
    conclusion: Conclusion | None = None
    details_url: str | None = None
    annotations: tuple[Annotation, ...] = ()
    actions: tuple[CheckAction, ...] = ()


@dataclass(frozen=True, slots=True)
class FailedDelivery:
    """A delivery that GitHub could not hand over."""

    id: int
    guid: str
    delivered_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """One page of pull requests and whether more follow."""

    items: Sequence[PullRequestFacts] = field(default_factory=tuple)
    more: bool = False


class Gateway(Protocol):
    """GitHub, as the pipeline needs it."""

    def pull_request(self, repo: Repo, number: int) -> PullRequestFacts: ...
    def open_pull_requests(self, repo: Repo, *, page: int) -> Page:
        """Oldest first, 100 a page, pages from 1."""

    def pull_requests_with_head(self, repo: Repo, head_sha: str) -> Sequence[int]: ...
    def changed_files(self, repo: Repo, number: int) -> Sequence[FileFacts]:
        """At most 3,000, which is GitHub's limit."""

    def commits(self, repo: Repo, number: int) -> Sequence[CommitFacts]:
        """At most 250, which is GitHub's limit, oldest first."""

    def tree(self, repo: Repo, tree_ish: str) -> Sequence[TreeFacts]:
        """All entries below a tree, recursively; raises UnavailableError where GitHub cuts the answer."""

    def blob(self, repo: Repo, sha: str) -> bytes: ...
    def file(self, repo: Repo, path: str, ref: str) -> bytes | None:
        """A small file on a branch, None where there is none. Raises OversizedError above a megabyte."""

    def default_branch(self, repo: Repo) -> str: ...
    def clone_url(self, repo: Repo) -> tuple[str, str]:
        """URL for `git fetch` and the value of an HTTP Authorization header with a token that may only read."""

    def create_check(self, repo: Repo, check: Check) -> int: ...
    def update_check(self, repo: Repo, check_id: int, check: Check, *, annotations_from: int = 0) -> None:
        """Annotations are appended in batches of 50, beginning at `annotations_from`."""

    def find_check(self, repo: Repo, head_sha: str, external_id: str) -> int | None: ...
    def annotation_count(self, repo: Repo, check_id: int) -> int:
        """How many annotations a check run has: they can only be appended, so what is there must be known."""

    def create_comment(self, repo: Repo, number: int, body: str) -> int: ...
    def update_comment(self, repo: Repo, comment_id: int, body: str) -> None: ...
    def find_comment(self, repo: Repo, number: int, marker: str) -> int | None:
        """A comment of this App that begins with the marker; other authors' comments do not count."""

    def comment(self, repo: Repo, comment_id: int) -> CommentFacts: ...
    def react(self, repo: Repo, comment_id: int, content: str) -> None: ...
    def labels(self, repo: Repo, number: int) -> Sequence[str]: ...
    def add_labels(self, repo: Repo, number: int, labels: Sequence[str]) -> None: ...
    def remove_label(self, repo: Repo, number: int, label: str) -> None: ...
    def permission(self, repo: Repo, login: str, *, user_id: int | None = None) -> str:
        """admin, maintain, write, triage, read or none, as GitHub knows it now.

        With `user_id` a login that meanwhile belongs to somebody else has none.
        """

    def create_issue(self, repo: Repo, title: str, body: str) -> int: ...
    def issue(self, repo: Repo, number: int) -> IssueFacts: ...
    def find_issue(self, repo: Repo, marker: str) -> IssueFacts | None:
        """The oldest issue of this App, open or closed, that begins with the marker."""

    def update_issue(self, repo: Repo, number: int, *, body: str, is_open: bool | None = None) -> None:
        """Another text; open or closed stays as it is where it is not told."""

    def failed_deliveries(self, *, since: datetime) -> Iterator[FailedDelivery]: ...
    def redeliver(self, delivery_id: int) -> None: ...
    def installation_repositories(self, installation_id: int) -> Sequence[Repo]: ...
