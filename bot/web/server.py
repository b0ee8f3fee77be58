"""The web on a socket, in one process."""

from __future__ import annotations

import logging
import socket

import uvicorn
from fastapi import FastAPI

log = logging.getLogger(__name__)

BACKLOG = 2048
GRACE_SECONDS = 10
MOST_CONNECTIONS = 1_000
"""More at a time are answered 503: each may hold memory, and GitHub needs a few dozen."""


def bind(host: str, port: int) -> socket.socket:
    """A socket that nobody can connect to yet; port 0 takes a free one. Raises OSError where that cannot be.

    It says that it is TCP: asyncio sends small answers at once on such sockets only.
    """
    [family, *_, address], *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made


def address_of(bound: socket.socket) -> str:
    """The URL of a bound socket, without a slash at the end."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app: FastAPI, bound: socket.socket) -> bool:
    """Answer requests until TERM or INT, then finish those that run. False where the application did not start.

    The signals' handlers from before are called afterwards: whoever calls this has some that do not end the process.
    """
    config = uvicorn.Config(
        app,
        lifespan="on",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config)
    server.run(sockets=[bound])
    return server.started


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say where it listens, once it does."""
        await super().startup(sockets)
        for bound in sockets or []:
            log.info("listening on %s", address_of(bound))
