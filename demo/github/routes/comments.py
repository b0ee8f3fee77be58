"""Comments on issues and pull requests, and reactions to them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from demo.github import threads
from demo.github.access import Within, reads, writes
from demo.github.answers import answer, malformed, not_found, page
from demo.github.shapes import issues
from demo.github.values import Comment

router = APIRouter()
Reading = Annotated[Within, Depends(reads("issues", "pull_requests"))]
Writing = Annotated[Within, Depends(writes("issues", "pull_requests"))]


@router.get("/repos/{owner}/{repo}/issues/{number:int}/comments")
async def listed(on: Reading, number: int) -> Response:
    """The comments below an issue or pull request, oldest first."""
    found = [on.state.comments[one] for one in on.issue(number).comments]
    items, link = page(found, on.query, on.url)
    return answer([issues.comment(on.state, comment) for comment in items], headers=link)


@router.post("/repos/{owner}/{repo}/issues/{number:int}/comments")
async def create(on: Writing, number: int) -> Response:
    """A new comment by the App."""
    on.issue(number)
    body = _text(on)
    made = threads.add_comment(on.state, on.repository, number, on.state.app.bot, body, by_app=True)
    shape = issues.comment(on.state, made)
    return answer(shape, 201, {"location": shape["url"]})


@router.get("/repos/{owner}/{repo}/issues/comments/{number:int}")
async def show(on: Reading, number: int) -> Response:
    """One comment."""
    return answer(issues.comment(on.state, _comment(on, number)))


@router.patch("/repos/{owner}/{repo}/issues/comments/{number:int}")
async def update(on: Writing, number: int) -> Response:
    """Another text for a comment. An App may change anybody's, as at GitHub."""
    comment = _comment(on, number)
    threads.edit_comment(on.state, comment, _text(on), on.state.app.bot)
    return answer(issues.comment(on.state, comment))


@router.delete("/repos/{owner}/{repo}/issues/comments/{number:int}")
async def delete(on: Writing, number: int) -> Response:
    """Take a comment away."""
    threads.delete_comment(on.state, _comment(on, number), on.state.app.bot)
    return answer(None, 204)


@router.get("/repos/{owner}/{repo}/issues/comments/{number:int}/reactions")
async def reactions(on: Reading, number: int) -> Response:
    """The reactions to a comment."""
    items, link = page(list(_comment(on, number).reactions.values()), on.query, on.url)
    return answer([issues.reaction(on.state, made) for made in items], headers=link)


@router.post("/repos/{owner}/{repo}/issues/comments/{number:int}/reactions")
async def react(on: Writing, number: int) -> Response:
    """The App's reaction; 200 where it was there before."""
    content = str(on.body.get("content"))
    made, new = threads.react(on.state, _comment(on, number), on.state.app.bot, content)
    return answer(issues.reaction(on.state, made), 201 if new else 200)


def _text(on: Within) -> str:
    body = on.body.get("body")
    if not isinstance(body, str):
        raise malformed(
            '"body" wasn\'t supplied.' if body is None else f"For 'properties/body', {body!r} is not a string."
        )
    return body


def _comment(on: Within, number: int) -> Comment:
    found = on.state.comments.get(number)
    if found is None or found.repository is not on.repository:
        raise not_found()
    return found
