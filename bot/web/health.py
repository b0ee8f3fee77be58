"""`/healthz` (the process lives), `/readyz` (a delivery could be stored now), `/metrics` (for Prometheus)."""

from __future__ import annotations

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, Response

router = APIRouter()


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {}})
async def readyz(request: Request) -> Response:
    """The database answers, so that a delivery would be stored."""
    if await request.app.state.receiver.inbox.ready():
        return JSONResponse({"status": "ready"})
    return JSONResponse({"status": "the database does not answer"}, status_code=503)


@router.get("/metrics")
async def metrics() -> Response:
    """Counters of this process in Prometheus' text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
