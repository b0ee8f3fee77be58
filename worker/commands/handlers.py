"""What each command does: first what can be said about it, then its effect within the transaction that ends the job."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy.orm import Session

from rules.competition import Competition
from worker import rulings, subjects
from worker.commands import answers
from worker.commands.grammar import (
    Accept,
    Command,
    Explain,
    Help,
    Hold,
    Mistake,
    NeedsChanges,
    Reject,
    Reproduce,
    Rerun,
    Status,
    Waive,
)
from worker.precedents import NOTHING, Effect
from worker.publishing.situation import situation_of
from worker.rulings import HeadMovedError, Person, Requested, Ruled, RulingError
from worker.store import jobs, runs, submissions
from worker.store.models import Outcome, PullRequestRow, Ruling, Run, RunStatus, Stage, SubmissionRow

RULING = (Accept, Reject, NeedsChanges, Waive, Reproduce, Hold)
Decision = tuple[Outcome, tuple[str, ...]]
Action = Callable[[Session], None]


@dataclass(frozen=True, slots=True)
class Case:
    """What a command is given about: all that was read before it is answered.

    `submission` is that of the head that counts. `refusal` tells why nothing may be ruled here, `moved` why only the
    hold may be, since it is for the pull request and not for a commit. `effects` tells for each decision that is asked
    for what it would do to precedents.
    """

    person: Person
    competition: Competition
    pull_request: PullRequestRow
    submission: SubmissionRow | None
    ruled: Sequence[Ruling]
    runs: Sequence[Run]
    told: tuple[str, ...] = ()
    stuck: bool = False
    refusal: str | None = None
    moved: str | None = None
    effects: Mapping[Decision, Effect] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of a command. `speak`: a reaction does not say enough; `done`: it was understood and allowed."""

    answer: str
    speak: bool = True
    done: bool = True
    effect: Action | None = None


def plan(command: Command | Mistake, case: Case, origin: str) -> Plan:
    """What becomes of a command. Nothing is written yet; `origin` names the one act that it is."""
    if isinstance(command, RULING):
        refusal = case.refusal or (None if isinstance(command, Hold) else case.moved)
        if refusal is not None or case.submission is None:
            return Plan(refusal or answers.NOT_READ, done=False)
        try:
            return _ruling(command, case, case.submission, origin)
        except RulingError as error:
            return Plan(answers.message(str(error)), done=False)
    match command:
        case Mistake(message):
            return Plan(answers.message(message), done=False)
        case Help():
            return Plan(answers.HELP)
        case Explain(rule):
            text, known = answers.explained(rule)
            return Plan(text, done=known)
        case Rerun():
            return Plan(answers.RERUN, speak=False, effect=partial(_rerun, case.pull_request))
        case Status():
            return _status(case)


def decision_of(command: Command | Mistake) -> Decision | None:
    """The decision that a command asks for."""
    match command:
        case Accept():
            return Outcome.ACCEPTED, ()
        case Reject(codes, _):
            return Outcome.REJECTED, tuple(codes)
        case NeedsChanges():
            return Outcome.NEEDS_CHANGES, ()
        case _:
            return None


def _status(case: Case) -> Plan:
    if case.submission is None:
        return Plan(answers.SET_ASIDE if case.stuck else answers.NOT_READ)
    situation = situation_of(case.submission, case.ruled, case.competition, runs=case.told)
    return Plan(answers.status(situation, stuck=case.stuck))


def _ruling(
    command: Accept | Reject | NeedsChanges | Waive | Reproduce | Hold,
    case: Case,
    submission: SubmissionRow,
    origin: str,
) -> Plan:
    match command:
        case Accept():
            return _rule(case, submission, Outcome.ACCEPTED, (), "", origin)
        case Reject(codes, reason):
            return _rule(case, submission, Outcome.REJECTED, codes, reason, origin)
        case NeedsChanges(reason):
            return _rule(case, submission, Outcome.NEEDS_CHANGES, (), reason, origin)
        case Waive(codes, reason):
            return _rule(case, submission, Outcome.WAIVED, codes, reason, origin)
        case Hold(reason):
            return _rule(case, submission, Outcome.HELD, (), reason, origin)
        case Reproduce(kind):
            return _reproduce(case, submission, kind)


def _rule(
    case: Case, submission: SubmissionRow, outcome: Outcome, codes: Sequence[str], reason: str, origin: str
) -> Plan:
    codes, reason = rulings.validated(outcome, codes, reason)
    absent = rulings.absent(submission, outcome, codes)
    touched = case.effects.get((outcome, tuple(codes)), NOTHING)
    done = Ruled(outcome, codes, submission.head_sha, new=True, absent=absent, effect=touched)

    def effect(session: Session) -> None:
        row = _again(session, submission)
        rulings.rule(session, row, outcome, codes=codes, reason=reason, person=case.person, origin=origin)

    return Plan(answers.ruled(done), speak=bool(absent or touched.again), effect=effect)


def _reproduce(case: Case, submission: SubmissionRow, kind: str) -> Plan:
    rulings.possible(case.runs, kind)
    known = next((run for run in case.runs if run.rung == kind and run.status not in runs.ASKED_IN_VAIN), None)
    asked = known is not None and known.status is not RunStatus.WISHED
    told = Requested(kind, known.status if known is not None and asked else RunStatus.REQUESTED, new=not asked)

    def effect(session: Session) -> None:
        rulings.request_reproduction(session, _again(session, submission), kind, case.person)

    return Plan(answers.run_asked(told, submission.head_sha, case.competition), effect=effect)


def _rerun(row: PullRequestRow, session: Session) -> None:
    jobs.request(session, Stage.FETCH, subjects.of_pull_request(row.repository_id, row.number))


def _again(session: Session, submission: SubmissionRow) -> SubmissionRow:
    """The submission as it is now, within the transaction that rules on it."""
    row = submissions.load(session, submission.id)
    if row is None:
        raise HeadMovedError("the submission is gone")
    return row
