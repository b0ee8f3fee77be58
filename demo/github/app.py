"""The application: endpoints, errors in GitHub's words, and what stands in front of them."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from demo.github.answers import ApiError
from demo.github.front import Front, Validator
from demo.github.routes import ROUTERS
from demo.github.state import GitHubState


def make_app(state: GitHubState, validator: Validator | None = None) -> FastAPI:
    """GitHub's API over this state.

    With a validator, requests that GitHub's description does not allow are refused with 400, and they and wrong
    answers are kept in `state.log.violations`.
    """
    app = FastAPI(title="A stand-in for GitHub", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.github = state
    for router in ROUTERS:
        app.include_router(router)
    app.add_exception_handler(ApiError, _refused)
    app.add_exception_handler(HTTPException, _unrouted)
    app.add_middleware(Front, state=state, validator=validator)
    return app


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # registered for it alone
    return error.response()


async def _unrouted(request: Request, error: Exception) -> Response:
    """An endpoint that GitHub may have and the stand-in has not."""
    assert isinstance(error, HTTPException)  # registered for it alone
    state: GitHubState = request.app.state.github
    state.log.unrouted.append(f"{request.method} {request.url.path}")
    return ApiError(404, "Not Found").response()
