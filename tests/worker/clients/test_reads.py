"""What the gateway reads, against the stand-in, which checks every request against GitHub's description."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from demo.github import Target, Weather
from tests.standin import AUTHOR, ORGANIZER, START, HandClock, StandIn
from tests.worker.clients.test_errors import REPO, Asked
from worker.clients.gateway import (
    AbsentError,
    Check,
    CommentFacts,
    CommitFacts,
    Conclusion,
    FileFacts,
    PullRequestFacts,
    RefusedError,
    Repo,
    UnavailableError,
)
from worker.clients.github import GitHubGateway


def test_pull_request_as_it_is_now(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    pull = github.pull_request(title="Try it")
    github.people.label(github.repository, pull.number, ORGANIZER, "fairway: clear", "human")
    assert gateway.pull_request(repo, pull.number) == PullRequestFacts(
        number=pull.number,
        head_sha=pull.head_sha,
        base_sha=pull.base_sha,
        base_ref="main",
        state="open",
        draft=False,
        merged=False,
        title="Try it",
        author=AUTHOR,
        author_id=github.state.account(AUTHOR).id,
        created_at=START,
        changed_files=1,
        labels=("fairway: clear", "human"),
    )


def test_merged_pull_request_is_told_as_merged(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    pull = github.pull_request()
    github.people.merge(github.repository, pull, ORGANIZER)
    found = gateway.pull_request(repo, pull.number)
    assert (found.merged, found.state, found.base_sha) == (True, "closed", pull.base_sha)


def test_unchanged_pull_request_costs_nothing_of_the_hourly_limit(
    github: StandIn, gateway: GitHubGateway, repo: Repo
) -> None:
    pull = github.pull_request()
    first = gateway.pull_request(repo, pull.number)
    used = github.state.meter.uses[repo.installation_id].used
    assert gateway.pull_request(repo, pull.number) == first
    assert github.state.meter.uses[repo.installation_id].used == used
    github.people.retitle(github.repository, pull, "Another")
    assert gateway.pull_request(repo, pull.number).title == "Another"


def test_open_pull_requests_come_oldest_first_in_pages(
    github: StandIn, gateway: GitHubGateway, repo: Repo, clock: HandClock
) -> None:
    for _ in range(103):
        clock.forward(minutes=1)
        github.pull_request()
    first, second = (gateway.open_pull_requests(repo, page=page) for page in (1, 2))
    assert [one.number for one in first.items] == list(range(1, 101))
    assert [one.number for one in second.items] == [101, 102, 103]
    assert (first.more, second.more) == (True, False)


def test_pull_requests_are_found_by_their_head(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    pull, other = github.pull_request(), github.pull_request()
    assert pull.head_sha == other.head_sha
    assert sorted(gateway.pull_requests_with_head(repo, pull.head_sha)) == [pull.number, other.number]
    assert gateway.pull_requests_with_head(repo, pull.base_sha) == ()


def test_changed_files_of_all_pages(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    pull = github.pull_request({f"entries/new/{n:03d}.txt": b"%d" % n for n in range(150)})
    found = gateway.changed_files(repo, pull.number)
    assert [one.path for one in found] == [f"entries/new/{n:03d}.txt" for n in range(150)]
    assert {one.status for one in found} == {"added"}


def test_renamed_file_tells_its_old_name(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    content = b"".join(b"step(%d)\n" % step for step in range(40))
    pull = github.pull_request({"entries/base/train.py": None, "entries/base/run.py": content})
    (found,) = gateway.changed_files(repo, pull.number)
    assert isinstance(found, FileFacts)
    assert (found.path, found.status, found.previous_path) == (
        "entries/base/run.py",
        "renamed",
        "entries/base/train.py",
    )


def test_commits_come_oldest_first_with_long_messages_cut(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    first = github.people.commit(github.repository, AUTHOR, {"a": b"1"})
    second = github.people.commit(github.repository, AUTHOR, {"a": b"2"}, parent=first)
    pull = github.people.open_pull_request(github.repository, AUTHOR, second, "Two")
    found = gateway.commits(repo, pull.number)
    assert [one.sha for one in found] == [first, second]
    assert (found[0].author, found[0].authored_at) == (AUTHOR, START)

    long = {
        "sha": "a" * 40,
        "commit": {"message": "é" * 15_000, "author": {"name": "pat", "date": "2026-01-01T00:00:00Z"}},
    }
    (cut,) = Asked(lambda _: httpx.Response(200, json=[long])).gateway.commits(REPO, 1)
    assert cut == CommitFacts("a" * 40, "é" * 10_000, datetime(2026, 1, 1, tzinfo=UTC), "pat")


def test_tree_tells_modes_and_sizes(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    pull = github.pull_request({"entries/new/train.py": b"step(1)\n"})
    found = {one.path: one for one in gateway.tree(repo, pull.head_sha)}
    assert (found["entries/new/train.py"].mode, found["entries/new/train.py"].size) == (0o100644, 8)
    assert (found["entries/new"].mode, found["entries/new"].size) == (0o040000, None)


def test_tree_that_was_cut_is_not_taken_for_whole(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    github.state.tree_limit = 2
    with pytest.raises(UnavailableError, match="too large for one answer"):
        gateway.tree(repo, github.pull_request().head_sha)


def test_blob_comes_as_it_is(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    data = bytes(range(256)) * 5_000
    pull = github.pull_request({"entries/new/model.bin": data})
    (found,) = gateway.changed_files(repo, pull.number)
    assert gateway.blob(repo, found.blob_sha) == data


def test_file_of_a_branch(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    assert gateway.file(repo, ".github/fairway.toml", "main") == b'name = "spindle"\n'


@pytest.mark.parametrize(("path", "ref"), [("nowhere.toml", "main"), ("entries", "main"), ("README.md", "no-branch")])
def test_file_that_is_none_is_none(github: StandIn, gateway: GitHubGateway, repo: Repo, path: str, ref: str) -> None:
    assert gateway.file(repo, path, ref) is None


def test_file_too_large_for_a_configuration_is_refused(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    github.people.push_branch(github.repository, ORGANIZER, {".github/fairway.toml": bytes(1_100_000)})
    with pytest.raises(RefusedError, match="larger than"):
        gateway.file(repo, ".github/fairway.toml", "main")


def test_path_with_odd_letters_is_asked_for_as_it_is(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    github.people.push_branch(github.repository, ORGANIZER, {"a b/ü#?.toml": b"x = 1\n"})
    assert gateway.file(repo, "a b/ü#?.toml", "main") == b"x = 1\n"


def test_check_is_found_by_head_and_external_id(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    pull = github.pull_request()
    wanted = Check("Fairway", pull.head_sha, "second", "t", "s", conclusion=Conclusion.NEUTRAL)
    gateway.create_check(repo, Check("Fairway", pull.head_sha, "first", "t", "s"))
    made = gateway.create_check(repo, wanted)
    assert gateway.find_check(repo, pull.head_sha, "second") == made
    assert gateway.find_check(repo, pull.head_sha, "third") is None
    assert gateway.find_check(repo, pull.base_sha, "second") is None


def test_check_of_another_app_does_not_count() -> None:
    run = {"id": 9, "head_sha": "a" * 40, "external_id": "x", "app": {"id": 2}}
    asked = Asked(lambda _: httpx.Response(200, json={"total_count": 1, "check_runs": [run]}))
    assert asked.gateway.find_check(REPO, "a" * 40, "x") is None
    run["app"] = {"id": 1}
    assert asked.gateway.find_check(REPO, "a" * 40, "x") == 9


def test_own_comment_is_found_behind_a_hundred_others(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    number = github.pull_request().number
    github.people.comment(github.repository, number, AUTHOR, "<!-- fairway --> I am not it")
    for _ in range(100):
        github.people.comment(github.repository, number, AUTHOR, "chatter")
    made = gateway.create_comment(repo, number, "<!-- fairway --> report")
    assert gateway.find_comment(repo, number, "<!-- fairway -->") == made
    assert gateway.find_comment(repo, number, "report") is None


@pytest.mark.parametrize(
    ("changed", "ours"),
    [
        ({}, True),
        ({"performed_via_github_app": None}, True),
        ({"performed_via_github_app": {"id": 2}}, False),
        ({"performed_via_github_app": None, "user": {"login": "fairway", "type": "User"}}, False),
        ({"performed_via_github_app": None, "user": {"login": "fairway[bot]", "type": "User"}}, False),
        ({"performed_via_github_app": None, "user": None}, False),
        ({"body": "quoted <!-- fairway -->"}, False),
        ({"body": None}, False),
    ],
)
def test_whose_comment_it_is_decides(changed: dict[str, Any], ours: bool) -> None:
    told = {
        "id": 4,
        "issue_url": "https://api.example.org/repos/spindle/heat/issues/12",
        "body": "<!-- fairway -->",
        "user": {"login": "fairway[bot]", "id": 3, "type": "Bot"},
        "performed_via_github_app": {"id": 1},
        **changed,
    }
    asked = Asked(lambda _: httpx.Response(200, json=[told]))
    assert (asked.gateway.find_comment(REPO, 12, "<!-- fairway -->") == 4) is ours


def test_comment_with_its_author(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    number = github.pull_request().number
    theirs = github.people.comment(github.repository, number, AUTHOR, "/fairway status")
    author = github.state.account(AUTHOR)
    assert gateway.comment(repo, theirs.id) == CommentFacts(
        *(theirs.id, number, theirs.body, AUTHOR, author.id, False),
        created_at=theirs.created_at,
        updated_at=theirs.updated_at,
    )
    own = gateway.comment(repo, gateway.create_comment(repo, number, "report"))
    assert (own.is_bot, own.app_id) == (True, github.state.app.id)
    github.people.delete_comment(theirs)
    with pytest.raises(AbsentError):
        gateway.comment(repo, theirs.id)


def test_text_comes_without_what_no_database_keeps() -> None:
    told = rb'{"id": 4, "issue_url": "x/issues/12", "body": "a\u0000b\ud800c", "user": null}'
    found = Asked(lambda _: httpx.Response(200, content=told)).gateway.comment(REPO, 4)
    assert found == CommentFacts(4, 12, "a\ufffdb\ufffdc", "ghost", 0, False)


@pytest.mark.parametrize("role", ["admin", "maintain", "write", "triage", "read"])
def test_permission_is_the_role(github: StandIn, gateway: GitHubGateway, repo: Repo, role: str) -> None:
    github.people.grant(github.repository, "mira", role)
    assert gateway.permission(repo, "mira") == role


def test_permission_of_who_is_nobody_is_none(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    assert gateway.permission(repo, "nobody") == "none"
    assert gateway.permission(repo, "../../../app") == "none"


def test_permission_of_a_login_that_changed_hands_is_none(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    before = github.state.account(ORGANIZER).id
    github.people.rename(ORGANIZER, "olga-new")
    squatter = github.state.account(ORGANIZER)
    github.people.grant(github.repository, ORGANIZER, "admin")
    assert gateway.permission(repo, ORGANIZER, user_id=before) == "none"
    assert gateway.permission(repo, ORGANIZER, user_id=squatter.id) == "admin"
    assert gateway.permission(repo, "olga-new", user_id=before) == "admin"


def test_role_that_an_organization_made_counts_as_what_it_is_based_on() -> None:
    told = {"permission": "write", "role_name": "Judge", "user": {"id": 3}}
    assert Asked(lambda _: httpx.Response(200, json=told)).gateway.permission(REPO, "mira") == "write"
    odd = {"permission": "everything", "role_name": "root"}
    assert Asked(lambda _: httpx.Response(200, json=odd)).gateway.permission(REPO, "mira") == "none"


def test_deliveries_that_failed_for_good_are_told_once(
    github: StandIn, gateway: GitHubGateway, clock: HandClock
) -> None:
    hooks = github.state.hooks
    hooks.weather = Weather(lose=1.0)
    for _ in range(3):
        clock.forward(hours=1)
        github.people.ping()
    failed = hooks.newest_first()
    hooks.connect(Target("http://127.0.0.1:9/nowhere", b"secret", github.state.app.id))
    found = list(gateway.failed_deliveries(since=START + timedelta(hours=1, minutes=30)))
    assert [one.guid for one in found] == [one.guid for one in failed[:2]]
    assert found[0].delivered_at == START + timedelta(hours=3)
    gateway.redeliver(found[0].id)
    again = [one.guid for one in gateway.failed_deliveries(since=START + timedelta(minutes=30))]
    assert sorted(again) == sorted(one.guid for one in failed)


def attempt(number: int, guid: str, status: int, minute: int) -> dict[str, object]:
    return {"id": number, "guid": guid, "status_code": status, "delivered_at": f"2026-03-02T10:{minute:02d}:00Z"}


def test_delivery_that_a_later_attempt_handed_over_did_not_fail() -> None:
    pages = {
        None: (
            [attempt(5, "a", 202, 50), attempt(4, "b", 500, 40)],
            '<https://api.example.org/x?cursor=v1_4>; rel="next"',
        ),
        "v1_4": ([attempt(3, "a", 500, 30), attempt(2, "b", 0, 20), attempt(1, "c", 503, 10)], ""),
    }

    def answer(request: httpx.Request) -> httpx.Response:
        items, link = pages[request.url.params.get("cursor")]
        return httpx.Response(200, json=items, headers={"link": link} if link else {})

    found = list(Asked(answer).gateway.failed_deliveries(since=datetime(2026, 3, 2, 10, 5, tzinfo=UTC)))
    assert [(one.id, one.guid) for one in found] == [(4, "b"), (1, "c")]


def test_repositories_of_an_installation(github: StandIn, gateway: GitHubGateway, repo: Repo) -> None:
    assert gateway.installation_repositories(repo.installation_id) == (repo,)


@pytest.mark.parametrize("told", [None, 5, "x", [5], [None], [[]], {"check_runs": 5}])
def test_lists_of_nonsense_are_refused_or_empty(told: object) -> None:
    gateway = Asked(lambda _: httpx.Response(200, json=told, content=None if told else b"null")).gateway
    if isinstance(told, list) and told:
        with pytest.raises(RefusedError, match="no usable"):
            gateway.changed_files(REPO, 1)
    else:
        assert gateway.changed_files(REPO, 1) == ()


@pytest.mark.parametrize(
    "changed",
    [
        {"number": "1"},
        {"number": True},
        {"number": 2**70},
        {"head": None},
        {"head": {"sha": "HEAD"}},
        {"created_at": "yesterday"},
        {"created_at": "9999-99-99T00:00:00Z"},
        {"base": {"sha": "a" * 41, "ref": "main"}},
    ],
)
def test_pull_request_without_what_matters_is_refused(changed: dict[str, Any]) -> None:
    sha = {"sha": "a" * 40, "ref": "main"}
    told = {"number": 1, "head": sha, "base": sha, "state": "open", "created_at": "2026-03-02T10:00:00Z", **changed}
    with pytest.raises(RefusedError, match="no usable"):
        Asked(lambda _: httpx.Response(200, json=told)).gateway.pull_request(REPO, 1)
