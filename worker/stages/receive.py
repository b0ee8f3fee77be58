"""Turn a stored delivery into requests for work.

Nothing is decided from a delivery: it only names what has to be asked of GitHub. So a delivery that comes twice, late
or out of order asks for the same work once more, which changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from worker.commands.asked import BUTTONS, Again, InComment, Press
from worker.events import Account, CommentPayload, Payload, PayloadError, RepositoryPayload, parse
from worker.pipeline import Context
from worker.store import commands, jobs, repositories
from worker.store.jobs import Lease
from worker.store.models import Delivery, DeliveryStatus, Stage

Handler = Callable[[Session, Payload], bool]

PULL_REQUEST_ACTIONS = frozenset(
    {"opened", "synchronize", "reopened", "ready_for_review", "converted_to_draft", "edited", "closed"}
)


def run(context: Context, lease: Lease) -> None:
    """Handle the delivery whose GUID is the lease's subject."""
    with context.scope() as session:
        jobs.hold(session, lease)
        delivery = session.get(Delivery, lease.subject)
        if delivery is not None and delivery.status is not DeliveryStatus.DONE:
            delivery.status, delivery.reason = _handle(session, delivery)
        jobs.finish(session, lease)


def _handle(session: Session, delivery: Delivery) -> tuple[DeliveryStatus, str | None]:
    handler = HANDLERS.get(delivery.event)
    if handler is None:
        return DeliveryStatus.IGNORED, f"no interest in {delivery.event}"
    try:
        payload = parse(delivery.body)
    except PayloadError as error:
        return DeliveryStatus.FAILED, str(error)
    _know(session, payload)
    done = handler(session, payload)
    return (DeliveryStatus.DONE, None) if done else (DeliveryStatus.IGNORED, f"no interest in {payload.action}")


def _know(session: Session, payload: Payload) -> None:
    """Rows for the installation and repository that the payload names; a missed event must not stop what follows."""
    if payload.installation is None or payload.repository is None:
        return
    account = payload.repository.full_name.split("/")[0]
    repositories.know_installation(session, payload.installation.id, account)
    repositories.know_repository(session, payload.repository.id, payload.installation.id, payload.repository.full_name)


def _pull_request(session: Session, payload: Payload) -> bool:
    if payload.action not in PULL_REQUEST_ACTIONS or payload.repository is None or payload.pull_request is None:
        return False
    jobs.request(session, Stage.FETCH, f"{payload.repository.id}#{payload.pull_request.number}")
    return True


def _issue_comment(session: Session, payload: Payload) -> bool:
    on_pull_request = payload.issue is not None and payload.issue.pull_request is not None
    if payload.action not in ("created", "edited") or not on_pull_request:
        return False
    if payload.repository is None or payload.comment is None or _is_bot(payload.comment.user):
        return False
    if payload.action == "edited":
        _vouch(session, payload.repository.id, payload.comment, payload.sender)
    jobs.request(session, Stage.COMMAND, InComment(payload.repository.id, payload.comment.id).subject)
    return True


def _vouch(session: Session, repository_id: int, comment: CommentPayload, sender: Account | None) -> None:
    """Keep that whoever wrote a comment changed it: only the news of it tells, and others may change it too."""
    own = comment.user is not None and sender is not None and comment.user.id == sender.id
    if sender is None or not own or repositories.active_repository(session, repository_id) is None:
        return
    with suppress(ValueError, OverflowError):
        edited_at = datetime.fromisoformat(comment.updated_at or "")
        commands.vouch(session, repository_id, comment.id, sender.id, edited_at.replace(tzinfo=edited_at.tzinfo or UTC))


def _is_bot(account: Account | None) -> bool:
    """Whether a program wrote it; what such comments say is never a command, so nobody has to read them."""
    return account is not None and account.type == "Bot"


def _check(session: Session, payload: Payload) -> bool:
    """Re-run and the buttons. Checks of forks name no pull request: our own table knows which has the head."""
    check = payload.check_run or payload.check_suite
    if check is None or payload.repository is None:
        return False
    if payload.action == "requested_action":
        return _press(session, payload, payload.repository.id, check.head_sha)
    if payload.action != "rerequested":
        return False
    for number in repositories.numbers_with_head(session, payload.repository.id, check.head_sha):
        jobs.request(session, Stage.COMMAND, Again(payload.repository.id, number).subject)
    return True


def _press(session: Session, payload: Payload, repository_id: int, head_sha: str) -> bool:
    """One of our buttons, pressed by a person."""
    action, sender = payload.requested_action, payload.sender
    if action is None or action.identifier not in BUTTONS or sender is None or _is_bot(sender):
        return False
    press = Press(repository_id, head_sha, action.identifier, sender.id, sender.login)
    jobs.request(session, Stage.COMMAND, press.subject)
    return True


def _installation(session: Session, payload: Payload) -> bool:
    installation = payload.installation
    if installation is None:
        return False
    account = installation.account.login if installation.account else ""
    if payload.action in ("deleted", "suspend"):
        repositories.know_installation(session, installation.id, account)  # the news of its creation may still come
        repositories.forget_installation(session, installation.id)
        return True
    if payload.action not in ("created", "unsuspend", "new_permissions_accepted") or installation.account is None:
        return False
    if payload.action == "created":
        repositories.know_installation(session, installation.id, account)
        if not repositories.is_installed(session, installation.id):
            return True  # it comes late: the App was removed meanwhile
    repositories.see_installation(session, installation.id, installation.account.id, installation.account.login)
    repositories.revive_installation(session, installation.id)
    _see(session, installation.id, payload.repositories)
    return True


def _installation_repositories(session: Session, payload: Payload) -> bool:
    installation = payload.installation
    if installation is None:
        return False
    account = installation.account.login if installation.account else ""
    repositories.know_installation(session, installation.id, account)
    if not repositories.is_installed(session, installation.id):
        return True
    _see(session, installation.id, payload.repositories_added)
    for removed in payload.repositories_removed:
        repositories.forget_repository(session, removed.id)
    return True


def _see(session: Session, installation_id: int, found: tuple[RepositoryPayload, ...]) -> None:
    for repository in found:
        repositories.see_repository(session, repository.id, installation_id, repository.full_name)
        jobs.request(session, Stage.CONFIGURE, str(repository.id))
        jobs.request(session, Stage.BACKFILL, str(repository.id))


def _push(session: Session, payload: Payload) -> bool:
    """A push to the default branch may change the configuration, or the leaderboard."""
    repository = payload.repository
    if repository is None or payload.ref != f"refs/heads/{repository.default_branch}":
        return False
    jobs.request(session, Stage.CONFIGURE, str(repository.id))
    return True


def _ping(_session: Session, _payload: Payload) -> bool:
    return True


HANDLERS: dict[str, Handler] = {
    "pull_request": _pull_request,
    "issue_comment": _issue_comment,
    "check_run": _check,
    "check_suite": _check,
    "installation": _installation,
    "installation_repositories": _installation_repositories,
    "push": _push,
    "ping": _ping,
}
