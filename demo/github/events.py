"""The bodies of webhooks, and who hears of them."""

from __future__ import annotations

from typing import Any

import pygit2

from demo.github import gitdata
from demo.github.shapes import accounts, checks, issues, pulls, repositories
from demo.github.state import GitHubState
from demo.github.values import (
    Account,
    CheckRun,
    CheckSuite,
    Comment,
    Installation,
    Issue,
    Json,
    PullRequest,
    Repository,
)


def pull_request(
    state: GitHubState, repository: Repository, pull: PullRequest, action: str, sender: Account, **more: Any
) -> None:
    """Something happened to a pull request."""
    shape = pulls.full(state, repository, pull)
    payload = {"action": action, "number": pull.number, "pull_request": shape, **more}
    _about(state, repository, "pull_request", action, payload, sender)


def issue_comment(state: GitHubState, comment: Comment, action: str, sender: Account, **more: Any) -> None:
    """Something happened to a comment."""
    repository = comment.repository
    talk = issues.issue(state, repository, repository.issues[comment.number])
    payload = {"action": action, "issue": talk, "comment": issues.comment(state, comment), **more}
    _about(state, repository, "issue_comment", action, payload, sender)


def issue(state: GitHubState, repository: Repository, made: Issue, action: str, sender: Account) -> None:
    """Something happened to an issue that is no pull request."""
    _about(
        state, repository, "issues", action, {"action": action, "issue": issues.issue(state, repository, made)}, sender
    )


def check_run(state: GitHubState, run: CheckRun, action: str, sender: Account, **more: Any) -> None:
    """Something happened to a check run."""
    payload = {"action": action, "check_run": checks.run_in_hook(state, run), **more}
    _about(state, run.suite.repository, "check_run", action, payload, sender)


def check_suite(state: GitHubState, suite: CheckSuite, action: str, sender: Account) -> None:
    """Something happened to the check runs of a commit."""
    payload = {"action": action, "check_suite": checks.suite_in_hook(state, suite)}
    _about(state, suite.repository, "check_suite", action, payload, sender)


def push(state: GitHubState, repository: Repository, branch: str, before: str, after: str, sender: Account) -> None:
    """A branch was moved."""
    made = gitdata.commits_between(repository.git, before, after)
    commits = [_pushed(state, repository, commit) for commit in made]
    person = {"name": sender.login, "email": f"{sender.login}@example.org"}
    payload = {
        "ref": f"refs/heads/{branch}",
        "before": before,
        "after": after,
        "created": before == gitdata.NONE,
        "deleted": False,
        "forced": not _follows(repository, before, after),
        "base_ref": None,
        "compare": f"{repositories.web_url(state, repository)}/compare/{before[:12]}...{after[:12]}",
        "commits": commits,
        "head_commit": commits[-1] if commits else None,
        "pusher": person,
        "repository": repositories.pushed(state, repository),
    }
    _about(state, repository, "push", None, payload, sender)


def installation(state: GitHubState, made: Installation, action: str, sender: Account) -> None:
    """The App was installed, removed, suspended or woken."""
    shapes = [repositories.brief(repository) for repository in state.repositories_of(made)]
    payload: Json = {"action": action, "installation": accounts.installation(state, made), "repositories": shapes}
    payload |= {"requester": None} if action == "created" else {}
    state.emit("installation", action, {**payload, "sender": accounts.user(state, sender)}, to=made)


def installation_repositories(
    state: GitHubState, made: Installation, action: str, which: list[Repository], sender: Account
) -> None:
    """Repositories were added to an installation, or removed from it."""
    shapes = [repositories.brief(repository) for repository in which]
    payload: Json = {
        "action": action,
        "installation": accounts.installation(state, made),
        "repository_selection": made.selection,
        "repositories_added": shapes if action == "added" else [],
        "repositories_removed": shapes if action == "removed" else [],
        "requester": None,
        "sender": accounts.user(state, sender),
    }
    state.emit("installation_repositories", action, payload, to=made)


def ping(state: GitHubState) -> None:
    """The webhook was set up."""
    hook = {
        "type": "App",
        "id": 700_001,
        "name": "web",
        "active": True,
        "events": list(state.app.events),
        "config": {"content_type": "json", "insecure_ssl": "0", "secret": "********", "url": f"{state.url}/hook"},
        "updated_at": accounts.stamp(state.app.created_at),
        "created_at": accounts.stamp(state.app.created_at),
        "app_id": state.app.id,
        "deliveries_url": f"{state.url}/app/hook/deliveries",
    }
    state.emit("ping", None, {"zen": "Say what was measured.", "hook_id": 700_001, "hook": hook}, to=None)


def _about(
    state: GitHubState, repository: Repository, event: str, action: str | None, payload: Json, sender: Account
) -> None:
    to = state.installation_of(repository)
    if to is None:
        return
    common: Json = {
        "repository": repositories.simple(state, repository),
        "sender": accounts.user(state, sender),
        "installation": {"id": to.id, "node_id": accounts.node_id("Installation", to.id)},
    }
    state.emit(event, action, {**common, **payload}, to=to, about=repository)


def _pushed(state: GitHubState, repository: Repository, commit: pygit2.Commit) -> Json:
    people = {"author": commit.author, "committer": commit.committer}
    touched = _touched(repository, commit)
    return {
        "id": str(commit.id),
        "tree_id": str(commit.tree_id),
        "distinct": True,
        "message": commit.message.rstrip("\n"),
        "timestamp": pulls.moment(commit.committer).isoformat(),
        "url": f"{repositories.web_url(state, repository)}/commit/{commit.id}",
        **{role: {"name": who.name, "email": who.email, "username": who.name} for role, who in people.items()},
        **touched,
    }


def _touched(repository: Repository, commit: pygit2.Commit) -> dict[str, list[str]]:
    """The paths that a commit adds, removes and modifies."""
    names: dict[str, list[str]] = {"added": [], "removed": [], "modified": []}
    if commit.parent_ids:
        for change in gitdata.changes(repository.git, str(commit.parent_ids[0]), str(commit.id)):
            names[change.status if change.status in names else "modified"].append(change.path)
    return names


def _follows(repository: Repository, before: str, after: str) -> bool:
    git = gitdata.opened(repository.git)
    return before in (gitdata.NONE, after) or git.descendant_of(after, before)
