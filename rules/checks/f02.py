"""Fewer runs stand behind a record claim than the track asks for.

## Why it matters
Runs that differ only in their seed spread by about as much as many a claimed gain. One lucky run is no record.

## Flagged
    track_10min_16mb with one log, or with `"seeds": [42]` in submission.json

## Allowed
A change of systems only (speed, memory, the same mathematics), for which the organizers waive repeated runs; tracks
that ask for no repeats.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rules.analysis.claims import claimed_seeds, exactly, headline_claim, means, stated
from rules.analysis.seeds import Run, runs_of
from rules.competition import Competition
from rules.rule import Evidence, Finding, Location, Rule, Severity
from rules.statistics import least_gain
from rules.submission import Quantity, Submission

RULE = Rule(code="F02", name="too-few-seeds", category="too-few-seeds", severity=Severity.INCOMPLETE, doc=__doc__)

_WAIVER = "For a change of systems only, say so in the README: repeats are then waived."


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield at most one finding, on the logs where they are too few, else on the claim that rests on too few."""
    track = competition.track(submission.scope.track)
    if track is None or not track.seeds:
        return
    runs, claimed = runs_of(submission), claimed_seeds(submission)
    fix = f"Run {track.seeds} seeds with the same script and settings, and add every log. {_WAIVER}"
    if 0 < len(runs) < track.seeds:
        yield RULE.at(
            Location(runs[0].logs[0].path),
            f"The logs show {_count(len(runs))}{_named(runs)}; this track asks for {track.seeds}"
            f"{_beyond(runs, claimed)}.{_chance(submission, competition, len(runs))}",
            fix=fix,
            evidence=tuple(e for run in runs if (e := _seed_line(run))),
        )
    elif 0 < len(claimed) < track.seeds and not _is_mean_of_all(submission, runs, track.seeds):
        seed_claims = (
            [c for c in submission.metadata.claims if c.seed in claimed or c.quantity is Quantity.SEED]
            if submission.metadata
            else []
        )
        yield RULE.at(
            seed_claims[0].location if seed_claims else None,
            f"The claimed score rests on {_count(len(claimed))} (seed {_join(claimed)}); this track asks for "
            f"{track.seeds}." + (f" The logs show {len(runs)} runs." if runs else ""),
            fix=fix,
            evidence=tuple(stated(submission, claim) for claim in seed_claims[:3]),
        )


def _is_mean_of_all(submission: Submission, runs: Sequence[Run], seeds: int) -> bool:
    """Whether the claimed score is the mean of enough runs, although submission.json names fewer seeds."""
    claim = headline_claim(submission)
    if claim is None:
        return False
    return any(len(m.lines) >= seeds and exactly(claim, m.value) for m in means(runs))


def _chance(submission: Submission, competition: Competition, runs: int) -> str:
    """What so few runs cannot tell from chance, for tracks that keep a record."""
    track, created = competition.track(submission.scope.track), submission.pull_request.created_at
    if track is None or not track.record or created is None:
        return ""
    least = least_gain(runs, competition, competition.significance_on(created.date()))
    return f" So few cannot tell {least:.4f} {competition.metric.unit} of gain from chance at the level asked for."


def _count(number: int) -> str:
    return "one run" if number == 1 else f"{number} runs"


def _named(runs: Sequence[Run]) -> str:
    seeds = [run.seed for run in runs if run.seed is not None]
    return f" (seed {_join(seeds)})" if seeds else ""


def _beyond(runs: Sequence[Run], claimed: Sequence[int]) -> str:
    shown = {run.seed for run in runs}
    missing = [seed for seed in claimed if seed not in shown]
    return f", and no log is there for seed {_join(missing)}" if missing and None not in shown else ""


def _join(seeds: Sequence[int]) -> str:
    return ", ".join(str(seed) for seed in seeds)


def _seed_line(run: Run) -> Evidence | None:
    found = run.logs[0].last(Quantity.SEED)
    return Evidence(found.location, found.quote, "measured") if found else None
