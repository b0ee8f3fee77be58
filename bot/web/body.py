"""Reading a request's body from whoever sends it: bounded in bytes, in time, and in what all of them may hold at once.

Nobody has proven anything while the body is read, so that a stranger must not be able to fill the memory or to keep the
receiver busy.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request

MAX_BODY_BYTES = 25 * 1024 * 1024
READ_SECONDS = 10.0
SMALL_BYTES = 256 * 1024
ROOM_BYTES = 4 * MAX_BODY_BYTES

TOO_LARGE = "a delivery has at most 25 MB"
TOO_SLOW = "the body did not come within 10 seconds"
CUT_OFF = "the body ended early"
NO_ROOM = "too many large deliveries at once; it will be asked for again"


class BodyError(Exception):
    """The body is not read. `status` and `reason` are the answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


@dataclass(slots=True)
class Bodies:
    """Reads bodies. What exceeds the first `SMALL_BYTES` of each shares one room, so that usual ones always fit."""

    most: int = MAX_BODY_BYTES
    room: int = ROOM_BYTES
    seconds: float = READ_SECONDS

    async def read(self, request: Request) -> bytes:
        """The raw body. Raises BodyError as soon as it is too large, whatever its stated length says, or too slow."""
        stated = dict(request.scope["headers"]).get(b"content-length", b"")
        if stated.isdigit() and (len(stated) > len(str(self.most)) or int(stated) > self.most):
            raise BodyError(413, TOO_LARGE)
        try:
            async with asyncio.timeout(self.seconds):
                return await self._collect(request)
        except TimeoutError:
            raise BodyError(408, TOO_SLOW) from None
        except ClientDisconnect:
            raise BodyError(400, CUT_OFF) from None

    async def _collect(self, request: Request) -> bytes:
        chunks, size, taken = [], 0, 0
        try:
            async for chunk in request.stream():
                size += len(chunk)
                if size > self.most:
                    raise BodyError(413, TOO_LARGE)
                if size > SMALL_BYTES:
                    if len(chunk) > self.room:
                        raise BodyError(503, NO_ROOM)
                    self.room -= len(chunk)
                    taken += len(chunk)
                chunks.append(chunk)
        finally:
            self.room += taken
        return b"".join(chunks)
