"""What is written to GitHub. Every creation is paced under a ticket that names its purpose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from worker.clients.gateway import AbsentError, Annotation, Check, CheckAction, Repo
from worker.clients.github.app import CHECKING, TALKING, Permissions
from worker.clients.github.line import Answer, Question
from worker.clients.github.reads import Reads, path_of
from worker.clients.github.values import Fields
from worker.clients.pacer import Kind

ANNOTATIONS_AT_ONCE = 50
MOST_OUTPUT_BYTES = 65_000
MOST_COMMENT = 65_536
MOST_TITLE = 255
MOST_ACTIONS, MOST_LABEL, MOST_DESCRIPTION, MOST_IDENTIFIER = 3, 20, 40, 20
CUT = "\n\n… (cut)"


class Writes(Reads):
    """The writing half of the gateway."""

    def create_check(self, repo: Repo, check: Check) -> int:
        """The number of a new check run with its first 50 annotations; `update_check` appends the others."""
        body = {"head_sha": check.head_sha, **_check(check, check.annotations[:ANNOTATIONS_AT_ONCE])}
        ticket = f"check {repo.id} {check.head_sha} {check.external_id}"
        return self._create(repo, "/check-runs", body, ticket, CHECKING).number("id")

    def update_check(self, repo: Repo, check_id: int, check: Check, *, annotations_from: int = 0) -> None:
        first = True
        for start in range(annotations_from, max(len(check.annotations), annotations_from + 1), ANNOTATIONS_AT_ONCE):
            batch = check.annotations[start : start + ANNOTATIONS_AT_ONCE]
            body = _check(check, batch) if first else {"output": _output(check, batch)}
            self._change(repo, "PATCH", f"/check-runs/{check_id:d}", body, CHECKING)
            first = False

    def create_comment(self, repo: Repo, number: int, body: str) -> int:
        ticket = f"comment {repo.id} {number}"
        return self._create(repo, f"/issues/{number:d}/comments", _comment(body), ticket, TALKING).number("id")

    def update_comment(self, repo: Repo, comment_id: int, body: str) -> None:
        self._change(repo, "PATCH", f"/issues/comments/{comment_id:d}", _comment(body), TALKING)

    def react(self, repo: Repo, comment_id: int, content: str) -> None:
        path, ticket = f"/issues/comments/{comment_id:d}/reactions", f"reaction {repo.id} {comment_id} {content}"
        self._create(repo, path, {"content": content}, ticket, TALKING)

    def add_labels(self, repo: Repo, number: int, labels: Sequence[str]) -> None:
        if labels:
            path, ticket = f"/issues/{number:d}/labels", f"labels {repo.id} {number}"
            self._create(repo, path, {"labels": list(labels)}, ticket, TALKING)

    def remove_label(self, repo: Repo, number: int, label: str) -> None:
        """Take a label off; one that is not there is no error, since that is what was wanted."""
        try:
            self._change(repo, "DELETE", f"/issues/{number:d}/labels/{quote(label, safe='')}", None, TALKING)
        except AbsentError:
            return

    def create_issue(self, repo: Repo, title: str, body: str) -> int:
        asked = {"title": _cut(title, MOST_TITLE), **_comment(body)}
        return self._create(repo, "/issues", asked, f"issue {repo.id} {title[:80]}", TALKING).number("number")

    def update_issue(self, repo: Repo, number: int, *, body: str, is_open: bool | None = None) -> None:
        state = {} if is_open is None else {"state": "open" if is_open else "closed"}
        asked = {**_comment(body), **state}
        self._change(repo, "PATCH", f"/issues/{number:d}", asked, TALKING)

    def redeliver(self, delivery_id: int) -> None:
        path = f"/app/hook/deliveries/{delivery_id:d}/attempts"
        self._credentials.as_app(Question("POST", path, payer=0, kind=Kind.CHANGE))

    def _create(self, repo: Repo, rest: str, body: Any, ticket: str, permissions: Permissions) -> Fields:
        answer = self._write(repo, "POST", rest, body, permissions, Kind.CREATE, ticket)
        told = answer.json()
        return Fields(told, answer.what)

    def _change(self, repo: Repo, method: str, rest: str, body: Any, permissions: Permissions) -> None:
        self._write(repo, method, rest, body, permissions, Kind.CHANGE)

    def _write(
        self, repo: Repo, method: str, rest: str, body: Any, permissions: Permissions, kind: Kind, ticket: str = ""
    ) -> Answer:
        question = Question(
            method, path_of(repo, rest), payer=repo.installation_id, kind=kind, body=body, ticket=ticket
        )
        return self._credentials.as_installation(question, repo, permissions)


def _check(check: Check, annotations: Sequence[Annotation]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": check.name,
        "external_id": check.external_id,
        "status": "in_progress" if check.conclusion is None else "completed",
        "output": _output(check, annotations),
        "actions": [_action(action) for action in check.actions[:MOST_ACTIONS]],
    }
    if check.conclusion is not None:
        body["conclusion"] = check.conclusion.value
    if check.details_url is not None:
        body["details_url"] = check.details_url
    return body


def _output(check: Check, annotations: Sequence[Annotation]) -> dict[str, Any]:
    output: dict[str, Any] = {
        "title": _cut(check.title, MOST_TITLE),
        "summary": _cut(check.summary, MOST_OUTPUT_BYTES),
        "text": _cut(check.text, MOST_OUTPUT_BYTES),
    }
    if annotations:
        output["annotations"] = [_annotation(one) for one in annotations]
    return output


def _annotation(one: Annotation) -> dict[str, Any]:
    line = max(1, one.line)
    return {
        "path": one.path,
        "start_line": line,
        "end_line": line,
        "annotation_level": one.level,
        "title": _cut(one.title, MOST_TITLE),
        "message": _cut(one.message, MOST_OUTPUT_BYTES),
    }


def _action(action: CheckAction) -> dict[str, str]:
    return {
        "label": action.label[:MOST_LABEL],
        "description": action.description[:MOST_DESCRIPTION],
        "identifier": action.identifier[:MOST_IDENTIFIER],
    }


def _comment(body: str) -> dict[str, str]:
    if len(body) <= MOST_COMMENT:
        return {"body": body}
    return {"body": body[: MOST_COMMENT - len(CUT)] + CUT}


def _cut(text: str, most: int) -> str:
    """Text of at most so many bytes: GitHub counts characters, which are never more."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= most:
        return text
    return raw[: most - len(CUT.encode())].decode("utf-8", "ignore") + CUT
