"""The signatures of all scripts of a repository, and which earlier ones are nearest to one."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from rules import catalog
from rules.lineage.index import Candidate, Index, Known
from rules.lineage.kin import Neighbour, kin_among, likest, rerank
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


@dataclass(frozen=True, slots=True)
class _Earlier:
    """One pass over what was there before: `heads` is the submission of each script that the index holds.

    `newest` is the last of each pull request, `named` how many pull requests of others name each one as a parent.
    """

    index: Index
    heads: dict[str, UUID]
    newest: dict[int, Known]
    named: Counter[int]


def keep(
    session: Session, row: SubmissionRow, signature: Signature, script: Script, parents: Collection[int] = ()
) -> bool:
    """Keep the script of a submission and whom it names as parents, in place of what was kept of it before.

    Returns whether that is news.
    """
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
    columns = [ScriptSignature.__table__.c[name] for name in values]
    before = session.execute(select(*columns).where(ScriptSignature.submission_id == row.id)).one_or_none()
    upsert(session, ScriptSignature, ["submission_id"], values)
    return before is None or before._asdict() != values


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
    request, moment = row.pull_request, seen_at(session, row)
    earlier = _before(session, request, moment)
    candidates = earlier.index.nearest(signature, number=request.number, author=request.author, created_at=moment)
    further = sorted(set(named) & earlier.newest.keys() - {c.known.number for c in candidates})
    chosen = [*candidates, *(Candidate(earlier.newest[number], 0.0) for number in further)]
    heads = {c.known.number: earlier.heads[c.known.head_sha] for c in chosen}
    scripts = _scripts(session, heads.values())
    ranked = rerank(chosen, script, lambda known: scripts[heads[known.number]], baseline, earlier.named.__getitem__)
    best = likest(kin_among(ranked, request.author, named))
    parent = None if best is None else heads[best.number]
    return Near(ranked, refused_before(session, request.repository_id, request.created_at), parent)


def _before(session: Session, asked: PullRequestRow, moment: datetime) -> _Earlier:
    """The scripts of other pull requests that were there at the moment, read once and without their lines."""
    one = ScriptSignature
    of_version = case((one.version == VERSION, one.slots))
    statement = (
        select(one.submission_id, one.number, one.author, one.at, one.shingles, one.parents, of_version)
        .where(one.repository_id == asked.repository_id, one.number != asked.number, one.at <= moment)
        .order_by(one.at)
    )
    found = _Earlier(Index(), {}, {}, Counter())
    authors: dict[int, str] = {}
    namings: set[tuple[int, str, int]] = set()
    for submission_id, number, author, at, shingles, parents, slots in session.execute(statement):
        authors[number] = author
        if slots is not None:
            known = Known(number, author, _utc(at), Signature(VERSION, slots, shingles), str(submission_id))
            found.index.add(known)
            found.heads[known.head_sha] = submission_id
        if _utc(at) < moment:
            namings.update((number, author, parent) for parent in parents)
            if slots is not None:
                found.newest[number] = known
    found.named.update(parent for _, author, parent in namings if authors.get(parent) != author)
    return found


def _scripts(session: Session, submission_ids: Collection[UUID]) -> dict[UUID, Script]:
    statement = select(ScriptSignature.submission_id, ScriptSignature.lines).where(
        ScriptSignature.submission_id.in_(submission_ids)
    )
    return {submission_id: Script(zlib.decompress(lines)) for submission_id, lines in session.execute(statement)}


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
