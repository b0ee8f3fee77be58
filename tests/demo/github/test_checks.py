"""Check runs: what GitHub takes, refuses and keeps."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.standin import REPO, StandIn


def note(line: int, **changed: Any) -> dict[str, Any]:
    return {
        "path": "entries/new/train.py",
        "start_line": line,
        "end_line": line,
        "annotation_level": "warning",
        "message": "look here",
        **changed,
    }


def output(*annotations: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {"title": "Needs review", "summary": "One finding.", "annotations": list(annotations), **changed}


ACTION = {"label": "Re-run", "description": "Judge this commit again", "identifier": "rerun"}


@pytest.fixture
def head(github: StandIn) -> str:
    return github.pull_request().head_sha


def test_check_run_goes_from_progress_to_conclusion(client: httpx.Client, head: str) -> None:
    made = client.post(
        f"{REPO}/check-runs",
        json={"name": "fairway", "head_sha": head, "status": "in_progress", "external_id": "one"},
    )
    assert (made.status_code, made.json()["status"], made.json()["conclusion"]) == (201, "in_progress", None)
    path = f"{REPO}/check-runs/{made.json()['id']}"
    done = client.patch(path, json={"conclusion": "neutral", "output": output(), "actions": [ACTION]}).json()
    assert (done["status"], done["conclusion"], done["completed_at"]) == (
        "completed",
        "neutral",
        "2026-03-02T10:00:00Z",
    )
    assert done["output"]["title"] == "Needs review"
    again = client.patch(path, json={"status": "in_progress"}).json()
    assert (again["status"], again["conclusion"], again["completed_at"]) == ("in_progress", None, None)


def test_annotations_are_added_by_updates(client: httpx.Client, head: str) -> None:
    body = {"name": "fairway", "head_sha": head, "output": output(*map(note, range(1, 51)))}
    path = f"{REPO}/check-runs/{client.post(f'{REPO}/check-runs', json=body).json()['id']}"
    more = client.patch(path, json={"output": output(*map(note, range(51, 81)))}).json()
    assert more["output"]["annotations_count"] == 80
    listed = client.get(f"{path}/annotations", params={"per_page": 100}).json()
    assert [one["start_line"] for one in listed] == list(range(1, 81))


@pytest.mark.parametrize(
    "wrong",
    [
        {"output": output(*map(note, range(1, 52)))},
        {"output": output(note(0))},
        {"output": output(note(3, end_line=2))},
        {"output": output(note(3, annotation_level="grave"))},
        {"output": output(note(3, message=""))},
        {"output": output(note(3, title="t" * 256))},
        {"output": output({"path": "train.py"})},
        {"output": output(summary="s" * 65_536)},
        {"output": output(text="t" * 65_536)},
        {"output": {"title": "no summary"}},
        {"actions": [ACTION] * 4},
        {"actions": [{**ACTION, "label": "l" * 21}]},
        {"actions": [{**ACTION, "identifier": "i" * 21}]},
        {"actions": [{**ACTION, "description": "d" * 41}]},
        {"status": "completed"},
        {"status": "paused"},
        {"conclusion": "splendid"},
        {"details_url": "ftp://example.org"},
        {"started_at": "yesterday"},
        {"head_sha": "0" * 40},
        {"name": ""},
    ],
)
def test_what_goes_beyond_the_limits_is_refused(permissive: StandIn, wrong: dict[str, Any]) -> None:
    plain = {"name": "fairway", "head_sha": permissive.pull_request().head_sha}
    with permissive.client(permissive.token()) as client:
        assert client.post(f"{REPO}/check-runs", json={**plain, **wrong}).status_code == 422
        assert client.post(f"{REPO}/check-runs", json=plain).status_code == 201


def test_largest_texts_are_taken(client: httpx.Client, head: str) -> None:
    body = {"name": "fairway", "head_sha": head, "output": output(summary="s" * 65_535, text="t" * 65_535)}
    assert client.post(f"{REPO}/check-runs", json={**body, "actions": [ACTION] * 3}).status_code == 201


def test_check_runs_of_a_commit_are_listed_newest_first(client: httpx.Client, head: str) -> None:
    ids = []
    for name, external in (("fairway", "one"), ("other", "two"), ("fairway", "three")):
        body = {"name": name, "head_sha": head, "external_id": external}
        ids.append(client.post(f"{REPO}/check-runs", json=body).json()["id"])
    path = f"{REPO}/commits/{head}/check-runs"
    every = client.get(path, params={"filter": "all"}).json()
    latest = client.get(path).json()
    assert [one["id"] for one in every["check_runs"]] == ids[::-1]
    assert (latest["total_count"], {one["external_id"] for one in latest["check_runs"]}) == (2, {"two", "three"})
    named = client.get(path, params={"check_name": "other", "filter": "all"}).json()
    assert [one["external_id"] for one in named["check_runs"]] == ["two"]
    assert client.get(path, params={"app_id": 1}).json()["total_count"] == 0


def test_suite_sums_up_the_runs_of_a_commit(client: httpx.Client, head: str) -> None:
    body = {"name": "fairway", "head_sha": head, "conclusion": "action_required"}
    suite = client.post(f"{REPO}/check-runs", json=body).json()["check_suite"]["id"]
    shown = client.get(f"{REPO}/check-suites/{suite}").json()
    assert (shown["status"], shown["conclusion"], shown["head_sha"]) == ("completed", "action_required", head)
    assert client.get(f"{REPO}/check-suites/1").status_code == 404


def test_pull_requests_of_forks_are_not_named(github: StandIn, client: httpx.Client, head: str) -> None:
    own = github.people.commit(github.repository, "olga", {"own.txt": b"x\n"})
    pull = github.people.open_pull_request(github.repository, "olga", own, "From within", from_fork=False)
    of_fork = client.post(f"{REPO}/check-runs", json={"name": "fairway", "head_sha": head}).json()
    of_own = client.post(f"{REPO}/check-runs", json={"name": "fairway", "head_sha": own}).json()
    assert of_fork["pull_requests"] == []
    assert [one["number"] for one in of_own["pull_requests"]] == [pull.number]
