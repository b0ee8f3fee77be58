"""Answers as GitHub words them: errors, validation failures, pages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from starlette.responses import Response

from demo.github.values import Json

DOCUMENTATION = "https://docs.github.com/rest"
JSON_TYPE = "application/json; charset=utf-8"
PER_PAGE, MOST_PER_PAGE = 30, 100
NOT_OURS = "Resource not accessible by integration"

T = TypeVar("T")


class ApiError(Exception):
    """A request that is refused."""

    def __init__(
        self, status: int, message: str, *, errors: Sequence[Any] = (), headers: Mapping[str, str] | None = None
    ):
        super().__init__(message)
        self.status, self.message, self.errors, self.headers = status, message, errors, headers or {}

    def response(self) -> Response:
        """The refusal as JSON."""
        body: Json = {"message": self.message, "documentation_url": DOCUMENTATION, "status": str(self.status)}
        if self.errors:
            body["errors"] = list(self.errors)
        return answer(body, self.status, self.headers)


def not_found() -> ApiError:
    """Not there, or not for this token: GitHub does not say which."""
    return ApiError(404, "Not Found")


def invalid(resource: str, field: str, message: str | None = None, *, code: str = "custom") -> ApiError:
    """A validation failure of one field."""
    error = {"resource": resource, "field": field, "code": code}
    return ApiError(422, "Validation Failed", errors=[error if message is None else {**error, "message": message}])


def malformed(message: str) -> ApiError:
    """A request that does not fit the endpoint's schema."""
    return ApiError(422, f"Invalid request.\n\n{message}")


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer; None: without a body."""
    content = b"" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(content, status, headers, JSON_TYPE if content else None)


def number_of(query: Mapping[str, str], name: str, default: int) -> int:
    """A positive whole number of the query; what is none counts as not given, as GitHub has it."""
    text = query.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 19 and int(text) > 0 else default


def page(items: Sequence[T], query: Mapping[str, str], url: str) -> tuple[Sequence[T], Mapping[str, str]]:
    """The page of a list that the query asks for, and its `Link` header."""
    size = min(number_of(query, "per_page", PER_PAGE), MOST_PER_PAGE)
    number, last = number_of(query, "page", 1), max(-(-len(items) // size), 1)
    places = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
    wanted = (["prev"] if number > 1 else []) + (["next", "last"] if number < last else [])
    wanted += ["first"] if number > 1 else []
    links = {name: f"{url}?{urlencode({**query, 'page': str(places[name])})}" for name in wanted}
    return items[(number - 1) * size : number * size], link_header(links)


def link_header(links: Mapping[str, str]) -> Mapping[str, str]:
    """The `Link` header, where there is anything to link to."""
    return {"link": ", ".join(f'<{url}>; rel="{name}"' for name, url in links.items())} if links else {}
