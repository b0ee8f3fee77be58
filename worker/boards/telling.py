"""What happened, in words. Plain text: whoever shows it escapes it in their own way."""

from __future__ import annotations

from typing import Any

from worker.store.happenings import Kind
from worker.store.models import Happening

OUTCOMES = {"accepted": "was accepted", "rejected": "was ruled invalid", "needs-changes": "needs changes"}
REASON = 300  # characters


def sentence(happening: Happening) -> str:
    """One sentence."""
    detail, subject = happening.detail, f"#{happening.number}"
    match Kind(happening.kind):
        case Kind.CANDIDATE:
            best = detail.get("incumbent")
            return f"{subject} shows {detail['score']:.4f}, better than {best:.4f}: a candidate for the record."
        case Kind.RULING:
            return f"{subject} {OUTCOMES.get(detail['outcome'], detail['outcome'])}{_why(detail)}."
        case Kind.PRECEDENT:
            return f"{subject} is a precedent now{_why(detail)}: later submissions are compared with its guilty lines."
        case Kind.PRECEDENT_ENDED:
            return f"{subject} is no precedent any more."
        case Kind.COPIES:
            return f"{subject} keeps the lines for which #{detail['of']} was ruled invalid ({_codes(detail)})."
        case Kind.FRONTIER:
            return _frontier(detail)
        case Kind.RULES:
            judged = detail.get("judged_again", 0)
            return f"The competition's configuration changed; {judged} open submissions are judged again."


def _frontier(detail: dict[str, Any]) -> str:
    """What the record is now, and what it was before."""
    now, before = detail["frontier"], detail["before"]
    if not now:
        return "There is no record any more."
    was = f"; before it was #{before[-1]}" if before and before[-1] != now[-1] else ""
    return f"The frontier moved: #{now[-1]} leads with {detail['score']:.4f}{was}."


def _why(detail: dict[str, Any]) -> str:
    """Codes and the ruler's words."""
    codes, reason = _codes(detail), str(detail.get("reason", ""))[:REASON].rstrip(" .")
    told = ": ".join(part for part in (codes, reason) if part)
    return f" ({told})" if told else ""


def _codes(detail: dict[str, Any]) -> str:
    return ", ".join(map(str, detail.get("codes", ())))
