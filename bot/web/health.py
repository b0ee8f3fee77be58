"""`/healthz` (the process lives), `/readyz` (a delivery could be stored now), `/metrics` (for Prometheus)."""

from __future__ import annotations

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from starlette.responses import JSONResponse, PlainTextResponse, Response

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
async def metrics() -> Response:
    """Counters of this process in Prometheus' text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
