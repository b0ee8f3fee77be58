"""Occasions that are seen when a submission is decided: a candidate for the record, a frontier that moved."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlalchemy.orm import Session

from rules.competition import Competition
from rules.records import Entry, Step, frontier, incumbent_at, judge, listed_incumbent
from rules.verdict import Verdict
from worker.boards import stored
from worker.store import happenings
from worker.store.happenings import Kind
from worker.store.models import PullRequestRow, SubmissionRow


def look(session: Session, row: SubmissionRow, competition: Competition, *, ruled: bool) -> None:
    """Note what those who follow the competition want to know. `ruled`: a person decided on this submission."""
    track = competition.track((row.entry or {}).get("track"))
    if track is None or not track.record:
        return
    repository_id = row.pull_request.repository_id
    accepted = stored.candidates(session, repository_id, accepted=True, track=track.name, parts=stored.SCORES)
    entries = [entry for one in accepted if (entry := one.standing) is not None]
    if ruled:
        _frontier(session, row.pull_request, frontier(entries, competition))
    else:
        _candidate(session, row, competition, entries)


def _candidate(session: Session, row: SubmissionRow, competition: Competition, accepted: Sequence[Entry]) -> None:
    """A submission that is better than the best of what was accepted and opened before it."""
    request = row.pull_request
    entry, before = stored.candidate_of(row, request).standing, incumbent_at(accepted, request.created_at, competition)
    incumbent = listed_incumbent(competition, request.created_at) if before is None else before.runs
    if not judge(entry, incumbent, competition).improves or entry is None or row.verdict is Verdict.LIKELY_INVALID:
        return
    happenings.note(
        session,
        request.repository_id,
        Kind.CANDIDATE,
        f"{Kind.CANDIDATE}:{row.id}",
        number=request.number,
        score=round(entry.runs.mean, 8),
        incumbent=round(incumbent.mean, 8),
    )


def _frontier(session: Session, request: PullRequestRow, now: Sequence[Step]) -> None:
    """The frontier is worked out from all rulings anew; it is told where it is not what was told last."""
    numbers = [step.entry.number for step in now]
    last = happenings.last(session, request.repository_id, Kind.FRONTIER)
    before = [] if last is None else last.detail["frontier"]
    if numbers == before:
        return
    since = "" if last is None else str(last.id)
    digest = hashlib.sha256(f"{since}:{numbers}".encode()).hexdigest()
    leader = now[-1].entry if now else None
    happenings.note(
        session,
        request.repository_id,
        Kind.FRONTIER,
        f"{Kind.FRONTIER}:{digest}",
        number=None if leader is None else leader.number,
        frontier=numbers,
        before=before,
        score=None if leader is None else round(leader.runs.mean, 8),
    )
