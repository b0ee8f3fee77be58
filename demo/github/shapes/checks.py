"""Check runs, check suites and annotations as JSON."""

from __future__ import annotations

from demo.github import gitdata
from demo.github.shapes.accounts import app, node_id, stamp
from demo.github.shapes.pulls import minimal, moment
from demo.github.shapes.repositories import api_url, simple, web_url
from demo.github.state import GitHubState
from demo.github.values import CheckRun, CheckSuite, Json


def check_run(state: GitHubState, run: CheckRun) -> Json:
    """A check run. Annotations are counted here and listed elsewhere."""
    repository = run.suite.repository
    api = f"{api_url(state, repository)}/check-runs/{run.id}"
    return {
        "id": run.id,
        "name": run.name,
        "node_id": node_id("CheckRun", run.id),
        "head_sha": run.head_sha,
        "external_id": run.external_id,
        "url": api,
        "html_url": f"{web_url(state, repository)}/runs/{run.id}",
        "details_url": run.details_url or f"{web_url(state, repository)}/runs/{run.id}",
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": stamp(run.started_at),
        "completed_at": stamp(run.completed_at),
        "output": {
            "title": run.title,
            "summary": run.summary,
            "text": run.text,
            "annotations_count": len(run.annotations),
            "annotations_url": f"{api}/annotations",
        },
        "check_suite": {"id": run.suite.id},
        "app": app(state),
        "pull_requests": pull_requests(state, run.suite),
    }


def check_suite(state: GitHubState, suite: CheckSuite) -> Json:
    """The App's check runs of a commit, summed up."""
    return {
        **_suite(state, suite),
        "latest_check_runs_count": len(suite.runs),
        "check_runs_url": f"{api_url(state, suite.repository)}/check-suites/{suite.id}/check-runs",
        "head_commit": head_commit(suite),
        "repository": simple(state, suite.repository),
        "rerequestable": True,
        "runs_rerequestable": True,
    }


def run_in_hook(state: GitHubState, run: CheckRun) -> Json:
    """A check run as a webhook carries it."""
    return {**check_run(state, run), "check_suite": _suite(state, run.suite)}


def suite_in_hook(state: GitHubState, suite: CheckSuite) -> Json:
    """A check suite as a webhook carries it."""
    return {key: value for key, value in check_suite(state, suite).items() if key != "repository"}


def pull_requests(state: GitHubState, suite: CheckSuite) -> list[Json]:
    """The open pull requests of the commit, those of forks left out, as GitHub does."""
    repository = suite.repository
    own = (pull for pull in repository.pulls.values() if pull.fork is repository.owner)
    return [minimal(state, repository, pull) for pull in own if pull.head_sha == suite.head_sha]


def annotation(state: GitHubState, run: CheckRun, sent: Json) -> Json:
    """A note at a line."""
    optional = {key: sent.get(key) for key in ("start_column", "end_column", "title", "raw_details")}
    place = {key: sent[key] for key in ("path", "start_line", "end_line", "annotation_level", "message")}
    href = f"{web_url(state, run.suite.repository)}/blob/{run.head_sha}/{sent['path']}"
    return {**optional, **place, "blob_href": href}


def head_commit(suite: CheckSuite) -> Json:
    """The checked commit in short."""
    made = gitdata.commit_at(suite.repository.git, suite.head_sha)
    assert made is not None  # a suite is only made for a commit that is there
    people = {"author": made.author, "committer": made.committer}
    return {
        "id": suite.head_sha,
        "tree_id": str(made.tree_id),
        "message": made.message.rstrip("\n"),
        "timestamp": moment(made.committer).isoformat(),
        **{role: {"name": person.name, "email": person.email} for role, person in people.items()},
    }


def _suite(state: GitHubState, suite: CheckSuite) -> Json:
    runs = [state.runs[number] for number in suite.runs]
    completed = bool(runs) and all(run.status == "completed" for run in runs)
    pulls = [
        p for p in suite.repository.pulls.values() if p.head_sha == suite.head_sha and p.fork is suite.repository.owner
    ]
    return {
        "id": suite.id,
        "node_id": node_id("CheckSuite", suite.id),
        "head_branch": pulls[0].head_ref if pulls else None,
        "head_sha": suite.head_sha,
        "status": "completed" if completed else "in_progress" if runs else "queued",
        "conclusion": runs[-1].conclusion if completed else None,
        "url": f"{api_url(state, suite.repository)}/check-suites/{suite.id}",
        "before": None,
        "after": suite.head_sha,
        "pull_requests": pull_requests(state, suite),
        "app": app(state),
        "created_at": stamp(suite.created_at),
        "updated_at": stamp(suite.updated_at),
    }
