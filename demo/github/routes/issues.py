"""Issues and labels."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from demo.github import threads
from demo.github.access import Within, reads, writes
from demo.github.answers import answer, malformed, page
from demo.github.shapes import issues, repositories
from demo.github.values import Issue

router = APIRouter()
Reading = Annotated[Within, Depends(reads("issues", "pull_requests"))]
Writing = Annotated[Within, Depends(writes("issues", "pull_requests"))]
WritingIssues = Annotated[Within, Depends(writes("issues"))]


@router.get("/repos/{owner}/{repo}/issues")
async def listed(on: Reading) -> Response:
    """Issues and pull requests: the open ones, newest first, unless the query says otherwise."""
    wanted, creator = on.query.get("state", "open"), on.query.get("creator", "").lower()
    if wanted not in ("open", "closed", "all"):
        raise malformed(f"{wanted!r} is not a possible state.")
    found = [made for made in on.repository.issues.values() if wanted in ("all", made.state)]
    found = [made for made in found if creator in ("", made.author.login.lower())]
    found.sort(key=lambda made: (made.created_at, made.number), reverse=on.query.get("direction") != "asc")
    items, link = page(found, on.query, on.url)
    return answer([issues.issue(on.state, on.repository, made) for made in items], headers=link)


@router.post("/repos/{owner}/{repo}/issues")
async def create(on: WritingIssues) -> Response:
    """A new issue by the App."""
    title, body, names = on.body.get("title"), on.body.get("body"), _names(on.body.get("labels", []))
    if not isinstance(title, str | int):
        raise malformed('"title" wasn\'t supplied.')
    made = threads.open_issue(on.state, on.repository, on.state.app.bot, str(title), body, by_app=True)
    threads.add_labels(on.state, on.repository, made, names, on.state.app.bot)
    shape = issues.issue(on.state, on.repository, made)
    return answer(shape, 201, {"location": shape["url"]})


@router.get("/repos/{owner}/{repo}/issues/{number:int}")
async def show(on: Reading, number: int) -> Response:
    """One issue."""
    return answer(issues.issue(on.state, on.repository, on.issue(number)))


@router.patch("/repos/{owner}/{repo}/issues/{number:int}")
async def update(on: Writing, number: int) -> Response:
    """Another title, text or state for an issue."""
    issue, sent = on.issue(number), on.body
    title, body = sent.get("title", issue.title), sent.get("body", issue.body)
    threads.check_text("Issue", str(title), body)
    issue.title, issue.body, issue.updated_at = str(title), body, on.state.now()
    wanted = sent.get("state", issue.state)
    if wanted not in ("open", "closed"):
        raise malformed(f"{wanted!r} is not a possible state.")
    reason = sent.get("state_reason", "reopened" if wanted == "open" else "completed")
    threads.set_open(on.state, on.repository, issue, is_open=wanted == "open", reason=reason)
    return answer(issues.issue(on.state, on.repository, issue))


@router.get("/repos/{owner}/{repo}/issues/{number:int}/labels")
async def labels(on: Reading, number: int) -> Response:
    """The labels of an issue or pull request."""
    issue = on.issue(number)
    items, link = page(issue.labels, on.query, on.url)
    return answer(repositories.labels(on.state, on.repository, list(items)), headers=link)


@router.post("/repos/{owner}/{repo}/issues/{number:int}/labels")
async def add_labels(on: Writing, number: int) -> Response:
    """Put labels on; those that are there stay."""
    issue = on.issue(number)
    names = _names(on.exchange.body.get("labels") if isinstance(on.exchange.body, dict) else on.exchange.body)
    threads.add_labels(on.state, on.repository, issue, names, on.state.app.bot)
    return _labels(on, issue)


@router.delete("/repos/{owner}/{repo}/issues/{number:int}/labels/{name:path}")
async def remove_label(on: Writing, number: int, name: str) -> Response:
    """Take a label off; the others are answered."""
    issue = on.issue(number)
    threads.remove_label(on.state, on.repository, issue, name, on.state.app.bot)
    return _labels(on, issue)


@router.get("/repos/{owner}/{repo}/labels")
async def repository_labels(on: Reading) -> Response:
    """The labels of a repository."""
    items, link = page(list(on.repository.labels.values()), on.query, on.url)
    return answer([repositories.label(on.state, on.repository, made) for made in items], headers=link)


@router.post("/repos/{owner}/{repo}/labels")
async def create_label(on: Writing) -> Response:
    """A new label of a repository."""
    name, color = str(on.body.get("name", "")), str(on.body.get("color", "ededed"))
    made = threads.create_label(on.state, on.repository, name, color, on.body.get("description"))
    shape = repositories.label(on.state, on.repository, made)
    return answer(shape, 201, {"location": shape["url"]})


def _labels(on: Within, issue: Issue) -> Response:
    return answer(repositories.labels(on.state, on.repository, issue.labels))


def _names(sent: Any) -> list[str]:
    """Names of labels, given as text or as objects."""
    if not isinstance(sent, list):
        raise malformed('"labels" is no list.')
    given = [one.get("name") if isinstance(one, dict) else one for one in sent]
    names = [name for name in given if isinstance(name, str)]
    if len(names) < len(given):
        raise malformed("A label's name is no text.")
    return names
