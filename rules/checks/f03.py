"""The score is that of the best seed, or of seeds that were chosen by their score.

## Why it matters
The best of several runs is better than their mean by luck alone: with three seeds by about one standard deviation,
which is as much as many a claimed record gains.

## Flagged
    "val_bpb": 1.1598, "notes": "best of 3 seeds (mean 1.1647)"

A headline that equals the best run; runs in the folder that are worse than the claimed ones and left out of the mean;
a seed of nine digits or more, which looks searched. Grave where only the chosen runs clear the margin over the record
of the day, however little they gain.

## Allowed
The mean over all runs, with the best one named beside it; a seed loop that exports every result.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from statistics import fmean

from rules.analysis.claims import (
    RunScore,
    Shown,
    claimed_seeds,
    exactly,
    headline_claim,
    is_plausible,
    means,
    quoted,
    stated,
)
from rules.analysis.seeds import runs_of
from rules.competition import Competition
from rules.records import answer_for
from rules.rule import Finding, Location, Rule, Severity
from rules.statistics import Runs
from rules.submission import Claim, Quantity, Submission

RULE = Rule(code="F03", name="seed-selection", category="seed-selection", severity=Severity.REVIEW, doc=__doc__)

_BEST_OF = re.compile(
    r"\bbest (?:of|out of|over|across|from) (?:the |all )?"
    r"(?:\d{1,3}|two|three|four|five|several|multiple) (?:seeds|runs)\b",
    re.I,
)
_SEARCHED = 100_000_000  # a seed at or above is no habit of anybody; dates as 20260420 lie below
_FIX = "State the mean over all runs of the final configuration, and name the best one only beside it."


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield a finding for a headline that is the best run, for worse runs left out, and for odd seeds."""
    track = competition.track(submission.scope.track)
    severity = Severity.REVIEW if track is not None and track.seeds else Severity.NOTE
    claim = headline_claim(submission)
    found = _best_run(submission, claim, competition, severity) if claim else None
    if found is None and claim is not None:
        found = _left_out(submission, claim, competition, severity)
    if found is None:
        found = _says_best(submission)
    if found is not None:
        yield found
    yield from _searched(submission)


def _best_run(submission: Submission, claim: Claim, competition: Competition, severity: Severity) -> Finding | None:
    """The headline equals the best of several runs.

    A note where it gains less than seeds usually deviate, unless that gain is what lifts it above the record's margin.
    """
    best_of = min if competition.metric.better == "lower" else max
    for source, values in _values_by_run(submission):
        best, mean = best_of(values.values()), fmean(values.values())
        if len(values) > 1 and exactly(claim, best) and not exactly(claim, mean):
            usual = abs(mean - best) < competition.scores.pooled_deviation
            decides, told = _on_record(submission, Runs((best,)), Runs(tuple(values.values())), competition)
            listed = ", ".join(f"{name} {value:.5f}" for name, value in sorted(values.items(), key=lambda v: v[1])[:6])
            return RULE.at(
                claim.location,
                f"The claimed {claim.value} is the best of {len(values)} runs, not their mean {mean:.5f} "
                f"({source}: {listed}).{told}",
                fix=_FIX,
                severity=Severity.NOTE if usual and not decides else severity,
                evidence=(stated(submission, claim),),
            )
    return None


def _on_record(submission: Submission, chosen: Runs, every: Runs, competition: Competition) -> tuple[bool, str]:
    """Whether the choice of runs alone clears the margin over the record of the day, and how all runs compare."""
    one, other = (answer_for(submission, runs, competition) for runs in (chosen, every))
    decides = bool(one.clears) and other.clears is False
    alone = "Only the chosen clear the margin over the record of the day; all" if decides else "All"
    told = "" if other.comparison is None else f" {alone} {len(every.values)} runs: {other.comparison.told()}."
    return decides, told


def _values_by_run(submission: Submission) -> Iterator[tuple[str, dict[str, float]]]:
    """Values of runs that are alike: those that submission.json states by seed, then those of each final label."""
    if submission.metadata is not None:
        by_seed = submission.metadata.by_seed(Quantity.VAL_BPB)
        if by_seed:
            values = {f"seed {seed}": c.value for seed, c in by_seed.items() if is_plausible(c.value)}
            yield submission.inside(submission.metadata.path), values
    for mean in means(runs_of(submission)):
        if mean.final:
            yield f"`{mean.label}`", {_name(line): line.value for line in mean.lines}


def _name(line: RunScore) -> str:
    return f"seed {line.run.seed}" if line.run.seed is not None else line.log.path.rsplit("/", 1)[-1]


def _left_out(submission: Submission, claim: Claim, competition: Competition, severity: Severity) -> Finding | None:
    """The claim is the mean over its seeds; further runs with the same label are in the folder and are worse."""
    wanted = set(claimed_seeds(submission))
    for mean in means(runs_of(submission)):
        inside = [line for line in mean.lines if line.run.seed in wanted]
        outside = [line for line in mean.lines if line.run.seed not in wanted and line.run.seed is not None]
        if not mean.final or not inside or not outside or exactly(claim, mean.value):
            continue
        kept = Shown(fmean(line.value for line in inside), tuple(inside))
        gain = mean.value - kept.value if competition.metric.better == "lower" else kept.value - mean.value
        if exactly(claim, kept.value) and 0.0 < gain < competition.scores.largest_step:
            decides, told = _on_record(submission, Runs(kept.values, kept.seeds), Runs(mean.values), competition)
            if gain <= competition.scores.pooled_deviation / 4 and not decides:
                continue
            return RULE.at(
                claim.location,
                f"The claimed {claim.value} is the mean over seed {', '.join(map(str, kept.seeds))}; with the runs "
                f"that were left out ({_listed(outside)}) it is {mean.value:.5f}.{told}",
                fix=_FIX,
                severity=severity,
                evidence=(stated(submission, claim), *(line.evidence for line in outside[:3])),
            )
    return None


def _listed(lines: Sequence[RunScore]) -> str:
    return ", ".join(f"{_name(line)} {line.value:.5f}" for line in lines[:5])


def _says_best(submission: Submission) -> Finding | None:
    """The text says that the result is the best of several runs; whether the headline is, numbers do not tell."""
    for part in (submission.metadata, submission.readme):
        found = _BEST_OF.search(part.text) if part else None
        if part and found:
            place = Location(part.path, part.text.count("\n", 0, found.start()) + 1)
            return RULE.at(
                place,
                f'`{submission.inside(part.path)}` speaks of the "{found[0]}": check that the headline is the mean.',
                fix=_FIX,
                severity=Severity.NOTE,
                evidence=(quoted(submission, place, "claim"),),
            )
    return None


def _searched(submission: Submission) -> Iterator[Finding]:
    for run in runs_of(submission):
        seed = run.logs[0].last(Quantity.SEED)
        if run.seed is not None and run.seed >= _SEARCHED and seed is not None:
            yield RULE.at(
                seed.location,
                f"Seed {run.seed} looks searched rather than chosen beforehand.",
                fix="Use small seeds that were fixed before the runs, or say in the README where this one comes from.",
                severity=Severity.NOTE,
            )
