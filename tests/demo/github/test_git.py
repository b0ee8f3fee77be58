"""Trees, blobs, commits and contents."""

from __future__ import annotations

from base64 import b64decode

import httpx
import pygit2

from demo.github import gitdata
from tests.standin import AUTHOR, FILES, REPO, StandIn

SCRIPT = "entries/base/train.py"


def test_recursive_tree_has_every_path_with_mode_and_size(client: httpx.Client) -> None:
    answer = client.get(f"{REPO}/git/trees/main", params={"recursive": "1"}).json()
    entries = {one["path"]: one for one in answer["tree"]}
    assert answer["truncated"] is False
    assert set(entries) == {".github", "entries", "entries/base", *FILES}
    assert (entries[SCRIPT]["type"], entries[SCRIPT]["mode"]) == ("blob", "100644")
    assert entries[SCRIPT]["size"] == len(FILES[SCRIPT])
    assert (entries["entries"]["type"], entries["entries"]["mode"]) == ("tree", "040000")
    assert "size" not in entries["entries"]


def test_tree_is_found_by_its_hash_and_by_a_commits(github: StandIn, client: httpx.Client) -> None:
    pull = github.pull_request()
    by_commit = client.get(f"{REPO}/git/trees/{pull.head_sha}").json()
    by_tree = client.get(f"{REPO}/git/trees/{by_commit['sha']}").json()
    assert by_commit == by_tree
    assert client.get(f"{REPO}/git/trees/{'0' * 40}").status_code == 404
    assert client.get(f"{REPO}/git/trees/nowhere").status_code == 404


def test_large_tree_is_cut_and_says_so(github: StandIn, client: httpx.Client) -> None:
    github.state.tree_limit = 2
    answer = client.get(f"{REPO}/git/trees/main", params={"recursive": "1"}).json()
    assert (len(answer["tree"]), answer["truncated"]) == (2, True)


def test_links_and_submodules_keep_their_kind(github: StandIn, client: httpx.Client) -> None:
    git = gitdata.opened(github.repository.git)
    builder = git.TreeBuilder()
    builder.insert("link", git.create_blob(b"/etc/passwd"), pygit2.enums.FileMode.LINK)
    builder.insert("module", pygit2.Oid(hex="1" * 40), pygit2.enums.FileMode.COMMIT)
    builder.insert("run.sh", git.create_blob(b"true\n"), pygit2.enums.FileMode.BLOB_EXECUTABLE)
    who = pygit2.Signature(AUTHOR, "pat@example.org", 1_770_000_000, 0)
    head = git.create_commit(None, who, who, "Odd things", builder.write(), [])
    tree = {one["path"]: one for one in client.get(f"{REPO}/git/trees/{head}").json()["tree"]}
    assert {name: (one["mode"], one["type"]) for name, one in tree.items()} == {
        "link": ("120000", "blob"),
        "module": ("160000", "commit"),
        "run.sh": ("100755", "blob"),
    }
    assert "url" not in tree["module"]


def test_blob_comes_in_base64_or_raw(client: httpx.Client) -> None:
    sha = str(pygit2.hash(FILES[SCRIPT]))
    answer = client.get(f"{REPO}/git/blobs/{sha}").json()
    raw = client.get(f"{REPO}/git/blobs/{sha}", headers={"Accept": "application/vnd.github.raw+json"})
    assert (answer["encoding"], answer["size"]) == ("base64", len(FILES[SCRIPT]))
    assert b64decode(answer["content"]) == raw.content == FILES[SCRIPT]
    assert max(map(len, answer["content"].splitlines())) == 60
    assert client.get(f"{REPO}/git/blobs/{'0' * 40}").status_code == 404
    assert client.get(f"{REPO}/git/blobs/main").status_code == 422


def test_file_is_read_at_a_branch_or_commit(github: StandIn, client: httpx.Client) -> None:
    pull = github.pull_request({".github/fairway.toml": b'name = "mine"\n'})
    on_main = client.get(f"{REPO}/contents/.github/fairway.toml").json()
    at_head = client.get(f"{REPO}/contents/.github/fairway.toml", params={"ref": pull.head_sha}).json()
    assert b64decode(on_main["content"]) == b'name = "spindle"\n'
    assert b64decode(at_head["content"]) == b'name = "mine"\n'
    assert client.get(f"{REPO}/contents/missing.toml").status_code == 404
    assert client.get(f"{REPO}/contents/README.md", params={"ref": "nowhere"}).status_code == 404


def test_folder_is_listed(client: httpx.Client) -> None:
    listed = client.get(f"{REPO}/contents/entries").json()
    assert [(one["path"], one["type"]) for one in listed] == [("entries/base", "dir")]


def test_file_above_one_megabyte_comes_only_raw(github: StandIn, client: httpx.Client) -> None:
    content = b"0123456789abcdef" * 70_000
    pull = github.pull_request({"large.txt": content})
    query = {"ref": pull.head_sha}
    plain = client.get(f"{REPO}/contents/large.txt", params=query).json()
    raw = client.get(f"{REPO}/contents/large.txt", params=query, headers={"Accept": "application/vnd.github.raw"})
    assert (plain["encoding"], plain["content"], plain["size"]) == ("none", "", len(content))
    assert raw.content == content


def test_commit_tells_message_parents_and_files(github: StandIn, client: httpx.Client) -> None:
    pull = github.pull_request({"a.txt": b"1\n2\n"})
    whole = client.get(f"{REPO}/commits/{pull.head_sha}").json()
    bare = client.get(f"{REPO}/git/commits/{pull.head_sha}").json()
    assert [one["filename"] for one in whole["files"]] == ["a.txt"]
    assert whole["stats"] == {"total": 2, "additions": 2, "deletions": 0}
    assert whole["parents"][0]["sha"] == bare["parents"][0]["sha"] == pull.base_sha
    assert bare["message"] == whole["commit"]["message"] == "Change files"
    assert client.get(f"{REPO}/commits/heads/main").json()["sha"] == pull.base_sha
    assert [one["sha"] for one in client.get(f"{REPO}/commits").json()] == [pull.base_sha]


def test_answer_that_did_not_change_is_not_sent_again(github: StandIn, client: httpx.Client) -> None:
    first = client.get(f"{REPO}/git/trees/main")
    used = int(first.headers["x-ratelimit-used"])
    again = client.get(f"{REPO}/git/trees/main", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert int(client.get(f"{REPO}/git/trees/main").headers["x-ratelimit-used"]) == used + 1
    github.pull_request()
    assert client.get(REPO, headers={"If-None-Match": first.headers["etag"]}).status_code == 200
