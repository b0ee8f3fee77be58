"""Repositories and labels as JSON."""

from __future__ import annotations

from urllib.parse import quote

from demo.github.shapes.accounts import node_id, stamp, user
from demo.github.state import GitHubState
from demo.github.values import Account, Json, Label, Repository

_BELOW = {
    "archive_url": "{/archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
_FEATURES: Json = {
    "description": "A model competition",
    "homepage": None,
    "language": "Python",
    "license": None,
    "mirror_url": None,
    "size": 108,
    "forks": 0,
    "forks_count": 0,
    "stargazers_count": 0,
    "watchers": 0,
    "watchers_count": 0,
    "archived": False,
    "disabled": False,
    "is_template": False,
    "topics": [],
    "custom_properties": {},
    "has_issues": True,
    "has_projects": True,
    "has_downloads": True,
    "has_wiki": True,
    "has_pages": False,
    "has_discussions": False,
    "allow_forking": True,
    "web_commit_signoff_required": False,
}


def api_url(state: GitHubState, repository: Repository) -> str:
    """Where the API has a repository."""
    return f"{state.url}/repos/{repository.full_name}"


def web_url(state: GitHubState, repository: Repository) -> str:
    """Where people see a repository, and where git fetches it."""
    return f"{state.url}/{repository.full_name}"


def simple(state: GitHubState, repository: Repository) -> Json:
    """A repository as it stands in lists and in webhooks."""
    return _shape(state, repository, repository.owner, repository.id, fork=False)


def fork(state: GitHubState, repository: Repository, owner: Account) -> Json:
    """Somebody's fork. The stand-in keeps its objects in the repository that it was forked from."""
    return _shape(state, repository, owner, 50_000_000 + owner.id, fork=True)


def full(state: GitHubState, repository: Repository) -> Json:
    """A repository, asked for by its name."""
    return {**simple(state, repository), "subscribers_count": 0, "network_count": 0}


def pushed(state: GitHubState, repository: Repository) -> Json:
    """A repository as it stands in a webhook about a push: times are seconds there, and the owner has a name."""
    shape, made = simple(state, repository), int(repository.created_at.timestamp())
    owner = {**shape["owner"], "name": repository.owner.login, "email": None}
    older = {"master_branch": repository.default_branch, "stargazers": 0}
    return {**shape, **older, "owner": owner, "created_at": made, "pushed_at": made}


def brief(repository: Repository) -> Json:
    """A repository as it stands in a webhook about an installation."""
    return {
        "id": repository.id,
        "node_id": node_id("Repository", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
    }


def label(state: GitHubState, repository: Repository, made: Label) -> Json:
    """A label."""
    return {
        "id": made.id,
        "node_id": node_id("Label", made.id),
        "url": f"{api_url(state, repository)}/labels/{quote(made.name, safe='')}",
        "name": made.name,
        "color": made.color,
        "default": False,
        "description": made.description,
    }


def labels(state: GitHubState, repository: Repository, names: list[str]) -> list[Json]:
    """The labels of an issue."""
    return [label(state, repository, repository.labels[name]) for name in names]


def _shape(state: GitHubState, repository: Repository, owner: Account, number: int, *, fork: bool) -> Json:
    name = f"{owner.login}/{repository.name}"
    api, web = f"{state.url}/repos/{name}", f"{state.url}/{name}"
    bare = web.split("://", 1)[1]
    return {
        "id": number,
        "node_id": node_id("Repository", number),
        "name": repository.name,
        "full_name": name,
        "private": repository.private,
        "visibility": "private" if repository.private else "public",
        "owner": user(state, owner),
        "html_url": web,
        "fork": fork,
        "url": api,
        "git_url": f"git://{bare}.git",
        "ssh_url": f"ssh://git@{bare}.git",
        "clone_url": f"{web}.git",
        "svn_url": web,
        "created_at": stamp(repository.created_at),
        "updated_at": stamp(repository.created_at),
        "pushed_at": stamp(repository.created_at),
        "default_branch": repository.default_branch,
        "open_issues": repository.open_issues,
        "open_issues_count": repository.open_issues,
        **_FEATURES,
        **{key: f"{api}{below}" for key, below in _BELOW.items()},
    }
