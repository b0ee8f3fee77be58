"""One request to GitHub: paced, asked once, its failure translated. Nothing here repeats or sleeps."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from worker.clients.gateway import GitHubError, LimitedError, RefusedError, UnavailableError
from worker.clients.github.transport import GuardedTransport
from worker.clients.pacer import Kind, Pacer

if TYPE_CHECKING:
    from githubkit import GitHub, UnauthAuthStrategy

API_VERSION = "2022-11-28"
JSON_TYPE = "application/vnd.github+json"
RAW_TYPE = "application/vnd.github.raw+json"
ANSWER_TIMEOUTS = 3  # an answer may take so many times the timeout of a single read
KEPT_ANSWERS, KEPT_BYTES = 256, 128 * 1024


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `payer` is the installation whose limits it counts against, 0 the App itself.

    `ticket` names the purpose of a creation, so that a job that was told to wait finds its place in the queue again.
    """

    method: str
    path: str
    payer: int
    kind: Kind = Kind.READ
    params: Mapping[str, str | int] = field(default_factory=dict)
    body: Any = field(default=None, repr=False)
    accept: str = JSON_TYPE
    ticket: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, with the asking in the way of messages."""

    what: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)

    def json(self) -> Any:
        """The content. Raises UnavailableError where it is no JSON: a proxy's page, or a cut answer."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            raise UnavailableError(f"{self.what}: the answer is no JSON") from None


class Line:
    """The connection to GitHub, made at the first request of each process. Threads may share it."""

    def __init__(
        self,
        base_url: str,
        pacer: Pacer,
        *,
        timeout: float,
        clock: Callable[[], float] = time.time,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._base_url, self._timeout, self._inner = httpx.URL(base_url), timeout, transport
        self._pacer, self.clock = pacer, clock
        self._made: tuple[int, GitHub[UnauthAuthStrategy], GuardedTransport] | None = None
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], tuple[str, Answer]] = OrderedDict()

    def ask(self, question: Question, authorize: Callable[[], str], *, keep_for: str = "") -> Answer:
        """Ask once. Raises one of the gateway's errors, LimitedError also where our own pacing says to wait.

        `authorize` makes the Authorization header, once it is the question's turn. `keep_for` names who asks: the
        answer is then kept, and asked for again only if it changed (ETag).
        """
        self.take_turn(question)
        key = (keep_for, f"{question.path}?{sorted(question.params.items())}")
        known = self._known(key) if keep_for else None
        answer = self._send(question, authorize(), None if known is None else known[0])
        if answer.status == 304:
            if known is None:
                raise UnavailableError(f"{question}: unchanged, but not known")
            return known[1]
        if keep_for:
            self._keep(key, answer)
        return answer

    def take_turn(self, question: Question) -> None:
        """Count a request that goes now. Raises LimitedError where it has to wait."""
        wait = self._pacer.reserve(question.kind, installation=question.payer, ticket=question.ticket)
        if wait > 0:
            raise LimitedError(wait, f"{question}: paced")

    def warm_up(self) -> None:
        """Import and make what the first request needs, which takes most of a second."""
        from worker.clients.github import errors  # noqa: F401 - imported for its time

        self._github()

    def close(self) -> None:
        """Close the connections; the next request makes new ones."""
        with self._lock:
            made, self._made = self._made, None
        if made is not None and made[0] == os.getpid():
            made[2].shut()

    def _send(self, question: Question, authorization: str, etag: str | None) -> Answer:
        from githubkit.exception import GitHubException

        from worker.clients.github.errors import failure_of

        headers = {
            "Authorization": authorization,
            "Accept": question.accept,
            "Accept-Encoding": "gzip",
            "X-GitHub-Api-Version": API_VERSION,
            **({} if etag is None else {"If-None-Match": etag}),
        }
        failure: GitHubError
        try:
            got = self._github().request(
                question.method, question.path, params=dict(question.params), json=question.body, headers=headers
            )
        except GitHubException as error:
            failure = failure_of(error, str(question), self.clock())
        else:
            return self._checked(question, got.raw_response)
        if isinstance(failure, LimitedError):
            self._pacer.forbid(question.payer, failure.seconds)
        raise failure  # outside of the handler: the request with its token is not in the chain

    def _checked(self, question: Question, got: httpx.Response) -> Answer:
        """A moved repository may turn a POST into a GET on its way, which did nothing."""
        elsewhere = 300 <= got.status_code < 400 and got.status_code != 304
        if elsewhere or got.request.method != question.method:
            raise RefusedError(f"{question}: {got.status_code}, moved elsewhere")
        return Answer(str(question), got.status_code, got.headers, got.content)

    def _github(self) -> GitHub[UnauthAuthStrategy]:
        with self._lock:
            if self._made is None or self._made[0] != os.getpid():  # connections do not survive a fork
                from githubkit import GitHub

                transport = GuardedTransport(self._base_url, ANSWER_TIMEOUTS * self._timeout, self._inner)
                github = GitHub(
                    base_url=self._base_url,
                    user_agent="fairway",
                    timeout=httpx.Timeout(self._timeout, connect=min(5.0, self._timeout)),
                    transport=transport,
                    http_cache=False,
                    auto_retry=False,
                )
                self._made = os.getpid(), github, transport
            return self._made[1]

    def _known(self, key: tuple[str, str]) -> tuple[str, Answer] | None:
        with self._lock:
            return self._kept.get(key)

    def _keep(self, key: tuple[str, str], answer: Answer) -> None:
        etag = answer.headers.get("etag")
        if etag is None or len(answer.content) > KEPT_BYTES:
            return
        with self._lock:
            self._kept[key] = etag, answer
            self._kept.move_to_end(key)
            if len(self._kept) > KEPT_ANSWERS:
                self._kept.popitem(last=False)
