"""What people decide about submissions: the functions that commands, the queue and the pages call.

Every one of them works within the caller's transaction, writes to the audit and asks for what has to be published anew.
What cannot be done raises RulingError, whose message is for the person who asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from rules import catalog
from worker import precedents
from worker.precedents import NOTHING, Effect
from worker.reproduction import ladder
from worker.store import audit, happenings, jobs, rulings, runs
from worker.store.happenings import Kind
from worker.store.models import Outcome, PullRequestRow, Ruling, Run, RunStatus, Stage, SubmissionRow
from worker.store.repositories import locked
from worker.store.runs import RUNGS, Asker
from worker.store.types import now_plus

KINDS = RUNGS
MOST_CODES, MOST_REASON = 20, 2_000
WITH_CODES = frozenset({Outcome.REJECTED, Outcome.WAIVED})
FINAL = frozenset({Outcome.ACCEPTED, Outcome.REJECTED, Outcome.NEEDS_CHANGES})
SHORT_SHA = 10


class RulingError(Exception):
    """It cannot be ruled like that. The message says why, and what to do; it may hold text of the person's."""


class HeadMovedError(RulingError):
    """The submission is not at the head that counts: a ruling is for the commit that was looked at."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who decides: the number at GitHub, 0 on the operator's own machine, and by which way they came."""

    login: str
    id: int
    way: str


@dataclass(frozen=True, slots=True)
class Ruled:
    """A ruling as it was written. `new`: it did not stand there before. `absent`: waived codes that nothing found.

    `effect` is what it does to precedents.
    """

    outcome: Outcome
    codes: tuple[str, ...]
    head_sha: str
    new: bool
    absent: tuple[str, ...] = ()
    effect: Effect = NOTHING


def rule(
    session: Session,
    submission: SubmissionRow,
    outcome: Outcome,
    *,
    codes: Sequence[str] = (),
    reason: str = "",
    person: Person,
    origin: str,
) -> Ruled:
    """Write a ruling down and let check, comment and labels follow. `origin` is the one act that it comes from.

    The submission comes with its findings, pull request and repository (`submissions.load`). Raises RulingError.
    """
    codes, reason = validated(outcome, codes, reason)
    row = _current(session, submission)
    written = rulings.record(
        session,
        submission.id,
        outcome,
        codes=codes,
        reason=reason,
        ruler=person.login[:100],
        ruler_id=person.id,
        origin=origin,
    )
    effect = NOTHING
    if written:
        if outcome is not Outcome.WAIVED:
            row.held = outcome is Outcome.HELD
        audited = {"codes": list(codes), "reason": reason, "origin": origin}
        _note(session, person, f"ruled {outcome}", submission, **audited)
        _publish(session, submission)
        if outcome in FINAL:
            ruling = rulings.of_submission(session, submission.id)[-1]
            effect = precedents.follow(session, submission, ruling)
            _tell(session, submission, ruling)
    return Ruled(outcome, codes, submission.head_sha, written, absent(submission, outcome, codes), effect)


def validated(outcome: Outcome, codes: Iterable[str], reason: str) -> tuple[tuple[str, ...], str]:
    """Codes and reason of a ruling in their one form. Raises RulingError for what is missing or not known."""
    codes, reason = known_codes(codes), " ".join(reason.split())
    if outcome in WITH_CODES and not codes:
        raise RulingError("name at least one rule by its code, such as `F04`; `fairway rules` lists them")
    if outcome in WITH_CODES and not reason:
        raise RulingError("say why: the reason is shown to the author and kept as a precedent")
    if len(codes) > MOST_CODES:
        raise RulingError(f"{len(codes)} codes are more than the {MOST_CODES} that one ruling may name")
    if len(reason) > MOST_REASON:
        raise RulingError(f"the reason has {len(reason)} characters; at most {MOST_REASON} are kept")
    return codes, reason


def known_codes(codes: Iterable[str]) -> tuple[str, ...]:
    """The codes in upper case, each once. Raises RulingError that names the nearest ones for those that are none."""
    known = catalog.categories()
    asked = tuple(dict.fromkeys(code.upper() for code in codes))
    for code in asked:
        if code not in known:
            near = get_close_matches(code, known, n=3)
            hint = f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else "`fairway rules` lists them"
            raise RulingError(f"there is no rule `{code[:20]}`; {hint}")
    return asked


def absent(submission: SubmissionRow, outcome: Outcome, codes: Iterable[str]) -> tuple[str, ...]:
    """Codes of a waiver that no finding at this head has: it changes nothing for them."""
    if outcome is not Outcome.WAIVED:
        return ()
    found = {finding.code for finding in submission.findings}
    return tuple(code for code in codes if code not in found)


@dataclass(frozen=True, slots=True)
class Requested:
    """A run that was asked for, now (`new`) or before, and where it stands."""

    kind: str
    status: RunStatus
    new: bool


def request_reproduction(
    session: Session, submission: SubmissionRow, kind: str, person: Person, *, wished: bool = False
) -> Requested:
    """Ask for a step of the ladder and what is missing below it, on this head alone. Raises RulingError.

    `wished`: the person does not rule, so that it waits until somebody who does asks for the same.
    """
    if kind not in KINDS:
        raise RulingError(f"there is no run of the kind `{kind[:20]}`; there are {', '.join(f'`{k}`' for k in KINDS)}")
    _current(session, submission)
    if not wished:
        possible(runs.of_submission(session, submission.id), kind)
    new = ladder.ask(session, submission, kind, Asker(person.login, person.id, person.way), wished=wished)
    if new:
        _note(session, person, "wished for a run" if wished else "asked for a run", submission, kind=kind)
        _publish(session, submission)
    return Requested(kind, runs.status(session, submission.id, kind), new)


def possible(newest: Sequence[Run], kind: str) -> None:
    """Raises RulingError where a step below did not pass: a result stands, and what is above it is never run."""
    why = ladder.in_vain(newest, kind)
    if why is not None:
        raise RulingError(f"there will be no {kind} run of this commit: {why}")


def request_human(session: Session, submission: SubmissionRow, person: Person) -> bool:
    """Ask that a person looks at it; False where somebody asked before. Raises HeadMovedError."""
    _current(session, submission)
    session.refresh(submission, ["human_requested_at"])
    if submission.human_requested_at is not None:
        return False
    _publish(session, submission)
    asked = update(SubmissionRow).where(SubmissionRow.id == submission.id).values(human_requested_at=now_plus())
    session.execute(asked.execution_options(synchronize_session=False))
    _note(session, person, "asked for a person", submission)
    return True


def name_of(submission: SubmissionRow) -> str:
    """How the audit names a submission: `owner/name#12@head`."""
    row = submission.pull_request
    return f"{row.repository.full_name}#{row.number}@{submission.head_sha}"


def _current(session: Session, submission: SubmissionRow) -> PullRequestRow:
    """Lock the pull request, so that people who rule at once come one after the other, and make sure of its head."""
    row = locked(session, submission.pull_request_id)
    if row.head_sha != submission.head_sha:
        old, new = submission.head_sha[:SHORT_SHA], row.head_sha[:SHORT_SHA]
        raise HeadMovedError(f"the head moved from `{old}` to `{new}`: look at the new one, then rule again")
    return row


def _publish(session: Session, submission: SubmissionRow) -> None:
    """What is judged is decided anew, since waivers count; what was never judged has no verdict to change."""
    if submission.screened_at is not None or submission.decided_at is not None:
        jobs.request(session, Stage.DECIDE, str(submission.id))
    else:
        jobs.request(session, Stage.PUBLISH, str(submission.pull_request_id))


def _tell(session: Session, submission: SubmissionRow, ruling: Ruling) -> None:
    """Those who follow the competition hear of it."""
    row, told = submission.pull_request, {"codes": list(ruling.codes), "reason": ruling.reason}
    happenings.note(
        session,
        row.repository_id,
        Kind.RULING,
        f"{Kind.RULING}:{ruling.id}",
        number=row.number,
        outcome=ruling.outcome.value,
        **told,
    )


def _note(session: Session, person: Person, action: str, submission: SubmissionRow, **detail: Any) -> None:
    told = {"user_id": person.id, "way": person.way, **detail}
    audit.note(session, person.login, action, name_of(submission), **told)
