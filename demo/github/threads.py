"""What is done to issues, comments, labels and reactions, by people and by the App alike."""

from __future__ import annotations

from collections.abc import Iterable

from demo.github import events
from demo.github.answers import ApiError, invalid, malformed
from demo.github.shapes.issues import REACTIONS
from demo.github.shapes.repositories import label as label_shape
from demo.github.state import GitHubState
from demo.github.values import Account, Comment, Issue, Label, Reaction, Repository

MOST_BODY, MOST_TITLE, MOST_LABEL, MOST_LABELS, MOST_DESCRIPTION = 65_536, 256, 50, 100, 100


def open_issue(
    state: GitHubState, repository: Repository, author: Account, title: str, body: str | None, *, by_app: bool = False
) -> Issue:
    """A new issue with the next number."""
    check_text("Issue", title, body)
    made = number_issue(state, repository, author, title, body, by_app=by_app)
    events.issue(state, repository, made, "opened", author)
    return made


def number_issue(
    state: GitHubState, repository: Repository, author: Account, title: str, body: str | None, *, by_app: bool = False
) -> Issue:
    """An issue, or that of a new pull request; nobody is told of it."""
    now, number = state.now(), repository.next_number
    repository.next_number += 1
    repository.open_issues += 1
    made = repository.issues[number] = Issue(next(state.ids), number, author, title, body, now, now, by_app=by_app)
    return made


def check_text(resource: str, title: str, body: str | None) -> None:
    """Refuse what is too long or empty."""
    if not title.strip():
        raise invalid(resource, "title", code="missing_field")
    if len(title) > MOST_TITLE:
        raise invalid(resource, "title", f"title is too long (maximum is {MOST_TITLE} characters)")
    if body is not None and len(body) > MOST_BODY:
        raise invalid(resource, "body", f"body is too long (maximum is {MOST_BODY} characters)")


def check_comment(body: str) -> None:
    """Refuse what is too long or empty."""
    if not body.strip():
        raise invalid("IssueComment", "data", "Body can't be blank", code="unprocessable")
    if len(body) > MOST_BODY:
        message = f"Body is too long (maximum is {MOST_BODY} characters)"
        raise invalid("IssueComment", "data", message, code="unprocessable")


def set_open(
    state: GitHubState, repository: Repository, issue: Issue, *, is_open: bool, reason: str | None = None
) -> None:
    """Close an issue or a pull request, or open it again."""
    if is_open != (issue.state == "open"):
        issue.closed_at = None if is_open else state.now()
        issue.state_reason = reason
        repository.open_issues += 1 if is_open else -1
    issue.updated_at = state.now()


def add_comment(
    state: GitHubState, repository: Repository, number: int, author: Account, body: str, *, by_app: bool = False
) -> Comment:
    """A new comment below an issue or a pull request."""
    check_comment(body)
    now, issue = state.now(), repository.issues[number]
    made = Comment(next(state.ids), repository, number, author, body, now, now, by_app)
    state.comments[made.id] = made
    issue.comments.append(made.id)
    issue.updated_at = now
    events.issue_comment(state, made, "created", author)
    return made


def edit_comment(state: GitHubState, comment: Comment, body: str, sender: Account) -> None:
    """Another text for a comment."""
    check_comment(body)
    before, comment.body, comment.updated_at = comment.body, body, state.now()
    events.issue_comment(state, comment, "edited", sender, changes={"body": {"from": before}})


def delete_comment(state: GitHubState, comment: Comment, sender: Account) -> None:
    """Take a comment away."""
    del state.comments[comment.id]
    comment.repository.issues[comment.number].comments.remove(comment.id)
    events.issue_comment(state, comment, "deleted", sender)


def react(state: GitHubState, comment: Comment, author: Account, content: str) -> tuple[Reaction, bool]:
    """An account's reaction, and whether it is new."""
    if content not in REACTIONS:
        raise malformed(f"{content!r} is not a possible value. Must be one of: {', '.join(REACTIONS)}.")
    known = comment.reactions.get((author.id, content))
    if known is not None:
        return known, False
    made = comment.reactions[author.id, content] = Reaction(next(state.ids), author, content, state.now())
    return made, True


def create_label(state: GitHubState, repository: Repository, name: str, color: str, description: str | None) -> Label:
    """A label of the repository, which must be new."""
    _check_label(name)
    if name.lower() in repository.labels:
        raise invalid("Label", "name", code="already_exists")
    if len(color) != 6 or color.strip("0123456789abcdefABCDEF"):
        raise invalid("Label", "color", code="invalid")
    if description is not None and len(description) > MOST_DESCRIPTION:
        raise invalid("Label", "description", f"description is too long (maximum is {MOST_DESCRIPTION} characters)")
    made = state.label(repository, name)
    made.color, made.description = color.lower(), description
    return made


def add_labels(state: GitHubState, repository: Repository, issue: Issue, names: Iterable[str], sender: Account) -> None:
    """Put labels on an issue; those that the repository lacks are made."""
    names = list(names)
    for name in names:
        _check_label(name)
    new = [name for name in dict.fromkeys(name.lower() for name in names) if name not in issue.labels]
    if len(issue.labels) + len(new) > MOST_LABELS:
        raise ApiError(422, f"An issue has at most {MOST_LABELS} labels.")
    for name in names:
        made = state.label(repository, name)
        if name.lower() not in issue.labels:
            issue.labels.append(name.lower())
            _tell(state, repository, issue, made, "labeled", sender)


def remove_label(state: GitHubState, repository: Repository, issue: Issue, name: str, sender: Account) -> None:
    """Take a label off an issue."""
    if name.lower() not in issue.labels:
        raise ApiError(404, "Label does not exist")
    issue.labels.remove(name.lower())
    _tell(state, repository, issue, repository.labels[name.lower()], "unlabeled", sender)


def _check_label(name: str) -> None:
    if not name.strip():
        raise invalid("Label", "name", code="missing_field")
    if len(name) > MOST_LABEL:
        raise invalid("Label", "name", f"name is too long (maximum is {MOST_LABEL} characters)")


def _tell(state: GitHubState, repository: Repository, issue: Issue, label: Label, action: str, sender: Account) -> None:
    issue.updated_at = state.now()
    pull = repository.pulls.get(issue.number)
    if pull is not None:
        shape = label_shape(state, repository, label)
        events.pull_request(state, repository, pull, action, sender, label=shape)
