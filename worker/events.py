"""The parts of GitHub's webhook payloads that Fairway reads, as strict small models that ignore everything else.

A delivery is a hint: only identities are taken from it (repository, number, comment, head), never a state.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

Id = Annotated[int, Field(ge=0, lt=1 << 62)]
Name = Annotated[str, StringConstraints(max_length=255, pattern=r"^[^\x00]*$")]
Login = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00]*$")]
FullName = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^/\x00]{1,100}/[^/\x00]+$")]
Sha = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40,64}$")]


class PayloadError(Exception):
    """The payload does not fit its event."""


class _Payload(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Account(_Payload):
    """A user or an organization."""

    id: Id
    login: Login
    type: Name = "User"


class RepositoryPayload(_Payload):
    """A repository; `owner` is missing in lists of an installation."""

    id: Id
    full_name: FullName
    default_branch: Name | None = None


class InstallationPayload(_Payload):
    """The App's installation; `account` is there in installation events only."""

    id: Id
    account: Account | None = None


class _Numbered(_Payload):
    number: Id


class _Issue(_Payload):
    number: Id
    pull_request: dict[str, object] | None = None


class CommentPayload(_Payload):
    """A comment on an issue or pull request; `updated_at` as GitHub wrote it."""

    id: Id
    user: Account | None = None
    updated_at: Name | None = None


class _CheckSuite(_Payload):
    head_sha: Sha


class _CheckRun(_Payload):
    id: Id
    head_sha: Sha


class _RequestedAction(_Payload):
    identifier: Annotated[str, StringConstraints(max_length=20)]


class Payload(_Payload):
    """One payload; which parts are there depends on the event."""

    action: Name | None = None
    installation: InstallationPayload | None = None
    repository: RepositoryPayload | None = None
    sender: Account | None = None
    pull_request: _Numbered | None = None
    issue: _Issue | None = None
    comment: CommentPayload | None = None
    check_run: _CheckRun | None = None
    check_suite: _CheckSuite | None = None
    requested_action: _RequestedAction | None = None
    repositories: tuple[RepositoryPayload, ...] = ()
    repositories_added: tuple[RepositoryPayload, ...] = ()
    repositories_removed: tuple[RepositoryPayload, ...] = ()
    ref: Name | None = None


def parse(body: bytes) -> Payload:
    """Read a payload. Raises PayloadError."""
    try:
        return Payload.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        raise PayloadError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
