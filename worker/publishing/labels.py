"""Our labels on a pull request. Everybody else's stay, whatever they are called."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rules.verdict import Verdict
from worker.publishing.situation import Phase, Situation
from worker.store.models import Outcome

PREFIX = "fairway:"
OURS = frozenset(
    f"{PREFIX}{word.value}"
    for word in (*Verdict, Outcome.ACCEPTED, Outcome.REJECTED, Outcome.NEEDS_CHANGES, Outcome.HELD)
)
SPEAKING_FOR = frozenset({f"{PREFIX}{Verdict.CLEAR.value}", f"{PREFIX}{Outcome.ACCEPTED.value}"})
HELD = f"{PREFIX}{Outcome.HELD.value}"


def wanted_labels(situation: Situation, standing: Iterable[str] = ()) -> list[str]:
    """The labels of ours that the pull request should have, sorted. `standing` are those that we gave it last.

    While a new commit is read, what warned of the last one stays, and what spoke for it goes.
    """
    if situation.phase is Phase.NO_SUBMISSION:
        return []
    if situation.phase is not Phase.JUDGED:
        kept = set(standing) - SPEAKING_FOR - {HELD}
        return sorted(kept | {HELD} if situation.held else kept)
    words = (situation.verdict, situation.outcome)
    return sorted(f"{PREFIX}{word.value}" for word in words if word is not None)


def difference(there: Iterable[str], wanted: Collection[str]) -> tuple[list[str], list[str]]:
    """What to add and what to take off. Names of labels are the same whatever their case."""
    have = {name.lower(): name for name in there}
    add = [name for name in wanted if name not in have]
    return add, [name for key, name in have.items() if key in OURS and key not in wanted]
