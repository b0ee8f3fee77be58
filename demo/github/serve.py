"""Serve the stand-in on a port of this machine, in a thread."""

from __future__ import annotations

import asyncio
import socket
import threading
from types import TracebackType
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from demo.github.app import make_app
from demo.github.front import DROP, Validator
from demo.github.state import GitHubState

HOST = "127.0.0.1"
SECONDS_TO_START = 10.0


class Server:
    """A running stand-in. `url` is its address without a slash at the end."""

    def __init__(self, state: GitHubState, *, port: int = 0, validator: Validator | None = None) -> None:
        self._state = state
        self._socket = _listen(port)
        self.url = state.url = f"http://{HOST}:{self._socket.getsockname()[1]}"
        connections: dict[Any, asyncio.Transport] = {}
        config = uvicorn.Config(
            _Droppable(make_app(state, validator), connections),
            http=_protocol(connections),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
        )
        self._server = _Prompt(config)
        self._thread = threading.Thread(target=self._run, name="github-stand-in", daemon=True)

    def start(self) -> Server:
        """Answer requests from now on. Raises TimeoutError where it does not come up."""
        self._thread.start()
        if not self._server.running.wait(SECONDS_TO_START):
            raise TimeoutError("the stand-in for GitHub did not start")
        return self

    def close(self) -> None:
        """Stop; deliveries that are on their way arrive."""
        self._state.hooks.close()
        self._server.stop()
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])


def serve(state: GitHubState, port: int = 0, *, validator: Validator | None = None) -> Server:
    """Start the stand-in; its address is `.url`, and it stops at the end of a `with`, or by `close()`."""
    return Server(state, port=port, validator=validator).start()


def _listen(port: int) -> socket.socket:
    """A socket that says that it is TCP: asyncio sends small answers at once on such sockets only."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((HOST, port))
    made.listen(512)
    return made


class _Prompt(uvicorn.Server):
    """Stops at once when it is told to, where uvicorn looks ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.running = threading.Event()

    def stop(self) -> None:
        """End the main loop; connections are closed, requests in progress are not waited for."""
        self.should_exit = self.force_exit = True
        self._loop.call_soon_threadsafe(self._stopping.set)

    async def main_loop(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self.running.set()
        await self._stopping.wait()


class _Droppable:
    """Hands the endpoints a way to cut the connection that a request came on."""

    def __init__(self, app: ASGIApp, connections: dict[Any, asyncio.Transport]) -> None:
        self._app, self._connections = app, connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def cut() -> None:
            self._connections[scope["client"]].abort()
            await asyncio.sleep(0.01)  # the server notices in its next turns that nobody is there to be answered

        scope["extensions"] = {**scope.get("extensions", {}), DROP: cut}
        await self._app(scope, receive, send)


def _protocol(connections: dict[Any, asyncio.Transport]) -> type[H11Protocol]:
    class Noting(H11Protocol):
        """Knows each connection by the address that it came from."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._peer = transport.get_extra_info("peername")[:2]
            connections[self._peer] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            connections.pop(self._peer, None)
            super().connection_lost(exc)

    return Noting
