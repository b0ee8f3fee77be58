"""The signatures of all scripts of a repository, and which earlier ones are nearest to one."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rules import catalog
from rules.lineage.index import Index, Known
from rules.lineage.kin import Neighbour, in_order, kin_among, likeness, likest, rerank
from rules.lineage.signature import VERSION, Script, Signature
from rules.submission import PullRequest, Refused
from worker.store import rulings
from worker.store.models import Outcome, PullRequestRow, Ruling, ScriptSignature, SubmissionRow
from worker.store.repositories import upsert


@dataclass(frozen=True, slots=True)
class Near:
    """What the store knows of earlier submissions near to one: `parent` is the submission of the likest."""

    neighbours: tuple[Neighbour, ...] = ()
    refused: tuple[Refused, ...] = ()
    parent: UUID | None = None


def keep(
    session: Session, row: SubmissionRow, signature: Signature, script: Script, parents: Collection[int] = ()
) -> None:
    """Keep the script of a submission and whom it names as parents, in place of what was kept of it before."""
    values = {
        "submission_id": row.id,
        "repository_id": row.pull_request.repository_id,
        "number": row.pull_request.number,
        "author": row.pull_request.author,
        "at": seen_at(session, row),
        "version": signature.version,
        "slots": signature.slots,
        "shingles": signature.shingles,
        "lines": zlib.compress(script.lines, 1),
        "parents": sorted(parents),
    }
    upsert(session, ScriptSignature, ["submission_id"], values)


def seen_at(session: Session, row: SubmissionRow) -> datetime:
    """When this head was first there: at the creation of the pull request for its first head, else when it came."""
    first = select(func.min(SubmissionRow.created_at)).where(SubmissionRow.pull_request_id == row.pull_request_id)
    earliest = session.scalars(first).one()
    return row.pull_request.created_at if earliest is None or row.created_at <= _utc(earliest) else row.created_at


def near(
    session: Session,
    row: SubmissionRow,
    signature: Signature,
    script: Script,
    named: Sequence[int],
    baseline: frozenset[int],
) -> Near:
    """The earlier scripts nearest to this one and those that it names as parents, the likest first."""
    request, repository_id = row.pull_request, row.pull_request.repository_id
    moment = seen_at(session, row)
    index, rows = _index(session, repository_id)
    candidates = index.nearest(signature, number=request.number, author=request.author, created_at=moment)
    scripts = _scripts(session, [rows[c.known.head_sha] for c in candidates])
    times = _times_named(session, repository_id, moment)
    found = list(rerank(candidates, script, lambda known: scripts[rows[known.head_sha]], baseline, times.__getitem__))
    heads = {c.known.number: rows[c.known.head_sha] for c in candidates}
    for number in sorted(set(named) - heads.keys() - {request.number}):
        earlier = _last_before(session, repository_id, number, moment)
        if earlier is not None:
            heads[number] = earlier.submission_id
            their = Script(zlib.decompress(earlier.lines))
            found.append(
                Neighbour(number, earlier.author, earlier.at, likeness(script, their, baseline), times[number]),
            )
    ordered = in_order(found)
    best = likest(kin_among(ordered, request.author, named))
    parent = None if best is None else heads[best.number]
    return Near(ordered, refused_before(session, repository_id, request.created_at), parent)


def _times_named(session: Session, repository_id: int, before: datetime) -> Counter[int]:
    """How many pull requests of others named each one as a parent before the moment."""
    statement = select(ScriptSignature.number, ScriptSignature.author, ScriptSignature.parents).where(
        ScriptSignature.repository_id == repository_id, ScriptSignature.at < before
    )
    rows = [(number, author, tuple(parents)) for number, author, parents in session.execute(statement)]
    authors = {number: author for number, author, _ in rows}
    named = {
        (number, parent) for number, author, parents in rows for parent in parents if authors.get(parent) != author
    }
    return Counter(parent for _, parent in named)


def _index(session: Session, repository_id: int) -> tuple[Index, dict[str, UUID]]:
    """All scripts of the repository, and the submission of each by the name that the index knows it by."""
    statement = select(
        ScriptSignature.submission_id,
        ScriptSignature.number,
        ScriptSignature.author,
        ScriptSignature.at,
        ScriptSignature.slots,
        ScriptSignature.shingles,
    ).where(ScriptSignature.repository_id == repository_id, ScriptSignature.version == VERSION)
    index, rows = Index(), {}
    for submission_id, number, author, at, slots, shingles in session.execute(statement):
        name = str(submission_id)
        index.add(Known(number, author, _utc(at), Signature(VERSION, slots, shingles), name))
        rows[name] = submission_id
    return index, rows


def _scripts(session: Session, submission_ids: Collection[UUID]) -> dict[UUID, Script]:
    statement = select(ScriptSignature.submission_id, ScriptSignature.lines).where(
        ScriptSignature.submission_id.in_(submission_ids)
    )
    return {submission_id: Script(zlib.decompress(lines)) for submission_id, lines in session.execute(statement)}


def _last_before(session: Session, repository_id: int, number: int, moment: datetime) -> ScriptSignature | None:
    """The newest script of a pull request that was there before the moment."""
    statement = (
        select(ScriptSignature)
        .where(
            ScriptSignature.repository_id == repository_id,
            ScriptSignature.number == number,
            ScriptSignature.version == VERSION,
            ScriptSignature.at < moment,
        )
        .order_by(ScriptSignature.at.desc())
        .limit(1)
    )
    return session.scalars(statement).first()


def refused_before(session: Session, repository_id: int, moment: datetime) -> tuple[Refused, ...]:
    """What was ruled invalid before the moment; the ruling that stood then counts."""
    statement = (
        select(Ruling, PullRequestRow.number)
        .join(SubmissionRow, SubmissionRow.id == Ruling.submission_id)
        .join(PullRequestRow, PullRequestRow.id == SubmissionRow.pull_request_id)
        .where(PullRequestRow.repository_id == repository_id, Ruling.created_at < moment)
        .order_by(Ruling.created_at, Ruling.id)
    )
    by_number: dict[int, list[Ruling]] = {}
    for ruling, number in session.execute(statement):
        by_number.setdefault(number, []).append(ruling)
    categories = {rule.code: rule.category for rule in catalog.rules()}
    found = []
    for number, ruled in sorted(by_number.items()):
        last = rulings.standing(ruled)
        if last is not None and last.outcome is Outcome.REJECTED:
            reasons = tuple(dict.fromkeys(categories.get(str(code), str(code)) for code in last.codes))
            found.append(Refused(number, reasons, _utc(last.created_at).date()))
    return tuple(found)


def request_of(row: SubmissionRow) -> PullRequest:
    """What is known of the pull request of a submission."""
    known = row.pull_request
    return PullRequest(known.number, row.head_sha, known.author, known.title, known.created_at)


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
