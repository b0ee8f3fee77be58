"""Who may ask for what: the App's own token, an installation's token, permissions and repositories."""

from __future__ import annotations

import httpx
import jwt
import pytest

from demo.github import make_key_pair
from tests.standin import ORGANIZER, REPO, HandClock, StandIn


def test_app_sees_itself_with_a_token_that_it_signed(github: StandIn) -> None:
    with github.client() as app:
        answer = app.get("/app")
    assert answer.status_code == 200
    assert answer.json()["slug"] == "fairway"
    assert answer.json()["installations_count"] == 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"issued": 120}, "'Issued at' claim"),
        ({"issued": -900}, "'Expiration time' claim ('exp') must be"),
        ({"life": 3600}, "'Expiration time' claim ('exp') is too far"),
        ({"app_id": 99}, "'Issuer' claim"),
    ],
)
def test_app_token_with_wrong_claims_is_refused(github: StandIn, changed: dict[str, int], message: str) -> None:
    with github.client(github.app_token(**changed)) as app:
        answer = app.get("/app")
    assert answer.status_code == 401
    assert answer.json()["message"].startswith(message)


def test_app_token_of_another_key_is_refused(github: StandIn) -> None:
    claims = jwt.decode(github.app_token(), options={"verify_signature": False})
    with github.client(jwt.encode(claims, make_key_pair().private, "RS256")) as app:
        assert app.get("/app").status_code == 401


def test_request_without_credentials_is_refused(github: StandIn) -> None:
    assert httpx.get(f"{github.url}/app").status_code == 401
    assert httpx.get(f"{github.url}{REPO}").status_code == 401


def test_request_that_does_not_say_who_asks_is_refused(github: StandIn) -> None:
    headers = {"Authorization": f"Bearer {github.app_token()}", "User-Agent": ""}
    assert httpx.get(f"{github.url}/app", headers=headers).status_code == 403


def test_installation_token_is_worth_an_hour(github: StandIn, clock: HandClock, client: httpx.Client) -> None:
    clock.forward(minutes=59)
    assert client.get(REPO).status_code == 200
    clock.forward(minutes=2)
    answer = client.get(REPO)
    assert (answer.status_code, answer.json()["message"]) == (401, "Bad credentials")


def test_token_is_narrowed_to_permissions_and_repositories(github: StandIn) -> None:
    wanted = {"repository_ids": [github.repository.id], "permissions": {"checks": "read"}}
    with github.client() as app:
        made = app.post(f"/app/installations/{github.installation.id}/access_tokens", json=wanted)
    assert made.status_code == 201
    assert made.json()["permissions"] == {"checks": "read", "metadata": "read"}
    assert [one["full_name"] for one in made.json()["repositories"]] == [github.repository.full_name]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"permissions": {"contents": "write"}}, "The permissions requested are not granted"),
        ({"permissions": {"members": "read"}}, "The permissions requested are not granted"),
        ({"repository_ids": [1]}, "There is at least one repository"),
        ({"repositories": ["elsewhere"]}, "There is at least one repository"),
    ],
)
def test_token_for_more_than_was_granted_is_refused(github: StandIn, wanted: dict[str, object], message: str) -> None:
    with github.client() as app:
        answer = app.post(f"/app/installations/{github.installation.id}/access_tokens", json=wanted)
    assert answer.status_code == 422
    assert answer.json()["message"].startswith(message)


def test_request_beyond_the_tokens_permissions_is_refused_with_the_missing_one(github: StandIn) -> None:
    pull = github.pull_request()
    with github.client(github.token({"pull_requests": "read"})) as client:
        assert client.get(f"{REPO}/pulls/{pull.number}").status_code == 200
        refused = client.post(f"{REPO}/issues/{pull.number}/comments", json={"body": "hello"})
        unread = client.get(f"{REPO}/git/trees/main")
    assert (refused.status_code, refused.json()["message"]) == (403, "Resource not accessible by integration")
    assert refused.headers["x-accepted-github-permissions"] == "issues=write; pull_requests=write"
    assert unread.status_code == 403


def test_repository_that_the_token_does_not_cover_is_not_there(github: StandIn) -> None:
    github.state.add_repository("spindle/other", github.repository.git)
    with github.client(github.token()) as client:
        assert client.get("/repos/spindle/other").status_code == 404
        assert client.get("/repos/spindle/nowhere").status_code == 404


def test_tokens_end_with_the_installation(github: StandIn, client: httpx.Client) -> None:
    github.people.suspend(ORGANIZER, github.installation)
    assert client.get(REPO).status_code == 403
    github.people.suspend(ORGANIZER, github.installation, asleep=False)
    assert client.get(REPO).status_code == 200
    github.people.uninstall(ORGANIZER, github.installation)
    assert client.get(REPO).status_code == 401


def test_installations_and_their_repositories_are_listed(github: StandIn, client: httpx.Client) -> None:
    with github.client() as app:
        listed = app.get("/app/installations").json()
        found = app.get(f"{REPO}/installation").json()
    covered = client.get("/installation/repositories").json()
    assert [one["id"] for one in listed] == [found["id"]] == [github.installation.id]
    assert covered["total_count"] == 1
    assert covered["repositories"][0]["id"] == github.repository.id


@pytest.mark.parametrize(
    ("role", "permission"),
    [("admin", "admin"), ("maintain", "write"), ("write", "write"), ("triage", "read"), ("read", "read")],
)
def test_permission_is_told_with_its_role(github: StandIn, client: httpx.Client, role: str, permission: str) -> None:
    github.people.grant(github.repository, "mira", role)
    answer = client.get(f"{REPO}/collaborators/mira/permission").json()
    assert (answer["permission"], answer["role_name"]) == (permission, role)


def test_permission_of_strangers_depends_on_who_may_see_the_repository(github: StandIn, client: httpx.Client) -> None:
    assert client.get(f"{REPO}/collaborators/nobody/permission").status_code == 404
    github.state.account("passer-by")
    assert client.get(f"{REPO}/collaborators/passer-by/permission").json()["permission"] == "read"
    github.repository.private = True
    assert client.get(f"{REPO}/collaborators/passer-by/permission").json()["permission"] == "none"


def test_renamed_account_keeps_its_number_and_its_role(github: StandIn, client: httpx.Client) -> None:
    before = client.get(f"{REPO}/collaborators/{ORGANIZER}/permission").json()["user"]["id"]
    github.people.rename(ORGANIZER, "olga-new")
    after = client.get(f"{REPO}/collaborators/olga-new/permission").json()
    squatter = github.state.account(ORGANIZER)
    assert (after["user"]["id"], after["permission"]) == (before, "admin")
    assert squatter.id != before
    assert client.get(f"{REPO}/collaborators/{ORGANIZER}/permission").json()["permission"] == "read"
