"""Later submissions that were judged before an earlier one was read, and would be judged otherwise now.

Deliveries come out of order and fetches take their time, so the order of reading is not that of creation. Whoever is
read late asks those who should have known of it to look again; whoever looks again and is the same asks nobody.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVarTuple
from uuid import UUID

import numpy as np
from sqlalchemy import ColumnElement, Select, String, and_, cast, or_, select
from sqlalchemy.orm import Session

from rules.lineage.kin import FLOOR, OTHERS, Likeness, likeness
from rules.lineage.signature import VERSION, Script, Signature
from worker.store.lineage import seen_at
from worker.store.models import PullRequestRow, ScriptSignature, SubmissionRow

Columns = TypeVarTuple("Columns")

AFTER_SECONDS = 5.0
"""Before they look again: of many that are read late each is then asked once, not once for every one of them."""

MOST_COMPARED = 100  # later scripts, the likest first
MOST_AGAIN = 50
MOST_TEXTS = 20
ALIKE = 0.01  # of likenesses that go before each other by other things


@dataclass(frozen=True, slots=True)
class _Later:
    """A later script. `kin` are the earlier ones of others that its report shows, None before its first one."""

    submission_id: UUID
    number: int
    author: str
    names: Collection[int]
    kin: Sequence[Mapping[str, Any]] | None


def touched(
    session: Session,
    row: SubmissionRow,
    signature: Signature,
    script: Script,
    parents: Collection[int],
    baseline: frozenset[int],
) -> list[UUID]:
    """The current submissions, opened later, whose nearest earlier ones are others because of this one.

    In order of creation, at most MOST_AGAIN of them, the likest.
    """
    chosen = _likest(session, row, signature)
    wanted = ScriptSignature.submission_id.in_([one.submission_id for one in chosen])
    deflated = session.execute(select(ScriptSignature.submission_id, ScriptSignature.lines).where(wanted))
    scripts = {submission_id: Script(zlib.decompress(lines)) for submission_id, lines in deflated}
    found = [
        one.submission_id
        for one in chosen
        if _would_know(one, row.pull_request, parents, likeness(scripts[one.submission_id], script, baseline))
    ]
    return _in_order(session, found[:MOST_AGAIN])


def holders(session: Session, repository_id: int, number: int, content_ids: Collection[str]) -> list[UUID]:
    """The current submissions of higher numbers that hold one of these contents, in order, at most MOST_AGAIN."""
    return [submission_id for submission_id, _ in _that_show(session, repository_id, number, content_ids)]


def in_folders(session: Session, repository_id: int, number: int, paths: Collection[str]) -> list[tuple[UUID, int]]:
    """The same for those that change something in one of these folders, each with its number."""
    written = {json.dumps(f"{path}/", ensure_ascii=ascii_only)[1:-1] for path in paths for ascii_only in (True, False)}
    return _that_show(session, repository_id, number, written)


def _that_show(session: Session, repository_id: int, number: int, texts: Collection[str]) -> list[tuple[UUID, int]]:
    """Those whose snapshot holds one of these texts. All are looked through: it is for late readings alone."""
    if not texts:
        return []
    snapshot = cast(SubmissionRow.snapshot, String)
    holds = or_(*(snapshot.contains(text, autoescape=True) for text in sorted(texts)[:MOST_TEXTS]))
    statement = _current(select(SubmissionRow.id, PullRequestRow.number), repository_id)
    ordered = statement.where(PullRequestRow.number > number, holds).order_by(PullRequestRow.number)
    return [(submission_id, later) for submission_id, later in session.execute(ordered.limit(MOST_AGAIN))]


def _would_know(one: _Later, own: PullRequestRow, parents: Collection[int], alike: Likeness) -> bool:
    """Whether an earlier script would be among a later one's kin, or changes which of them goes first."""
    if one.kin is None or own.number in one.names:
        return True
    near = alike.similarity >= FLOOR
    if one.author == own.author:
        return near
    shown = {kin["number"]: kin["similarity"] for kin in one.kin if kin["similarity"] is not None}
    if near and (len(shown) < OTHERS or alike.similarity >= min(shown.values()) - ALIKE):
        return True
    named = shown.keys() & set(parents)
    return any(abs(shown[a] - shown[b]) <= ALIKE for a in named for b in shown.keys() - {a})


def _likest(session: Session, row: SubmissionRow, signature: Signature) -> list[_Later]:
    """The later scripts that name this pull request, then those that share most with it."""
    request, moment, one = row.pull_request, seen_at(session, row), ScriptSignature
    columns = one.submission_id, one.number, one.author, one.parents, one.slots
    statement = _current(select(*columns), request.repository_id).join(one, one.submission_id == SubmissionRow.id)
    after: ColumnElement[bool] = or_(one.at > moment, and_(one.at == moment, one.number > request.number))
    rows = session.execute(statement.where(one.number != request.number, one.version == VERSION, after)).all()
    if not rows:
        return []
    slots = np.stack([np.frombuffer(found.slots, "<u4") for found in rows])
    shared = np.count_nonzero(slots == signature.array(), axis=1).tolist()
    order = sorted(
        (i for i, found in enumerate(rows) if shared[i] or request.number in found.parents),
        key=lambda i: (request.number not in rows[i].parents, -shared[i], rows[i].number),
    )[:MOST_COMPARED]
    kin = _kin(session, [rows[i].submission_id for i in order])
    return [
        _Later(found.submission_id, found.number, found.author, found.parents, kin[found.submission_id])
        for found in (rows[i] for i in order)
    ]


def _kin(session: Session, submission_ids: Collection[UUID]) -> dict[UUID, Sequence[Mapping[str, Any]] | None]:
    """What each report shows as earlier ones, without reading the rest of it."""
    statement = select(SubmissionRow.id, SubmissionRow.entry["parents"]).where(SubmissionRow.id.in_(submission_ids))
    return dict(session.execute(statement).all())


def _current(statement: Select[*Columns], repository_id: int) -> Select[*Columns]:
    """Of open pull requests, the submission at the head that counts."""
    return (
        statement.select_from(SubmissionRow)
        .join(PullRequestRow, PullRequestRow.id == SubmissionRow.pull_request_id)
        .where(PullRequestRow.repository_id == repository_id, PullRequestRow.state == "open")
        .where(SubmissionRow.head_sha == PullRequestRow.head_sha, SubmissionRow.superseded_at.is_(None))
    )


def _in_order(session: Session, submission_ids: Collection[UUID]) -> list[UUID]:
    statement = select(SubmissionRow.id).join(PullRequestRow, PullRequestRow.id == SubmissionRow.pull_request_id)
    chosen = statement.where(SubmissionRow.id.in_(submission_ids))
    return list(session.scalars(chosen.order_by(PullRequestRow.number)))
