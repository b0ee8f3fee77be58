"""What comes of running candidate and record in turn: a test on our own runs, as a finding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from statistics import fmean

from evaluator.evidence import Evidence, evidence_of
from rules.competition import Competition
from rules.rule import Finding, Severity, Source
from rules.statistics import Comparison, Runs, compare
from worker.reproduction import beside
from worker.reproduction.codes import BESIDE
from worker.reproduction.records import parsed
from worker.store.models import Run, RunStatus
from worker.store.runs import INCUMBENT

ABSENT = "The record of the day was not run beside it: no accepted submission that was opened before is known here."
FAILED = "The record of the day could not be run beside it, so that nothing is compared: {} {}: {}"
NO_MARGIN = "the margin is in nats per token, and no run printed a loss in nats beside its score"
MEND = "A person decides whether it is a record; more seeds make a gain surer that is there."
REPRODUCED = "reproduced"
REASON = 300  # characters


def compared(of_submission: Sequence[Run], competition: Competition, day: date) -> Iterator[Finding]:
    """The finding on a full reproduction that is over, none before; `day` is when the candidate was opened."""
    if not competition.reproduction.incumbent:
        return
    order = beside.in_turn(of_submission)
    if not order or any(run.status in beside.UNDER_WAY for run in order):
        return
    if not beside.is_compared(order):
        yield _note(ABSENT)
        return
    name = competition.metric.name
    bad = next((run for run in order if run.rung == INCUMBENT and not _has_score(run, name)), None)
    if bad is not None:
        verdict = bad.verdict or bad.status.value
        yield _note(FAILED.format(f"its run with seed {bad.seed} is", verdict, bad.reason[:REASON]))
    elif all(_has_score(run, name) for run in order):
        yield _judged(order, competition, day)


def _judged(order: Sequence[Run], competition: Competition, day: date) -> Finding:
    name = competition.metric.name
    candidate, record = ([run for run in order if (run.rung == INCUMBENT) is of_record] for of_record in (False, True))
    ours, theirs = _scores(candidate, name), _scores(record, name)
    bar = competition.significance_on(day)
    found = compare(ours, theirs, competition, bar, _nats(order, name))
    told = f"{_where(order)}: {_listed(ours, competition)} against {_listed(theirs, competition)}"
    told = f"Candidate and record ({record[0].head_sha[:10]}) in turn, with the same seeds, on {told}"
    if found is None:
        return _finding(f"{told}; {NO_MARGIN}", Severity.REVIEW)
    shown = "the gain shows" if found.significant else "no gain beyond the margin is shown"
    return _finding(f"{told}; {shown}: {found.told()}", _severity(found, order))


def _severity(found: Comparison, order: Sequence[Run]) -> Severity:
    """A gain that shows is a note; scores that differ from claims, or of several machines, are for a person."""
    clean = len(_machines(order)) == 1 and all(run.verdict == REPRODUCED for run in order)
    return Severity.NOTE if found.significant and clean else Severity.REVIEW


def _finding(message: str, severity: Severity) -> Finding:
    fix = MEND if severity is Severity.REVIEW else ""
    return replace(BESIDE.at(None, message, fix=fix, severity=severity), source=Source.RUN)


def _note(message: str) -> Finding:
    return _finding(message, Severity.NOTE)


def _has_score(run: Run, name: str) -> bool:
    made = run.status is RunStatus.FINISHED and run.verdict in beside.WITH_SCORE and run.evidence is not None
    return made and _named(run, name) is not None


def _record(run: Run) -> Evidence:
    assert run.evidence is not None  # `_has_score`
    return evidence_of(parsed(run.evidence.record))


def _named(run: Run, name: str) -> float | None:
    return next((one.value for one in _record(run).measured if one.name == name), None)


def _scores(of: Sequence[Run], name: str) -> Runs:
    values = tuple(value for run in of if (value := _named(run, name)) is not None)
    return Runs(values, tuple(run.seed for run in of))


def _nats(order: Sequence[Run], name: str) -> float | None:
    """Nats per token in one unit of the metric, by the runs that print both."""
    pairs = [(_named(run, "val_loss"), _named(run, name)) for run in order]
    ratios = [loss / score for loss, score in pairs if loss and score]
    return fmean(ratios) if ratios else None


def _machines(order: Sequence[Run]) -> list[str]:
    return sorted({run.machine or run.runner for run in order})


def _where(order: Sequence[Run]) -> str:
    names = _machines(order)
    return names[0] if len(names) == 1 else f"different machines ({', '.join(names)})"


def _listed(scores: Runs, competition: Competition) -> str:
    return ", ".join(f"{value:.{competition.metric.decimals}f}" for value in scores.values)
