"""In front of every endpoint: the log, faults, limits, checks against GitHub's description, ETags."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import format_datetime
from typing import Any, Protocol
from urllib.parse import parse_qsl

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo.github.access import basic_token
from demo.github.answers import ApiError
from demo.github.faults import Fault, Kind, limit_answer
from demo.github.log import Exchange
from demo.github.state import GitHubState

MOST_BODY = 50 * 1024 * 1024
API_VERSION = "2022-11-28"
DROP = "fairway.drop"
"""Where `serve` puts the function that cuts the connection of a request."""

WAIT_WITHOUT_HEADER = 60.0
NO_AGENT = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header."


class Validator(Protocol):
    """Checks against GitHub's published description. Both answer with what is wrong."""

    def request(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Sequence[str]: ...
    def answer(self, method: str, path: str, status: int, body: Any) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class DroppedError(Exception):
    """A connection that is to be cut where there is none, because the application is called directly."""


class Front:
    """ASGI middleware. The endpoints behind it run one at a time, below the state's lock."""

    def __init__(self, app: ASGIApp, state: GitHubState, validator: Validator | None = None) -> None:
        self._app, self._state, self._validator = app, state, validator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        exchange = _exchange(scope, body, self._state)
        scope.setdefault("state", {})["exchange"] = exchange
        with self._state.lock:
            self._state.log.begin(exchange)
            fault = self._state.faults.draw(exchange.method, exchange.path)
        exchange.fault = None if fault is None else str(fault.kind)
        answer = await self._answer(scope, exchange, body, fault, send)
        if answer is not None:
            exchange.status = answer.status
            await _send(answer, send)

    async def _answer(
        self, scope: Scope, exchange: Exchange, body: bytes, fault: Fault | None, send: Send
    ) -> _Answer | None:
        """The answer; None where it was sent already, or never will be."""
        if fault is not None and fault.kind is Kind.SLOW:
            await asyncio.sleep(fault.seconds or 0)
        elif fault is not None and not fault.after:
            return await self._suffer(scope, exchange, fault)
        if ".git/" in exchange.path:
            await self._stream(scope, exchange, body, send)
            return None
        answer = await self._inner(scope, exchange, body)
        if fault is not None and fault.after:
            return await self._suffer(scope, exchange, fault)
        return answer

    async def _inner(self, scope: Scope, exchange: Exchange, body: bytes) -> _Answer:
        """What the endpoint says, unless the request breaks GitHub's description or a limit."""
        with self._state.lock:
            broken = self._state.meter.take(exchange)
            if broken is not None:
                return self._limited(exchange, broken)
            if not exchange.headers.get("user-agent"):
                return self._finish(exchange, _plain(ApiError(403, NO_AGENT).response()))
            wrong = self._check_request(exchange)
            if wrong:
                return self._finish(exchange, _plain(ApiError(400, "Not GitHub's API", errors=wrong).response()))
            got = _Collected()
            await self._app(scope, _once(body), got)
            answer = got.answer()
            exchange.done = answer.status < 300
            self._state.log.end(exchange)
            self._check_answer(exchange, answer)
            return self._finish(exchange, answer)

    async def _stream(self, scope: Scope, exchange: Exchange, body: bytes, send: Send) -> None:
        """Pass on what git says, piece by piece."""

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
            await send(message)

        await self._app(scope, _once(body), noting)

    async def _suffer(self, scope: Scope, exchange: Exchange, fault: Fault) -> _Answer | None:
        if fault.kind is Kind.DROP:
            cut = scope.get("extensions", {}).get(DROP)
            if cut is None:
                raise DroppedError(exchange.path)
            await cut()
            return None
        if fault.kind is Kind.ERROR:
            return self._finish(exchange, _plain(ApiError(fault.status, "Server Error").response()))
        return self._limited(exchange, fault)

    def _limited(self, exchange: Exchange, fault: Fault) -> _Answer:
        state = self._state
        message, headers = limit_answer(fault, exchange.installation_id, exchange.time)
        state.faults.forbid(exchange.installation_id, exchange.time, fault.seconds or WAIT_WITHOUT_HEADER)
        status = fault.status if fault.status in (403, 429) else 403
        return self._finish(exchange, _plain(ApiError(status, message, headers=headers).response()))

    def _finish(self, exchange: Exchange, answer: _Answer) -> _Answer:
        """Add what every answer has; a 304 where the asker has it already."""
        own = {name for name, _ in answer.headers}
        extra = {
            **self._state.meter.headers(exchange),
            "date": format_datetime(exchange.time.astimezone(UTC), usegmt=True),
            "x-github-api-version-selected": API_VERSION,
            "x-github-media-type": "github.v3; format=json",
            "x-github-request-id": f"{self._state.log.total:08X}",
        }
        if exchange.method == "GET" and answer.status == 200:
            extra["etag"] = f'W/"{hashlib.sha256(answer.body).hexdigest()}"'
            if exchange.headers.get("if-none-match") == extra["etag"]:
                self._state.meter.give_back(exchange)
                answer, own = _Answer(304, [], b""), set()
        added = [(name.encode(), value.encode()) for name, value in extra.items() if name.encode() not in own]
        return _Answer(answer.status, answer.headers + added, answer.body)

    def _check_request(self, exchange: Exchange) -> Sequence[str]:
        if self._validator is None:
            return []
        wrong = self._validator.request(exchange.method, exchange.path, exchange.query, exchange.body)
        self._state.log.violations += [f"{exchange.method} {exchange.path}: {one}" for one in wrong]
        return wrong

    def _check_answer(self, exchange: Exchange, answer: _Answer) -> None:
        is_json = any(
            value.startswith(b"application/json") for name, value in answer.headers if name == b"content-type"
        )
        if self._validator is not None and is_json:
            body = json.loads(answer.body)
            wrong = self._validator.answer(exchange.method, exchange.path, answer.status, body)
            self._state.log.violations += [f"{exchange.method} {exchange.path} → {one}" for one in wrong]


def _exchange(scope: Scope, body: bytes, state: GitHubState) -> Exchange:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    made = Exchange(state.clock(), scope["method"], scope["path"], query, headers)
    if body and ".git/" not in made.path:
        try:
            made.body = json.loads(body)
        except (ValueError, RecursionError):
            made.body = body.decode("utf-8", "replace")
    made.token = basic_token(headers.get("authorization", "")) or headers.get("authorization", "").partition(" ")[2]
    token = state.tokens.get(made.token)
    made.installation_id = None if token is None else token.installation_id
    return made


async def _read(receive: Receive) -> bytes:
    chunks, size = [], 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= MOST_BODY:
            chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)


def _once(body: bytes) -> Receive:
    """A `receive` that gives the body, and then waits for ever."""
    given = False

    async def receive() -> Message:
        nonlocal given
        if given:
            await asyncio.Event().wait()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


class _Collected:
    """A `send` that keeps the whole answer."""

    def __init__(self) -> None:
        self._status, self._headers, self._body = 500, list[tuple[bytes, bytes]](), b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], list(message["headers"])
        else:
            self._body += message.get("body", b"")

    def answer(self) -> _Answer:
        return _Answer(self._status, self._headers, self._body)


def _plain(response: Response) -> _Answer:
    return _Answer(response.status_code, response.raw_headers, bytes(response.body))


async def _send(answer: _Answer, send: Send) -> None:
    length = (b"content-length", str(len(answer.body)).encode())
    headers = [(name, value) for name, value in answer.headers if name != b"content-length"]
    if answer.status not in (204, 304):
        headers.append(length)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
