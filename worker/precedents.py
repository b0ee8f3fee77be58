"""What a ruling does to precedents: it makes one, ends one, or changes what is evidence in others.

Everything is worked out before anything is written, so that a person can be told beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from rules import catalog
from rules.precedents import Code, Guilt, Innocents, Precedent
from rules.rule import Severity
from worker.store import audit, happenings, precedents, rejudging
from worker.store.happenings import Kind
from worker.store.models import (
    Outcome,
    PrecedentRow,
    Ruling,
    SubmissionCode,
    SubmissionRow,
)
from worker.store.types import now_plus

ACTOR = "fairway"


@dataclass(frozen=True, slots=True)
class Effect:
    """What a ruling does to precedents.

    `statements`: how many guilty statements the new precedent holds, None for a ruling that makes none; with 0 nothing
    that was ruled on quotes code that innocent submissions lack, and it finds nobody. `ends`: it ends the one
    that stands on the submission. `again` are pull requests that are screened again because of it, `alike` open ones
    that hold the guilty lines and were opened before, so that it is not for them.
    """

    statements: int | None = None
    ends: bool = False
    again: tuple[int, ...] = ()
    alike: tuple[int, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "precedent_statements": self.statements,
            "ends_precedent": self.ends,
            "screened_again": list(self.again),
            "alike_and_earlier": list(self.alike),
        }


NOTHING = Effect()


@dataclass(slots=True)
class _Plan:
    """The rows that change, and what they say then."""

    evidence: tuple[Guilt, ...] | None = None
    telling: tuple[Guilt, ...] = ()
    previous: PrecedentRow | None = None
    changed: list[tuple[PrecedentRow, list[dict[str, Any]]]] = field(default_factory=list)
    heirs: list[tuple[UUID, int]] = field(default_factory=list)
    since: datetime | None = None


def foresee(
    session: Session, submission: SubmissionRow, outcome: Outcome, codes: Sequence[str], *, alike: bool = False
) -> Effect:
    """What a ruling would do; nothing is written. With `alike` also which open pull requests hold the same lines."""
    plan = _plan(session, submission, outcome, codes)
    same: tuple[int, ...] = ()
    if plan.evidence and alike:
        row = submission.pull_request
        asked = [_value(row.number, plan.telling)]
        kept = precedents.keepers(session, row.repository_id, asked, but=row.number)
        same = tuple(number for _, number, _ in kept)
    return replace(_effect(plan), alike=same)


def follow(session: Session, submission: SubmissionRow, ruling: Ruling) -> Effect:
    """Make or end precedents after a ruling was written, and have those screened again whom it touches."""
    plan = _plan(session, submission, ruling.outcome, ruling.codes)
    if plan.previous is not None:
        plan.previous.withdrawn_at = session.scalars(select(now_plus())).one()
        _tell(session, submission, Kind.PRECEDENT_ENDED, str(plan.previous.id))
    if plan.evidence:
        _make(session, submission, ruling, plan)
    for row, telling in plan.changed:
        row.telling = telling
    rejudging.screen_again(session, [submission_id for submission_id, _ in plan.heirs])
    effect = _effect(plan)
    if plan.evidence or plan.previous is not None or plan.changed:
        name = f"{submission.pull_request.repository.full_name}#{submission.pull_request.number}"
        audit.note(session, ACTOR, "precedents-followed", f"{name}@{submission.head_sha}", **effect.as_json())
    return effect


def clear(session: Session, repository_id: int, code: Code) -> None:
    """Mark what code that turned out to be innocent holds of the guilty lines of precedents."""
    found = Innocents()
    found.add(code)
    for row in precedents.standing(session, repository_id):
        row.telling = [found.mark(Guilt.from_json(one)).as_json() for one in row.telling]


def _plan(session: Session, submission: SubmissionRow, outcome: Outcome, codes: Sequence[str]) -> _Plan:
    repository_id = submission.pull_request.repository_id
    if outcome not in precedents.DECISIONS:
        return _Plan()
    plan = _Plan(previous=precedents.of_submission(session, submission.id))
    innocents = _innocents(session, submission, repository_id, accepted=outcome is Outcome.ACCEPTED)
    if outcome in precedents.OUTCOMES:
        plan.evidence = named(precedents.guilt(session, submission.id), codes)
        plan.telling = tuple(innocents.mark(guilt) for guilt in plan.evidence)
        plan.since = plan.previous.ruled_at if plan.previous is not None else None
    for row in precedents.standing(session, repository_id):
        telling = [innocents.mark(Guilt.from_json(one)).as_json() for one in row.evidence]
        if row is not plan.previous and telling != row.telling:
            plan.changed.append((row, telling))
    plan.heirs = _touched(session, repository_id, plan)
    return plan


def named(guilt: Sequence[Guilt], codes: Sequence[str]) -> tuple[Guilt, ...]:
    """The findings that a ruling names by code or by category; notes only where nothing weightier is among them."""
    categories = {category for code, category in catalog.categories().items() if code in codes}
    found = [one for one in guilt if one.code in codes or one.category in categories]
    return tuple([one for one in found if one.severity is not Severity.NOTE] or found)


def _innocents(session: Session, submission: SubmissionRow, repository_id: int, *, accepted: bool) -> Innocents:
    """What is innocent once the ruling stands."""
    found = precedents.innocents(session, repository_id, but=submission.id)
    kept = session.get(SubmissionCode, submission.id) if accepted else None
    if kept is not None:
        found.add(Code.unpacked(kept.code))
    return found


def _touched(session: Session, repository_id: int, plan: _Plan) -> list[tuple[UUID, int]]:
    """Who inherited what changes or ends, and who holds lines that are evidence again."""
    ids = [row.id for row, _ in plan.changed] + ([plan.previous.id] if plan.previous is not None else [])
    found = dict(precedents.heirs(session, ids))
    grown = [(row, telling) for row, telling in plan.changed if _telling(telling) > _telling(row.telling)]
    values = [replace(precedents.value_of(row), evidence=tuple(map(Guilt.from_json, t))) for row, t in grown]
    kept = precedents.keepers(session, repository_id, values, but=0) if values else ()
    found |= {submission_id: number for submission_id, number, after in kept if after}
    return sorted(found.items(), key=lambda one: one[1])


def _make(session: Session, submission: SubmissionRow, ruling: Ruling, plan: _Plan) -> None:
    row = PrecedentRow(
        ruling_id=ruling.id,
        submission_id=submission.id,
        repository_id=submission.pull_request.repository_id,
        number=submission.pull_request.number,
        outcome=ruling.outcome,
        codes=list(ruling.codes),
        reason=ruling.reason,
        ruled_at=plan.since or ruling.created_at,
        evidence=[guilt.as_json() for guilt in plan.evidence or ()],
        telling=[guilt.as_json() for guilt in plan.telling],
    )
    session.add(row)
    session.flush()
    _tell(session, submission, Kind.PRECEDENT, str(row.id), codes=list(ruling.codes), reason=ruling.reason)


def _tell(session: Session, submission: SubmissionRow, kind: Kind, key: str, **detail: Any) -> None:
    row = submission.pull_request
    happenings.note(session, row.repository_id, kind, f"{kind}:{key}", number=row.number, **detail)


def _effect(plan: _Plan) -> Effect:
    statements = None if plan.evidence is None else _telling([guilt.as_json() for guilt in plan.telling])
    return Effect(statements, plan.previous is not None, tuple(number for _, number in plan.heirs))


def _telling(guilt: Sequence[dict[str, Any]]) -> int:
    """How many statements tell something."""
    return sum(not passage["common"] for one in guilt for passage in one["passages"])


def _value(number: int, telling: tuple[Guilt, ...]) -> Precedent:
    return Precedent("", number, "", (), "", datetime.max.replace(tzinfo=UTC), telling)
