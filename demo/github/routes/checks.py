"""Check runs and check suites."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from demo.github import checkruns, gitdata
from demo.github.access import Within, reads, writes
from demo.github.answers import ApiError, answer, not_found, page
from demo.github.shapes import checks
from demo.github.values import CheckRun

router = APIRouter()
Reading = Annotated[Within, Depends(reads("checks"))]
Writing = Annotated[Within, Depends(writes("checks"))]


@router.post("/repos/{owner}/{repo}/check-runs")
async def create(on: Writing) -> Response:
    """A new check run."""
    return answer(checks.check_run(on.state, checkruns.create(on.state, on.repository, on.body)), 201)


@router.get("/repos/{owner}/{repo}/check-runs/{number:int}")
async def show(on: Reading, number: int) -> Response:
    """One check run."""
    return answer(checks.check_run(on.state, _run(on, number)))


@router.patch("/repos/{owner}/{repo}/check-runs/{number:int}")
async def update(on: Writing, number: int) -> Response:
    """Change a check run; annotations are added."""
    run = _run(on, number)
    checkruns.update(on.state, run, on.body)
    return answer(checks.check_run(on.state, run))


@router.get("/repos/{owner}/{repo}/check-runs/{number:int}/annotations")
async def noted(on: Reading, number: int) -> Response:
    """The annotations of a check run."""
    run = _run(on, number)
    items, link = page(run.annotations, on.query, on.url)
    return answer([checks.annotation(on.state, run, sent) for sent in items], headers=link)


@router.get("/repos/{owner}/{repo}/commits/{name:path}/check-runs")
async def for_commit(on: Reading, name: str) -> Response:
    """The check runs of a commit: the latest of each name, or all, newest first."""
    start = gitdata.commit_at(on.repository.git, name)
    if start is None:
        raise ApiError(422, f"No commit found for SHA: {name}")
    found = [run for run in on.state.runs_of(on.repository, str(start.id)) if _fits(run, on)]
    if on.query.get("filter", "latest") == "latest":
        found = list({run.name: run for run in found}.values())
    found.reverse()
    items, link = page(found, on.query, on.url)
    body = {"total_count": len(found), "check_runs": [checks.check_run(on.state, run) for run in items]}
    return answer(body, headers=link)


@router.get("/repos/{owner}/{repo}/check-suites/{number:int}")
async def suite(on: Reading, number: int) -> Response:
    """One check suite."""
    found = on.state.suites.get(number)
    if found is None or found.repository is not on.repository:
        raise not_found()
    return answer(checks.check_suite(on.state, found))


def _run(on: Within, number: int) -> CheckRun:
    found = on.state.runs.get(number)
    if found is None or found.suite.repository is not on.repository:
        raise not_found()
    return found


def _fits(run: CheckRun, on: Within) -> bool:
    wanted = {"check_name": run.name, "status": run.status, "app_id": str(on.state.app.id)}
    return all(on.query.get(key) in (None, value) for key, value in wanted.items())
