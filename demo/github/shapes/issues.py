"""Issues, comments and reactions as JSON."""

from __future__ import annotations

from collections import Counter

from demo.github.shapes.accounts import app, association, node_id, stamp, user
from demo.github.shapes.repositories import api_url, labels, web_url
from demo.github.state import GitHubState
from demo.github.values import Comment, Issue, Json, Reaction, Repository

REACTIONS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")


def issue(state: GitHubState, repository: Repository, made: Issue) -> Json:
    """An issue; a pull request has one as well."""
    api = f"{api_url(state, repository)}/issues/{made.number}"
    pull = repository.pulls.get(made.number)
    shape: Json = {
        "url": api,
        "repository_url": api_url(state, repository),
        "labels_url": f"{api}/labels{{/name}}",
        "comments_url": f"{api}/comments",
        "events_url": f"{api}/events",
        "timeline_url": f"{api}/timeline",
        "html_url": f"{web_url(state, repository)}/{'issues' if pull is None else 'pull'}/{made.number}",
        "id": made.id,
        "node_id": node_id("Issue", made.id),
        "number": made.number,
        "title": made.title,
        "body": made.body,
        "user": user(state, made.author),
        "labels": labels(state, repository, made.labels),
        "state": made.state,
        "state_reason": made.state_reason,
        "locked": False,
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "comments": len(made.comments),
        "created_at": stamp(made.created_at),
        "updated_at": stamp(made.updated_at),
        "closed_at": stamp(made.closed_at),
        "author_association": association(repository, made.author),
        "active_lock_reason": None,
        "reactions": rollup(api, Counter()),
        "performed_via_github_app": app(state) if made.by_app else None,
    }
    if pull is not None:
        web = f"{web_url(state, repository)}/pull/{made.number}"
        shape["draft"] = pull.draft
        shape["pull_request"] = {
            "url": f"{api_url(state, repository)}/pulls/{made.number}",
            "html_url": web,
            "diff_url": f"{web}.diff",
            "patch_url": f"{web}.patch",
            "merged_at": stamp(pull.merged_at),
        }
    return shape


def comment(state: GitHubState, made: Comment) -> Json:
    """A comment on an issue or a pull request."""
    repository = made.repository
    api = f"{api_url(state, repository)}/issues/comments/{made.id}"
    kind = "pull" if made.number in repository.pulls else "issues"
    return {
        "url": api,
        "html_url": f"{web_url(state, repository)}/{kind}/{made.number}#issuecomment-{made.id}",
        "issue_url": f"{api_url(state, repository)}/issues/{made.number}",
        "id": made.id,
        "node_id": node_id("IssueComment", made.id),
        "user": user(state, made.author),
        "created_at": stamp(made.created_at),
        "updated_at": stamp(made.updated_at),
        "body": made.body,
        "author_association": association(repository, made.author),
        "reactions": rollup(api, Counter(content for _, content in made.reactions)),
        "performed_via_github_app": app(state) if made.by_app else None,
    }


def rollup(url: str, counts: Counter[str]) -> Json:
    """How often each reaction was given."""
    each = {content: counts[content] for content in REACTIONS}
    return {"url": f"{url}/reactions", "total_count": sum(each.values()), **each}


def reaction(state: GitHubState, made: Reaction) -> Json:
    """One reaction."""
    return {
        "id": made.id,
        "node_id": node_id("Reaction", made.id),
        "user": user(state, made.author),
        "content": made.content,
        "created_at": stamp(made.created_at),
    }
