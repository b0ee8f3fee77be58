"""Work on validation tokens is done before the evaluation timer starts.

## Why it matters
The limit on evaluation holds for everything that consumes validation tokens. Tables, hints or warm-up computed from
them ahead of the timer are evaluation, only uncounted.

## Flagged
    ngram_tilt:precompute_outside_timer_done elapsed=164.5s
    quantized_ttt_phased val_loss:2.31 val_bpb:1.0571 eval_time:560112ms

## Allowed
The same work inside the timer. Work outside it that would still fit into the limit together with the evaluation is
noted only.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.headline import Headline, headlines_of, quoted, timed_track
from rules.competition import Competition
from rules.reading.logs.summary import eval_seconds
from rules.rule import Evidence, Finding, Rule, Severity
from rules.submission import Measurement, Quantity, Submission

RULE = Rule(code="E04", name="eval-work-outside-timer", category="over-time", severity=Severity.REVIEW, doc=__doc__)


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield the claimed run with the most work outside its timer."""
    if timed_track(submission, competition) is None:
        return
    found = [(work, run) for run in headlines_of(submission) if (work := _outside(run)) is not None]
    if not found:
        return
    work, run = max(found, key=lambda pair: pair[0].value)
    limit = competition.limits.eval_seconds
    inner = eval_seconds(run.log, run.score)
    timed = inner.value if inner is not None else None
    together = work.value + (timed or 0.0)
    fits = timed is not None and together <= limit
    inside = f" beside {timed:,.1f} s inside it, {together:,.1f} s together" if timed is not None else ""
    yield RULE.at(
        work.location,
        f"{work.value:,.1f} s of work on validation tokens ran outside the evaluation timer{inside}; the limit for "
        f"both is {limit:,.0f} s.",
        fix="Start the timer before the first validation token is used, and log the whole time.",
        severity=Severity.NOTE if fits else Severity.REVIEW,
        evidence=(quoted(work), Evidence(run.score.location, run.score.quote, "measured")),
    )


def _outside(run: Headline) -> Measurement | None:
    """The longest work that the log places outside the timer; a reader measures no other."""
    return max(run.log.all(Quantity.PRECOMPUTE_SECONDS), key=lambda m: m.value, default=None)
