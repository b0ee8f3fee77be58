"""Pull requests, their files and their commits as JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import quote

import pygit2

from demo.github import gitdata
from demo.github.gitdata import Change
from demo.github.shapes.accounts import association, node_id, stamp, user
from demo.github.shapes.repositories import api_url, fork, labels, simple, web_url
from demo.github.state import GitHubState
from demo.github.values import Account, Json, PullRequest, Repository


def listed(state: GitHubState, repository: Repository, pull: PullRequest) -> Json:
    """A pull request as it stands in lists."""
    made, number = pull.issue, pull.number
    api, web = f"{api_url(state, repository)}/pulls/{number}", f"{web_url(state, repository)}/pull/{number}"
    talk = f"{api_url(state, repository)}/issues/{number}"
    links = {
        "self": api,
        "html": web,
        "issue": talk,
        "comments": f"{talk}/comments",
        "review_comments": f"{api}/comments",
        "review_comment": f"{api_url(state, repository)}/pulls/comments{{/number}}",
        "commits": f"{api}/commits",
        "statuses": f"{api_url(state, repository)}/statuses/{pull.head_sha}",
    }
    shown_labels = labels(state, repository, made.labels)  # in lists GitHub's schema wants a text for a description
    return {
        "url": api,
        "id": pull.id,
        "node_id": node_id("PullRequest", pull.id),
        "html_url": web,
        "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch",
        "issue_url": talk,
        "number": number,
        "state": made.state,
        "locked": False,
        "title": made.title,
        "user": user(state, made.author),
        "body": made.body,
        "created_at": stamp(made.created_at),
        "updated_at": stamp(made.updated_at),
        "closed_at": stamp(made.closed_at),
        "merged_at": stamp(pull.merged_at),
        "merge_commit_sha": pull.merge_commit_sha,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": [{**shown, "description": shown["description"] or ""} for shown in shown_labels],
        "milestone": None,
        "draft": pull.draft,
        **{
            f"{name}_url": links[name]
            for name in ("commits", "review_comments", "review_comment", "comments", "statuses")
        },
        "head": head(state, repository, pull),
        "base": base(state, repository, pull),
        "_links": {name: {"href": url} for name, url in links.items()},
        "author_association": association(repository, made.author),
        "auto_merge": None,
        "active_lock_reason": None,
    }


def full(state: GitHubState, repository: Repository, pull: PullRequest) -> Json:
    """A pull request, asked for by its number."""
    changed = gitdata.changes(repository.git, pull.base_sha, pull.head_sha)
    merged = pull.merged_at is not None
    return {
        **listed(state, repository, pull),
        "merged": merged,
        "mergeable": None if merged else True,
        "rebaseable": None if merged else True,
        "mergeable_state": "unknown" if merged else "clean",
        "merged_by": user(state, repository.owner) if merged else None,
        "comments": len(pull.issue.comments),
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": len(gitdata.commits_between(repository.git, pull.base_sha, pull.head_sha)),
        "additions": sum(change.additions for change in changed),
        "deletions": sum(change.deletions for change in changed),
        "changed_files": len(changed),
    }


def head(state: GitHubState, repository: Repository, pull: PullRequest) -> Json:
    """The side that is offered. The repository is null where the fork was deleted."""
    author = pull.fork or pull.issue.author
    own = pull.fork is repository.owner
    within = simple(state, repository) if own else None if pull.fork is None else fork(state, repository, pull.fork)
    return _side(state, author, pull.head_ref, pull.head_sha, within)


def base(state: GitHubState, repository: Repository, pull: PullRequest) -> Json:
    """The side that it is offered to."""
    return _side(state, repository.owner, pull.base_ref, pull.base_sha, simple(state, repository))


def _side(state: GitHubState, owner: Account, ref: str, sha: str, within: Json | None) -> Json:
    return {"label": f"{owner.login}:{ref}", "ref": ref, "sha": sha, "user": user(state, owner), "repo": within}


def minimal(state: GitHubState, repository: Repository, pull: PullRequest) -> Json:
    """A pull request as it stands in a check run."""
    within = {"id": repository.id, "url": api_url(state, repository), "name": repository.name}
    return {
        "id": pull.id,
        "number": pull.number,
        "url": f"{api_url(state, repository)}/pulls/{pull.number}",
        "head": {"ref": pull.head_ref, "sha": pull.head_sha, "repo": within},
        "base": {"ref": pull.base_ref, "sha": pull.base_sha, "repo": within},
    }


def changed_file(state: GitHubState, repository: Repository, at: str, change: Change) -> Json:
    """A file that a commit or pull request changes; `at` is the commit."""
    path, web = quote(change.path), web_url(state, repository)
    shape: Json = {
        "sha": change.sha,
        "filename": change.path,
        "status": change.status,
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "blob_url": f"{web}/blob/{at}/{path}",
        "raw_url": f"{web}/raw/{at}/{path}",
        "contents_url": f"{api_url(state, repository)}/contents/{path}?ref={at}",
    }
    if change.patch is not None:
        shape["patch"] = change.patch
    if change.previous is not None:
        shape["previous_filename"] = change.previous
    return shape


def commit(state: GitHubState, repository: Repository, made: pygit2.Commit) -> Json:
    """A commit with those who made it."""
    sha, api, web = str(made.id), api_url(state, repository), web_url(state, repository)
    return {
        "sha": sha,
        "node_id": node_id("Commit", int(sha[:12], 16)),
        "commit": {
            "author": signature(made.author),
            "committer": signature(made.committer),
            "message": made.message.rstrip("\n"),
            "tree": {"sha": str(made.tree_id), "url": f"{api}/git/trees/{made.tree_id}"},
            "url": f"{api}/git/commits/{sha}",
            "comment_count": 0,
            "verification": UNSIGNED,
        },
        "url": f"{api}/commits/{sha}",
        "html_url": f"{web}/commit/{sha}",
        "comments_url": f"{api}/commits/{sha}/comments",
        "author": _known(state, made.author),
        "committer": _known(state, made.committer),
        "parents": parents(state, repository, made, "commits"),
    }


def git_commit(state: GitHubState, repository: Repository, made: pygit2.Commit) -> Json:
    """A commit as git has it."""
    sha, api = str(made.id), api_url(state, repository)
    return {
        "sha": sha,
        "node_id": node_id("Commit", int(sha[:12], 16)),
        "url": f"{api}/git/commits/{sha}",
        "html_url": f"{web_url(state, repository)}/commit/{sha}",
        "author": signature(made.author),
        "committer": signature(made.committer),
        "message": made.message.rstrip("\n"),
        "tree": {"sha": str(made.tree_id), "url": f"{api}/git/trees/{made.tree_id}"},
        "parents": parents(state, repository, made, "git/commits"),
        "verification": UNSIGNED,
    }


UNSIGNED: Json = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def parents(state: GitHubState, repository: Repository, made: pygit2.Commit, below: str) -> list[Json]:
    """The parents of a commit."""
    api, web = api_url(state, repository), web_url(state, repository)
    return [
        {"sha": str(sha), "url": f"{api}/{below}/{sha}", "html_url": f"{web}/commit/{sha}"} for sha in made.parent_ids
    ]


def signature(made: pygit2.Signature) -> Json:
    """Name, address and time of a commit's author."""
    return {"name": made.name, "email": made.email, "date": stamp(moment(made).astimezone(UTC))}


def moment(made: pygit2.Signature) -> datetime:
    """When it was signed, in the author's own time zone."""
    return datetime.fromtimestamp(made.time, timezone(timedelta(minutes=made.offset)))


def _known(state: GitHubState, made: pygit2.Signature) -> Json | None:
    """The account with the author's name; GitHub knows it by the address."""
    account = state.accounts.get(made.name.lower())
    return None if account is None else user(state, account)
