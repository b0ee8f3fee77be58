"""What the App does to check runs, within the limits that GitHub sets."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from demo.github import events, gitdata
from demo.github.answers import ApiError, malformed
from demo.github.state import GitHubState
from demo.github.values import CheckRun, CheckSuite, Json, Repository

MOST_ANNOTATIONS, MOST_ACTIONS, MOST_TEXT, MOST_MESSAGE, MOST_TITLE = 50, 3, 65_535, 65_536, 255
ACTION_LENGTHS = {"label": 20, "description": 40, "identifier": 20}
LEVELS = ("notice", "warning", "failure")
STATUSES = ("queued", "in_progress", "completed")
CONCLUSIONS = ("action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out")


def create(state: GitHubState, repository: Repository, body: Json) -> CheckRun:
    """A new check run for a commit of the repository."""
    name, sha = body.get("name"), body.get("head_sha")
    if not isinstance(name, str) or not name or not isinstance(sha, str):
        raise malformed('"name" and "head_sha" weren\'t supplied.')
    _check(body)
    if not gitdata.is_commit(repository.git, sha):
        raise ApiError(422, f"No commit found for SHA: {sha}")
    now = state.now()
    run = CheckRun(next(state.ids), _suite(state, repository, sha), name, now, now)
    _apply(state, run, body)
    state.runs[run.id] = run
    run.suite.runs.append(run.id)
    events.check_run(state, run, "created", state.app.bot)
    if run.status == "completed":
        events.check_run(state, run, "completed", state.app.bot)
    return run


def update(state: GitHubState, run: CheckRun, body: Json) -> None:
    """Change what the body names; annotations are added to those that are there."""
    _check(body)
    was = run.status
    _apply(state, run, body)
    if run.status == "completed" and was != "completed":
        events.check_run(state, run, "completed", state.app.bot)


def _suite(state: GitHubState, repository: Repository, sha: str) -> CheckSuite:
    known = state.suite_of.get((repository.id, sha))
    if known is not None:
        return known
    now = state.now()
    made = CheckSuite(next(state.ids), repository, sha, now, now)
    state.suites[made.id] = state.suite_of[repository.id, sha] = made
    return made


def _apply(state: GitHubState, run: CheckRun, body: Json) -> None:
    now = run.suite.updated_at = state.now()
    for key in ("name", "external_id", "details_url"):
        if key in body:
            setattr(run, key, body[key])
    run.started_at = _time(body, "started_at") or run.started_at
    run.status = body.get("status", run.status)
    if "conclusion" in body:
        run.conclusion, run.status = body["conclusion"], "completed"
    if run.status == "completed":
        run.completed_at = _time(body, "completed_at") or run.completed_at or now
    else:
        run.conclusion = run.completed_at = None
    _apply_output(run, body.get("output", {}))
    run.actions = list(body.get("actions", run.actions))


def _apply_output(run: CheckRun, output: Json) -> None:
    run.title = output.get("title", run.title)
    run.summary = output.get("summary", run.summary)
    run.text = output.get("text", run.text)
    run.annotations += output.get("annotations", [])


def _check(body: Json) -> None:
    """Refuse what GitHub refuses."""
    if body.get("status", "queued") not in STATUSES:
        raise malformed(f"{body['status']!r} is not a possible status.")
    if body.get("status") == "completed" and "conclusion" not in body:
        raise malformed("If you supply a completed status, you must supply a conclusion.")
    if "conclusion" in body and body["conclusion"] not in CONCLUSIONS:
        raise malformed(f"{body['conclusion']!r} is not a possible conclusion.")
    if urlsplit(str(body.get("details_url", "https:"))).scheme not in ("http", "https"):
        raise malformed("details_url must use http or https scheme")
    _check_output(body.get("output"))
    _check_actions(body.get("actions", []))


def _check_output(output: Any) -> None:
    if output is None:
        return
    if not isinstance(output, dict) or not isinstance(output.get("summary"), str):
        raise malformed('For "output/summary", nil is not a string.')
    for key in ("summary", "text"):
        if len(str(output.get(key, "")).encode()) > MOST_TEXT:
            raise malformed(f"Only {MOST_TEXT} characters are allowed in {key}.")
    annotations = output.get("annotations", [])
    if len(annotations) > MOST_ANNOTATIONS:
        raise malformed(f"No more than {MOST_ANNOTATIONS} items are allowed; {len(annotations)} were supplied.")
    for annotation in annotations:
        _check_annotation(annotation)


def _check_annotation(annotation: Json) -> None:
    missing = [
        key for key in ("path", "start_line", "end_line", "annotation_level", "message") if key not in annotation
    ]
    if missing:
        raise malformed(f"{', '.join(missing)} weren't supplied for an annotation.")
    if annotation["annotation_level"] not in LEVELS:
        raise malformed(f"{annotation['annotation_level']!r} is not a possible annotation_level.")
    if not 1 <= annotation["start_line"] <= annotation["end_line"]:
        raise malformed("start_line must be at least 1 and end_line not before it.")
    if len(annotation["message"].encode()) > MOST_MESSAGE or not annotation["message"]:
        raise malformed(f"An annotation's message has 1 to {MOST_MESSAGE} bytes.")
    if len(annotation.get("title") or "") > MOST_TITLE:
        raise malformed(f"An annotation's title has at most {MOST_TITLE} characters.")


def _check_actions(actions: list[Json]) -> None:
    if len(actions) > MOST_ACTIONS:
        raise malformed(f"No more than {MOST_ACTIONS} items are allowed; {len(actions)} were supplied.")
    for action in actions:
        for key, most in ACTION_LENGTHS.items():
            if not isinstance(action.get(key), str) or not 0 < len(action[key]) <= most:
                raise malformed(f"An action's {key} has 1 to {most} characters.")


def _time(body: Json, key: str) -> datetime | None:
    if key not in body:
        return None
    try:
        return datetime.fromisoformat(body[key])
    except (TypeError, ValueError):
        raise malformed(f"{key} is no ISO 8601 timestamp.") from None
