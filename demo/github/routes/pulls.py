"""Pull requests, their files and their commits."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from demo.github import gitdata
from demo.github.access import Within, reads
from demo.github.answers import ApiError, answer, malformed, page
from demo.github.shapes import pulls
from demo.github.values import PullRequest

router = APIRouter()
Reading = Annotated[Within, Depends(reads("pull_requests"))]


@router.get("/repos/{owner}/{repo}/pulls")
async def listed(on: Reading) -> Response:
    """Pull requests: the open ones, newest first, unless the query says otherwise."""
    wanted, direction = on.query.get("state", "open"), on.query.get("direction")
    if wanted not in ("open", "closed", "all"):
        raise malformed(f"{wanted!r} is not a possible state.")
    key, rising = on.query.get("sort", "created"), direction == "asc"
    found = [pull for pull in on.repository.pulls.values() if wanted in ("all", pull.issue.state)]
    found = [pull for pull in found if _fits(pull, on)]
    if key == "updated":
        found.sort(key=lambda pull: (pull.issue.updated_at, pull.number), reverse=direction == "desc")
    else:
        found.sort(key=lambda pull: (pull.issue.created_at, pull.number), reverse=not rising)
    items, link = page(found, on.query, on.url)
    return answer([pulls.listed(on.state, on.repository, pull) for pull in items], headers=link)


@router.get("/repos/{owner}/{repo}/pulls/{number:int}")
async def show(on: Reading, number: int) -> Response:
    """One pull request."""
    return answer(pulls.full(on.state, on.repository, on.pull(number)))


@router.get("/repos/{owner}/{repo}/pulls/{number:int}/files")
async def files(on: Reading, number: int) -> Response:
    """What it changes; at most 3,000 files."""
    pull = on.pull(number)
    found = gitdata.changes(on.repository.git, pull.base_sha, pull.head_sha)
    items, link = page(found, on.query, on.url)
    return answer([pulls.changed_file(on.state, on.repository, pull.head_sha, one) for one in items], headers=link)


@router.get("/repos/{owner}/{repo}/pulls/{number:int}/commits")
async def commits(on: Reading, number: int) -> Response:
    """Its commits, oldest first; at most 250."""
    pull = on.pull(number)
    found = gitdata.commits_between(on.repository.git, pull.base_sha, pull.head_sha)
    items, link = page(found, on.query, on.url)
    return answer([pulls.commit(on.state, on.repository, made) for made in items], headers=link)


@router.get("/repos/{owner}/{repo}/commits/{sha}/pulls")
async def with_commit(on: Reading, sha: str) -> Response:
    """Pull requests with this head, or merged by this commit; GitHub finds commits within a branch as well."""
    if gitdata.commit_at(on.repository.git, sha) is None:
        raise ApiError(422, f"No commit found for SHA: {sha}")
    found = [pull for pull in on.repository.pulls.values() if sha in (pull.head_sha, pull.merge_commit_sha)]
    items, link = page(found, on.query, on.url)
    return answer([pulls.listed(on.state, on.repository, pull) for pull in items], headers=link)


def _fits(pull: PullRequest, on: Within) -> bool:
    """Whether it has the head (`owner:branch`) and the base that the query names."""
    owner = "" if pull.fork is None else pull.fork.login
    heads = (f"{owner}:{pull.head_ref}", None)
    return on.query.get("head") in heads and on.query.get("base") in (pull.base_ref, None)
