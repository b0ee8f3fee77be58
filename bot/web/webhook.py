"""`POST /webhooks/github`: verify, store, answer 202. Everything else happens in a worker."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from bot.web.body import Bodies, BodyError
from bot.web.inbox import Accepted, Inbox, InboxUnavailableError
from bot.web.metrics import DELIVERIES
from bot.web.signature import is_genuine

HEADERS = {
    "X-GitHub-Delivery": "^[0-9A-Za-z-]{8,64}$",
    "X-GitHub-Event": "^[a-z0-9_]{2,64}$",
    "X-Hub-Signature-256": "^sha256=[0-9a-f]{64}$",
}
_GUID, _EVENT = (re.compile(HEADERS[name].strip("^$").encode()) for name in ("X-GitHub-Delivery", "X-GitHub-Event"))

NOT_SIGNED = "the signature is missing or does not fit the body; check the webhook's secret"
NO_GUID = "X-GitHub-Delivery is missing or malformed"
NO_EVENT = "X-GitHub-Event is missing or malformed"
NOT_JSON = "the body is no JSON object; set the webhook's content type to application/json"
CLOSED = "no webhook secret is set here, so that no delivery can be told from a forged one"
UNAVAILABLE = "the delivery could not be stored; it will be asked for again"

router = APIRouter()
closed = APIRouter()
"""In the place of `router` where no secret is set."""


class Taken(BaseModel):
    """The delivery is stored, now or before."""

    delivery: Accepted


class Refused(BaseModel):
    """Why a delivery is not stored."""

    detail: str


@dataclass(frozen=True, slots=True)
class Receiver:
    """What the endpoint needs: where to store, and which secrets are in force."""

    inbox: Inbox
    secrets: Sequence[bytes]
    bodies: Bodies = field(default_factory=Bodies)


@router.post(
    "/webhooks/github",
    status_code=202,
    response_model=Taken,
    responses={status: {"model": Refused} for status in (400, 401, 408, 413, 503)},
    openapi_extra={
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string", "pattern": pattern}}
            for name, pattern in HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
    },
)
async def receive(request: Request) -> Response:
    """Store a delivery from GitHub. It is a hint only: a worker asks GitHub for what really is."""
    receiver: Receiver = request.app.state.receiver
    headers = dict(request.scope["headers"])
    try:
        body = await receiver.bodies.read(request)
    except BodyError as error:
        return _refuse(error.status, error.reason, {"Connection": "close"})  # nobody reads what else would come
    if not is_genuine(body, headers.get(b"x-hub-signature-256"), receiver.secrets):
        return _refuse(401, NOT_SIGNED)
    guid, event = headers.get(b"x-github-delivery", b""), headers.get(b"x-github-event", b"")
    if not _GUID.fullmatch(guid):
        return _refuse(400, NO_GUID)
    if not _EVENT.fullmatch(event):
        return _refuse(400, NO_EVENT)
    if not _is_object(body):
        return _refuse(400, NOT_JSON)
    try:
        outcome = await receiver.inbox.accept(guid.decode(), event.decode(), body)
    except InboxUnavailableError:
        return _refuse(503, UNAVAILABLE)
    DELIVERIES.labels(outcome=outcome.value).inc()
    return JSONResponse({"delivery": outcome.value}, status_code=202)


@closed.post("/webhooks/github", status_code=503, response_model=Refused)
async def refuse() -> Response:
    """Take nothing."""
    return _refuse(503, CLOSED)


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


def _refuse(status: int, reason: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    DELIVERIES.labels(outcome=str(status)).inc()
    return JSONResponse({"detail": reason}, status_code=status, headers=headers)
