"""Candidates for the boards from a local repository and a table of rulings, without a store."""

from __future__ import annotations

from collections.abc import Sequence

from rules.competition import Competition
from rules.submission import PullRequest
from worker.backtest import BacktestOptions, Progress, run
from worker.boards.values import Candidate
from worker.tables import RulingRow


def candidates(
    repository: str,
    listed: Sequence[PullRequest],
    rulings: Sequence[RulingRow],
    competition: Competition,
    *,
    workers: int,
    progress: Progress,
) -> list[Candidate]:
    """The pull requests that were ruled on, as triaged now. Raises `UnreadableRepository`."""
    last = {ruling.number: ruling for ruling in sorted(rulings, key=lambda ruling: ruling.ruled_on)}
    requests = {request.number: request for request in listed if request.number in last and request.created_at}
    if not requests:
        return []
    result = run(BacktestOptions(repository, listed, competition, (), frozenset(requests), workers), progress)
    found = []
    for entry in result.entries:
        request, ruling = requests[entry["number"]], last[entry["number"]]
        assert request.created_at is not None  # chosen above
        outcome, day = ruling.outcome, ruling.ruled_on
        found.append(Candidate(request.number, request.author, request.title, request.created_at, outcome, day, entry))
    return found
