"""Occasions that are seen when a submission is decided: a candidate for the record, a frontier that moved."""

from __future__ import annotations

import hashlib

from sqlalchemy.orm import Session

from rules.competition import Competition
from rules.verdict import Verdict
from worker.boards import stored
from worker.boards.values import Board, board
from worker.store import happenings
from worker.store.happenings import Kind
from worker.store.models import PullRequestRow, SubmissionRow


def look(session: Session, row: SubmissionRow, competition: Competition, *, ruled: bool) -> None:
    """Note what those who follow the competition want to know. `ruled`: a person decided on this submission."""
    track = competition.track((row.entry or {}).get("track"))
    if track is None or not track.record:
        return
    now = board(stored.candidates(session, row.pull_request.repository_id, accepted=True), competition, track)
    if ruled:
        _frontier(session, row.pull_request, now)
    else:
        _candidate(session, row, competition, now)


def _candidate(session: Session, row: SubmissionRow, competition: Competition, now: Board) -> None:
    request = row.pull_request
    score = stored.candidate_of(row, request, None).score
    best = now.frontier[-1].score if now.frontier else competition.incumbent(request.created_at.date()).score
    sign = 1 if competition.metric.better == "lower" else -1
    if score is None or sign * score >= sign * best or row.verdict is Verdict.LIKELY_INVALID:
        return
    happenings.note(
        session,
        request.repository_id,
        Kind.CANDIDATE,
        f"{Kind.CANDIDATE}:{row.id}",
        number=request.number,
        score=round(score, 8),
        incumbent=round(best, 8),
    )


def _frontier(session: Session, request: PullRequestRow, now: Board) -> None:
    """The frontier is worked out from all rulings anew; it is told where it is not what was told last."""
    numbers = [row.number for row in now.frontier]
    last = happenings.last(session, request.repository_id, Kind.FRONTIER)
    before = [] if last is None else last.detail["frontier"]
    if numbers == before:
        return
    since = "" if last is None else str(last.id)
    digest = hashlib.sha256(f"{since}:{numbers}".encode()).hexdigest()
    leader = now.frontier[-1] if now.frontier else None
    happenings.note(
        session,
        request.repository_id,
        Kind.FRONTIER,
        f"{Kind.FRONTIER}:{digest}",
        number=None if leader is None else leader.number,
        frontier=numbers,
        before=before,
        score=None if leader is None else round(leader.score, 8),
    )
