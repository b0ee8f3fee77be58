"""Candidates for boards, made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from worker.boards.values import Candidate

OPENED = datetime(2026, 4, 1, 9, tzinfo=UTC)


def candidate(
    number: int,
    *scores: float,
    author: str = "pat",
    outcome: str = "accepted",
    track: str = "record",
    parents: Sequence[tuple[int, bool]] = (),
    agents: Sequence[str] = (),
    techniques: Sequence[str] = (),
    **more: Any,
) -> Candidate:
    """A candidate that was opened so many hours after the first day's morning."""
    entry = {
        "head_sha": "a" * 40,
        "track": track,
        "verdict": "clear",
        "techniques": list(techniques),
        "parents": [{"number": n, "similarity": 0.9, "cited": cited} for n, cited in parents],
        "measurements": {"val_bpb": sum(scores) / len(scores) if scores else None},
        "agents": list(agents),
        "runs": [{"seed": seed, "val_bpb": score, "val_loss": None} for seed, score in enumerate(scores)],
        "folder": f"records/{number}",
        "new": None,
    }
    title = more.pop("title", f"Entry {number}")
    opened = OPENED + timedelta(hours=number)
    return Candidate(number, author, title, opened, outcome, date(2026, 4, 9), {**entry, **more})
