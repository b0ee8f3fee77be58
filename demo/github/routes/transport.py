"""Git over HTTP: what `git fetch` asks for, answered by `git upload-pack` itself."""

from __future__ import annotations

import asyncio
import gzip
import os
import re
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response, StreamingResponse

from demo.github.access import basic_token, has, token_of
from demo.github.answers import ApiError, not_found
from demo.github.state import GitHubState
from demo.github.values import Repository

SERVICE = "git-upload-pack"
CHUNK = 65_536
NO_CACHE = {"Cache-Control": "no-cache, max-age=0, must-revalidate"}
_PROTOCOL = re.compile(r"version=[0-2]")
_OPTIONS = (
    "safe.directory=*",
    "uploadpack.allowFilter=true",
    "uploadpack.allowAnySHA1InWant=true",
)

router = APIRouter()


async def fetched(request: Request, owner: str, repo: str) -> Repository:
    """The repository, for a token that may read its contents."""
    state: GitHubState = request.app.state.github
    value = basic_token(request.headers.get("authorization", ""))
    if value is None:
        raise ApiError(401, "Requires authentication", headers={"www-authenticate": 'Basic realm="GitHub"'})
    token, repository = token_of(state, value), state.repository(f"{owner}/{repo}")
    if repository is None or repository.id not in token.repository_ids:
        raise not_found()
    if not has(token, "contents", "read"):
        raise ApiError(403, "Write access to repository not granted.")
    return repository


Fetched = Annotated[Repository, Depends(fetched)]


@router.get("/{owner}/{repo}.git/info/refs")
async def references(request: Request, repository: Fetched) -> Response:
    """What can be fetched."""
    if request.query_params.get("service") != SERVICE:
        raise ApiError(403, "Only fetching is possible.")
    protocol = _protocol(request)
    process = await _upload_pack(repository.git, protocol, "--http-backend-info-refs")
    told, _ = await process.communicate()
    greeting = b"" if protocol == "version=2" else b"001e# service=git-upload-pack\n0000"
    return Response(greeting + told, media_type=f"application/x-{SERVICE}-advertisement", headers=NO_CACHE)


@router.post("/{owner}/{repo}.git/git-upload-pack")
async def pack(request: Request, repository: Fetched) -> Response:
    """A pack with what was asked for."""
    body = await request.body()
    if request.headers.get("content-encoding") in ("gzip", "x-gzip"):
        body = gzip.decompress(body)
    process = await _upload_pack(repository.git, _protocol(request))
    return StreamingResponse(_answers(process, body), media_type=f"application/x-{SERVICE}-result", headers=NO_CACHE)


async def _upload_pack(path: Path, protocol: str, *options: str) -> Process:
    settings = [part for option in _OPTIONS for part in ("-c", option)]
    environment = {"PATH": os.environ.get("PATH", os.defpath), "GIT_PROTOCOL": protocol, "GIT_CONFIG_NOSYSTEM": "1"}
    return await asyncio.create_subprocess_exec(
        "git",
        *settings,
        "upload-pack",
        "--stateless-rpc",
        *options,
        str(path),
        stdin=PIPE,
        stdout=PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment,
    )


async def _answers(process: Process, body: bytes) -> AsyncIterator[bytes]:
    assert process.stdin is not None  # both are pipes
    assert process.stdout is not None
    feeding = asyncio.ensure_future(_feed(process, body))
    try:
        while chunk := await process.stdout.read(CHUNK):
            yield chunk
        await process.wait()
    finally:
        with suppress(ProcessLookupError):
            if process.returncode is None:
                process.kill()  # nobody listens any more
        await feeding
        await process.wait()


async def _feed(process: Process, body: bytes) -> None:
    assert process.stdin is not None  # it is a pipe
    try:
        process.stdin.write(body)
        await process.stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        return
    finally:
        process.stdin.close()


def _protocol(request: Request) -> str:
    """The version of git's protocol that was asked for, nothing else of the header."""
    asked = request.headers.get("git-protocol", "")
    return asked if _PROTOCOL.fullmatch(asked) else "version=0"
