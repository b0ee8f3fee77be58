"""What is read from GitHub: one method, one question, or a few for a list in pages."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from worker.clients.gateway import (
    AbsentError,
    CommentFacts,
    CommitFacts,
    FailedDelivery,
    FileFacts,
    IssueFacts,
    OversizedError,
    Page,
    PullRequestFacts,
    RefusedError,
    Repo,
    TreeFacts,
    TruncatedError,
    UnavailableError,
)
from worker.clients.github import values
from worker.clients.github.app import CHECKING, LISTING, READING, TALKING, Credentials, Permissions
from worker.clients.github.line import RAW_TYPE, Answer, Question
from worker.clients.github.values import Fields, objects

PER_PAGE = 100
MOST_ISSUES = 1_000
MOST_FILES, MOST_COMMITS, MOST_COMMENTS, MOST_RUNS, MOST_REPOSITORIES = 3_000, 250, 5_000, 1_000, 10_000
MOST_DELIVERIES = 40_000
MOST_CONFIGURATION = 1_048_576
ROLES = ("admin", "maintain", "write", "triage", "read", "none")
_FULL_NAME = re.compile(r"(?!\.{1,2}/)[A-Za-z0-9_.-]{1,100}/(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}")

_LOGIN = re.compile(r"[A-Za-z0-9_-]{1,100}(?:\[bot\])?")


def path_of(repo: Repo, rest: str = "") -> str:
    """The path of an endpoint of a repository. Raises RefusedError for a name that cannot be one."""
    if not _FULL_NAME.fullmatch(repo.full_name):
        raise RefusedError(f"{repo.full_name[:60]!r} is no name of a repository")
    return f"/repos/{repo.full_name}{rest}"


class Reads:
    """The reading half of the gateway."""

    def __init__(self, credentials: Credentials, web_url: str, slug: str) -> None:
        self._credentials, self._bot = credentials, f"{slug}[bot]"
        self._web_url = web_url.rstrip("/")

    def pull_request(self, repo: Repo, number: int) -> PullRequestFacts:
        return values.pull_request(self._object(repo, f"/pulls/{number:d}"))

    def open_pull_requests(self, repo: Repo, *, page: int) -> Page:
        asked = {"state": "open", "sort": "created", "direction": "asc", "per_page": PER_PAGE, "page": page}
        answer = self._get(repo, "/pulls", params=asked)
        items = tuple(values.pull_request(one) for one in objects(answer.json(), answer.what))
        return Page(items, more=len(items) >= PER_PAGE)

    def pull_requests_with_head(self, repo: Repo, head_sha: str) -> Sequence[int]:
        found = self._list(repo, f"/commits/{quote(head_sha, safe='')}/pulls", most=PER_PAGE)
        return tuple(one.number("number") for one in found if one.inner("head").text("sha", "") == head_sha)

    def changed_files(self, repo: Repo, number: int) -> Sequence[FileFacts]:
        return tuple(values.changed_file(one) for one in self._list(repo, f"/pulls/{number:d}/files", most=MOST_FILES))

    def commits(self, repo: Repo, number: int) -> Sequence[CommitFacts]:
        return tuple(values.commit(one) for one in self._list(repo, f"/pulls/{number:d}/commits", most=MOST_COMMITS))

    def tree(self, repo: Repo, tree_ish: str) -> Sequence[TreeFacts]:
        told = self._object(repo, f"/git/trees/{quote(tree_ish, safe='')}", params={"recursive": "1"})
        if told.flag("truncated"):
            raise TruncatedError(f"the tree {tree_ish[:12]} of {repo.full_name} is too large for one answer")
        return tuple(values.tree_entry(one) for one in told.items("tree"))

    def blob(self, repo: Repo, sha: str) -> bytes:
        return self._get(repo, f"/git/blobs/{quote(sha, safe='')}", accept=RAW_TYPE).content

    def file(self, repo: Repo, path: str, ref: str) -> bytes | None:
        try:
            answer = self._get(repo, f"/contents/{quote(path)}", params={"ref": ref})
        except AbsentError:
            return None
        told = Fields(answer.json(), answer.what)
        if told.text("type", "") != "file" or told.text("target", ""):
            return None  # a folder, a link to another repository, a symbolic link: no file to read
        if told.text("encoding", "") != "base64" or told.number("size", 0) > MOST_CONFIGURATION:
            raise OversizedError(f"{answer.what}: larger than {MOST_CONFIGURATION:,} bytes")
        try:
            return base64.b64decode(told.text("content"))
        except binascii.Error:
            raise UnavailableError(f"{answer.what}: the content is no base64") from None

    def default_branch(self, repo: Repo) -> str:
        return self._object(repo, permissions=LISTING).text("default_branch")

    def clone_url(self, repo: Repo) -> tuple[str, str]:
        path = path_of(repo).removeprefix("/repos")
        return f"{self._web_url}{path}.git", self._credentials.basic(repo)

    def find_check(self, repo: Repo, head_sha: str, external_id: str) -> int | None:
        path = path_of(repo, f"/commits/{quote(head_sha, safe='')}/check-runs")
        app_id = self._credentials.app_id
        question = Question("GET", path, repo.installation_id, params={"filter": "all", "app_id": app_id})
        for run in self._pages(repo, question, "check_runs", MOST_RUNS, CHECKING):
            ours = run.inner("app").number("id", 0) == app_id and run.text("head_sha", "") == head_sha
            if ours and run.text("external_id", "") == external_id:
                return run.number("id")
        return None

    def annotation_count(self, repo: Repo, check_id: int) -> int:
        told = self._object(repo, f"/check-runs/{check_id:d}", permissions=CHECKING)
        return told.inner("output").number("annotations_count")

    def find_comment(self, repo: Repo, number: int, marker: str) -> int | None:
        for told in self._list(repo, f"/issues/{number:d}/comments", most=MOST_COMMENTS):
            found = values.comment(told)
            if self._is_ours(found) and found.body.startswith(marker):
                return found.id
        return None

    def comment(self, repo: Repo, comment_id: int) -> CommentFacts:
        return values.comment(self._object(repo, f"/issues/comments/{comment_id:d}"))

    def issue(self, repo: Repo, number: int) -> IssueFacts:
        return values.issue(self._object(repo, f"/issues/{number:d}", permissions=TALKING))

    def find_issue(self, repo: Repo, marker: str) -> IssueFacts | None:
        asked = {"creator": self._bot, "state": "all", "sort": "created", "direction": "asc"}
        question = Question("GET", path_of(repo, "/issues"), payer=repo.installation_id, params=asked)
        for told in self._pages(repo, question, "", MOST_ISSUES, TALKING):
            found = values.issue(told)
            if self._wrote(told) and found.body.startswith(marker):
                return found
        return None

    def labels(self, repo: Repo, number: int) -> Sequence[str]:
        return tuple(one.text("name", "") for one in self._list(repo, f"/issues/{number:d}/labels", most=PER_PAGE))

    def permission(self, repo: Repo, login: str, *, user_id: int | None = None) -> str:
        """As the protocol has it. With `user_id` a login that meanwhile belongs to somebody else has none."""
        path = f"/collaborators/{quote(login, safe='')}/permission"
        if not _LOGIN.fullmatch(login):
            return "none"
        try:
            told = self._object(repo, path, permissions=LISTING)
        except AbsentError:
            return "none"
        if user_id is not None and told.inner("user").number("id", 0) != user_id:
            return "none"
        known = (one for one in (told.text("role_name", ""), told.text("permission", "")) if one in ROLES)
        return next(known, "none")

    def failed_deliveries(self, *, since: datetime) -> Iterator[FailedDelivery]:
        """Newest first, each GUID once, without those that another attempt handed over."""
        seen: set[str] = set()
        for told in self._deliveries():
            delivered_at, guid = told.moment("delivered_at"), told.text("guid")
            if delivered_at < since:
                return
            if guid not in seen:
                seen.add(guid)
                if not 200 <= told.number("status_code", 0) < 300:
                    yield FailedDelivery(told.number("id"), guid, delivered_at)

    def installation_repositories(self, installation_id: int) -> Sequence[Repo]:
        question = Question("GET", "/installation/repositories", payer=installation_id)
        found = self._pages(None, question, "repositories", MOST_REPOSITORIES, LISTING)
        return tuple(values.repository(one, installation_id) for one in found)

    def _wrote(self, told: Fields) -> bool:
        """Whether this App opened an issue."""
        author, app_id = told.inner("user"), told.inner("performed_via_github_app").number("id", 0)
        if app_id:
            return app_id == self._credentials.app_id
        return author.text("type", "") == "Bot" and author.text("login", "") == self._bot

    def _is_ours(self, comment: CommentFacts) -> bool:
        """Whether this App wrote it. No person's login holds a bracket."""
        if comment.app_id is not None:
            return comment.app_id == self._credentials.app_id
        return comment.is_bot and comment.author == self._bot

    def _deliveries(self) -> Iterator[Fields]:
        cursor: dict[str, str | int] = {}
        for _ in range(MOST_DELIVERIES // PER_PAGE):
            asked = {"per_page": PER_PAGE, **cursor}
            answer = self._credentials.as_app(Question("GET", "/app/hook/deliveries", payer=0, params=asked))
            yield from objects(answer.json(), answer.what)
            following = _cursor(answer)
            if following is None:
                return
            cursor = {"cursor": following}

    def _get(self, repo: Repo, rest: str, *, permissions: Permissions = READING, **asked: Any) -> Answer:
        question = Question("GET", path_of(repo, rest), payer=repo.installation_id, **asked)
        return self._credentials.as_installation(question, repo, permissions)

    def _object(self, repo: Repo, rest: str = "", **asked: Any) -> Fields:
        answer = self._get(repo, rest, **asked)
        return Fields(answer.json(), answer.what)

    def _list(
        self,
        repo: Repo,
        rest: str,
        *,
        most: int,
    ) -> Iterator[Fields]:
        question = Question("GET", path_of(repo, rest), payer=repo.installation_id)
        return self._pages(repo, question, "", most, READING)

    def _pages(
        self, repo: Repo | None, question: Question, key: str, most: int, permissions: Permissions
    ) -> Iterator[Fields]:
        """The items of all pages, up to `most`. `key` is the field that holds the list, "" where the answer is one."""
        for number in range(1, -(-most // PER_PAGE) + 1):
            params = {**question.params, "per_page": PER_PAGE, "page": number}
            asked = Question("GET", question.path, question.payer, params=params)
            answer = self._credentials.as_installation(asked, repo, permissions)
            told = answer.json()
            items = list(Fields(told, answer.what).items(key) if key else objects(told, answer.what))
            yield from items[: most - (number - 1) * PER_PAGE]
            if len(items) < PER_PAGE:
                return


def _cursor(answer: Answer) -> str | None:
    """Where the next page begins, out of the Link header; of its address only this is used."""
    for part in answer.headers.get("link", "").split(","):
        address, _, relation = part.partition(";")
        if 'rel="next"' in relation:
            found = parse_qs(urlsplit(address.strip(" <>")).query).get("cursor", [])
            return found[0] if found else None
    return None
