"""The gate of an n-gram expert looks at the token that it helps to predict.

## Why it matters
Whether an expert may speak at a position has to follow from the text before it. A gate that opens inside a word or at
the start of one, decided by the token itself, tells the model what kind of token comes.

## Flagged
    ngram_tilt:hints total=47851520 gated=13023303 token_gate=628130 within_gate=9866847 word_gate=2891588

## Allowed
The same code with these gates closed (`within_gate=0 word_gate=0 agree2plus=0`): the gate by context tokens alone is
causal. Logs on which the claimed score does not rest are noted only.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.headline import headlines_of, quoted, settled
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Measurement, Submission, TrainLog

RULE = Rule(code="A03", name="target-conditioned-gate", category="target-gate", severity=Severity.BLOCK, doc=__doc__)

GATES = ("within_gate", "word_gate", "agree2plus")  # decided by the class of the current token

_FIX = "Close the gates within and at the start of words and the bonus for agreement, and run again."


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield one finding for the claimed runs, else one note for other logs."""
    runs = headlines_of(submission)
    claimed = [run for run in runs if _active(run.log)]
    if claimed:
        several = f" in {len(claimed)} of the claimed runs" if len(claimed) > 1 else " in the claimed run"
        severity = Severity.BLOCK if settled(claimed, runs) else Severity.REVIEW
        yield _finding(_active(claimed[0].log), several, severity)
        return
    others = [active for log in submission.logs if (active := _active(log))]
    if others:
        rests = Severity.NOTE if runs else Severity.REVIEW
        yield _finding(others[0], " in a log on which the claimed score does not rest" if runs else "", rests)


def _active(log: TrainLog) -> list[Measurement]:
    return [gate for name in GATES if (gate := log.gates.get(name)) is not None and gate.value > 0]


def _finding(active: list[Measurement], where: str, severity: Severity) -> Finding:
    counts = ", ".join(f"{gate.label} {int(gate.value):,}" for gate in active)
    return RULE.at(
        active[0].location,
        f"Gates that depend on the predicted token's own class opened{where}: {counts} times.",
        fix=_FIX,
        severity=severity,
        evidence=(quoted(active[0]),),
    )
