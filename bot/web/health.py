"""`/healthz` (the process lives), `/readyz` (a delivery could be stored now), `/metrics` (for Prometheus)."""

from __future__ import annotations

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.web.metrics import Waiting, text_of

router = APIRouter()


class Status(BaseModel):
    """How it stands, in words."""

    status: str


@router.get("/healthz")
async def healthz() -> Status:
    """The process answers."""
    return Status(status="ok")


@router.get("/readyz", response_model=Status, responses={503: {"model": Status}})
async def readyz(request: Request) -> Response:
    """The database answers, so that a delivery would be stored."""
    if await request.app.state.receiver.inbox.ready():
        return JSONResponse({"status": "ready"})
    return JSONResponse({"status": "the database does not answer"}, status_code=503)


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(request: Request) -> Response:
    """Counters of this process, and what waits in the database, in Prometheus' text format."""
    waiting: Waiting = request.app.state.waiting
    return Response(text_of(await waiting.read()), media_type=CONTENT_TYPE_LATEST)
