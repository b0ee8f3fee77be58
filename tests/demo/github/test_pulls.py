"""Pull requests as GitHub lists them, with files, commits and pages."""

from __future__ import annotations

import httpx
import pygit2
import pytest

from demo.github import gitdata
from tests.standin import AUTHOR, FILES, ORGANIZER, REPO, HandClock, StandIn


def test_pull_request_shows_head_base_and_counts(github: StandIn, client: httpx.Client) -> None:
    pull = github.pull_request({"entries/new/train.py": b"a\nb\n", "README.md": b"# Other\n"}, title="Faster heat")
    shown = client.get(f"{REPO}/pulls/{pull.number}").json()
    assert (shown["number"], shown["title"], shown["state"], shown["draft"]) == (1, "Faster heat", "open", False)
    assert shown["head"]["sha"] == pull.head_sha
    assert shown["head"]["label"] == f"{AUTHOR}:submission"
    assert shown["head"]["repo"]["fork"] is True
    assert shown["base"]["ref"] == "main"
    assert (shown["changed_files"], shown["additions"], shown["deletions"], shown["commits"]) == (2, 3, 1, 1)
    assert client.get(f"{REPO}/pulls/99").status_code == 404


def test_every_kind_of_change_is_told(github: StandIn, client: httpx.Client) -> None:
    head = github.people.commit(
        github.repository,
        AUTHOR,
        {
            "entries/new/train.py": b"a\nb\n",
            "README.md": None,
            "entries/base/train.py": None,
            "entries/moved/train.py": FILES["entries/base/train.py"] + b"stop()\n",
            ".github/fairway.toml": b'name = "other"\n',
            "weights.bin": bytes(range(256)),
        },
    )
    pull = github.people.open_pull_request(github.repository, AUTHOR, head, "Much")
    files = {one["filename"]: one for one in client.get(f"{REPO}/pulls/{pull.number}/files").json()}
    assert {name: one["status"] for name, one in files.items()} == {
        ".github/fairway.toml": "modified",
        "README.md": "removed",
        "entries/moved/train.py": "renamed",
        "entries/new/train.py": "added",
        "weights.bin": "added",
    }
    assert files["entries/moved/train.py"]["previous_filename"] == "entries/base/train.py"
    assert files["entries/new/train.py"]["patch"] == "@@ -0,0 +1,2 @@\n+a\n+b"
    assert "patch" not in files["weights.bin"]
    assert files["README.md"]["sha"] == str(pygit2.hash(FILES["README.md"]))
    assert files["entries/new/train.py"]["sha"] == str(pygit2.hash(b"a\nb\n"))


def test_only_what_the_head_changed_since_it_left_the_base_counts(github: StandIn, client: httpx.Client) -> None:
    start = gitdata.commit_at(github.repository.git, "main")
    assert start is not None
    github.people.push_branch(github.repository, ORGANIZER, {"CHANGES.md": b"later\n"})
    head = github.people.commit(github.repository, AUTHOR, {"entries/new/train.py": b"a\n"}, parent=str(start.id))
    pull = github.people.open_pull_request(github.repository, AUTHOR, head, "From before")
    files = client.get(f"{REPO}/pulls/{pull.number}/files").json()
    assert [one["filename"] for one in files] == ["entries/new/train.py"]


def test_files_come_in_pages_up_to_three_thousand(github: StandIn, client: httpx.Client) -> None:
    pull = github.pull_request({f"entries/many/{number:04}.txt": b"x\n" for number in range(3_010)})
    first = client.get(f"{REPO}/pulls/{pull.number}/files", params={"per_page": 100})
    last = client.get(first.links["last"]["url"])
    assert len(first.json()) == 100
    assert first.links["next"]["url"].endswith("per_page=100&page=2")
    assert last.url.params["page"] == "30"
    assert len(last.json()) == 100
    assert "next" not in last.links
    assert client.get(f"{REPO}/pulls/{pull.number}/files", params={"page": 999}).json() == []


def test_commits_are_told_oldest_first(github: StandIn, client: httpx.Client, clock: HandClock) -> None:
    head = None
    for number in range(3):
        clock.forward(minutes=1)
        head = github.people.commit(github.repository, AUTHOR, {"a.txt": b"%d" % number}, parent=head)
    assert head is not None
    pull = github.people.open_pull_request(github.repository, AUTHOR, head, "Three")
    commits = client.get(f"{REPO}/pulls/{pull.number}/commits").json()
    assert len(commits) == 3
    assert commits[-1]["sha"] == head
    assert [one["commit"]["author"]["date"] for one in commits] == [
        "2026-03-02T10:01:00Z",
        "2026-03-02T10:02:00Z",
        "2026-03-02T10:03:00Z",
    ]
    assert commits[0]["author"]["login"] == AUTHOR


def test_at_most_two_hundred_and_fifty_commits_are_told(github: StandIn, client: httpx.Client) -> None:
    head = None
    for number in range(260):
        head = github.people.commit(github.repository, AUTHOR, {"a.txt": b"%d" % number}, parent=head)
    assert head is not None
    pull = github.people.open_pull_request(github.repository, AUTHOR, head, "Many")
    last = client.get(f"{REPO}/pulls/{pull.number}/commits", params={"per_page": 100, "page": 3})
    assert len(last.json()) == 50


def test_open_pull_requests_are_listed_oldest_first_when_asked(
    github: StandIn, client: httpx.Client, clock: HandClock
) -> None:
    pulls = []
    for number in range(5):
        clock.forward(minutes=1)
        pulls.append(github.pull_request({f"{number}.txt": b"x"}))
    github.people.close(github.repository, pulls[1])
    oldest: dict[str, str | int] = {"state": "open", "sort": "created", "direction": "asc", "per_page": 2}
    first = client.get(f"{REPO}/pulls", params=oldest)
    second = client.get(first.links["next"]["url"])
    assert [one["number"] for one in first.json() + second.json()] == [1, 3, 4, 5]
    assert "next" not in second.links
    assert [one["number"] for one in client.get(f"{REPO}/pulls").json()] == [5, 4, 3, 1]
    assert [one["number"] for one in client.get(f"{REPO}/pulls", params={"state": "closed"}).json()] == [2]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [({"head": f"{AUTHOR}:submission"}, [1]), ({"head": "spindle:submission"}, []), ({"base": "main"}, [1])],
)
def test_list_is_narrowed_by_branches(
    github: StandIn, client: httpx.Client, query: dict[str, str], numbers: list[int]
) -> None:
    github.pull_request()
    assert [one["number"] for one in client.get(f"{REPO}/pulls", params=query).json()] == numbers


def test_pull_requests_are_found_by_their_head(github: StandIn, client: httpx.Client) -> None:
    pull = github.pull_request()
    twin = github.people.open_pull_request(github.repository, "quim", pull.head_sha, "The same again")
    found = client.get(f"{REPO}/commits/{pull.head_sha}/pulls").json()
    assert {one["number"] for one in found} == {pull.number, twin.number}
    assert client.get(f"{REPO}/commits/{'0' * 40}/pulls").status_code == 422


def test_push_moves_the_head_and_its_reference(github: StandIn, client: httpx.Client) -> None:
    pull = github.pull_request()
    head = github.people.commit(github.repository, AUTHOR, {"other.txt": b"x\n"})
    github.people.push(github.repository, pull, head)
    assert client.get(f"{REPO}/pulls/{pull.number}").json()["head"]["sha"] == head
    named = gitdata.commit_at(github.repository.git, f"refs/pull/{pull.number}/head")
    assert named is not None
    assert str(named.id) == head


def test_merging_brings_the_files_to_the_base_branch(github: StandIn, client: httpx.Client) -> None:
    pull = github.pull_request({"entries/new/train.py": b"a\n", "README.md": None})
    sha = github.people.merge(github.repository, pull, ORGANIZER)
    shown = client.get(f"{REPO}/pulls/{pull.number}").json()
    assert (shown["state"], shown["merged"], shown["merge_commit_sha"]) == ("closed", True, sha)
    paths = {one["path"] for one in client.get(f"{REPO}/git/trees/main", params={"recursive": 1}).json()["tree"]}
    assert "entries/new/train.py" in paths
    assert "README.md" not in paths


def test_deleted_fork_is_told_as_null(github: StandIn) -> None:
    """The published description does not allow it; GitHub does it all the same."""
    pull = github.pull_request()
    github.people.lose_fork(pull)
    with github.client(github.token()) as client:
        shown = client.get(f"{REPO}/pulls/{pull.number}").json()
    assert shown["head"]["repo"] is None
    assert all("head/repo: null" in one for one in github.state.log.violations)
    github.state.log.violations.clear()
