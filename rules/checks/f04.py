"""Runs that are averaged together differ in more than their seed.

## Why it matters
A mean over runs of different settings or different code is the score of none of them.

## Flagged
    seed 42: ttt_lr 0.002        seed 7: ttt_lr 0.004

A hyperparameter, the code or its size that is not the same in all logs that the score rests on; training that was
stopped at another time although all logs print the same cap.

## Allowed
Other seeds, machines, paths, names of runs and dates; how often something is printed; logs of ablations that the
score does not rest on. A note where as many runs as the track asks for are alike and a record by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rules.analysis.claims import RunScore, averaged
from rules.analysis.seeds import Difference, differing_settings, spread
from rules.competition import Competition
from rules.records import Answer, answer_for
from rules.rule import Evidence, Finding, Rule, Severity
from rules.statistics import Runs
from rules.submission import Measurement, Quantity, Submission, TrainLog

RULE = Rule(
    code="F04", name="seeds-with-different-config", category="config-mismatch", severity=Severity.REVIEW, doc=__doc__
)

_SHOWN = 5
# Not set by a variable of their own, yet no result: data, size of the model, the cap less the reserve.
_DERIVED = frozenset({"train_shards", "model_params", "effective"})
_EVALUATIONS = frozenset({"ttt", "slot", "ngram", "ppm", "etlb"})  # settings of optional evaluations begin so
_FIX = "Run all seeds with the same script and settings, or take the run that differs out of the mean."


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield at most one finding for each way in which the averaged runs differ."""
    lines = averaged(submission)
    logs = list({line.log.content_id: line.log for line in lines}.values())
    if len(logs) < 2:
        return
    track = competition.track(submission.scope.track)
    severity = Severity.REVIEW if track is not None and track.seeds else Severity.NOTE
    label = lines[0].score.label.casefold()
    differences = list(differing_settings(logs))
    if differences:
        code = "".join(source.code for source in submission.sources)
        matters = any(_is_configured(d.name, code) and _bears_on(d.name, label) for d in differences)
        alike = _alike(lines, logs, differences)
        answer = answer_for(submission, Runs(tuple(line.value for line in alike)), competition)
        enough = answer.record is True and track is not None and len(alike) >= track.seeds
        grave = severity if matters and not enough else Severity.NOTE
        yield _settings(logs, differences, grave, _by_themselves(len(alike), answer))
    else:
        yield from _stop(logs, competition)
        yield from _code(logs)


def _alike(
    lines: Sequence[RunScore], logs: Sequence[TrainLog], differences: Sequence[Difference]
) -> tuple[RunScore, ...]:
    """The scores of most runs that differ in no setting; of as many ones those that come first."""
    by_settings: dict[tuple[str, ...], list[RunScore]] = {}
    for log, *values in zip(logs, *(d.normal for d in differences), strict=True):
        same = [line for line in lines if line.log.content_id == log.content_id]
        by_settings.setdefault(tuple(values), []).extend(same)
    most: list[RunScore] = max(by_settings.values(), key=len)
    return tuple(most)


def _by_themselves(alike: int, answer: Answer) -> str:
    """How the runs that are alike compare with the record of the day, where a record is kept."""
    if answer.comparison is None:
        return ""
    runs = f"The {alike} that are alike compare" if alike > 1 else "No two are alike; one alone compares"
    return f" {runs} with the record of the day so: {answer.comparison.told()}."


def _is_configured(name: str, code: str) -> bool:
    """Whether a name stands for something set from outside: an environment variable, or what follows from them."""
    return name in _DERIVED or not code or name.upper() in code


def _bears_on(name: str, label: str) -> bool:
    """Whether a setting bears on a score: one of another evaluation than the label's does not."""
    family = name.split("_", 1)[0]
    return family not in _EVALUATIONS or family in label


def _settings(
    logs: Sequence[TrainLog], differences: Sequence[Difference], severity: Severity, compared: str
) -> Finding:
    listed = "; ".join(f"`{d.name}` {' / '.join(v[:40] for v in d.values[:4])}" for d in differences[:_SHOWN])
    more = f" and {len(differences) - _SHOWN} more" if len(differences) > _SHOWN else ""
    return RULE.at(
        differences[0].witnesses[0].location,
        f"The {len(logs)} logs that the score rests on differ in {listed}{more}.{compared}",
        fix=_FIX,
        severity=severity,
        evidence=tuple(
            Evidence(s.location, f"{s.name}: {s.value}"[:300], "setting")
            for d in differences[:3]
            for s in d.witnesses[:3]
        ),
    )


def _code(logs: Sequence[TrainLog]) -> Iterator[Finding]:
    """Differences of the script itself: the copy at the head of the log, or the size that it prints."""
    dumps = [log.source_dump for log in logs]
    if all(dumps) and len({dump.sha256 for dump in dumps if dump}) > 1:
        lines = " / ".join(str(dump.lines) for dump in dumps if dump)
        yield RULE.at(
            None,
            f"The {len(logs)} logs that the score rests on begin with different scripts ({lines} lines).",
            fix=_FIX,
            severity=Severity.NOTE,
        )
        return
    sizes = spread(logs, Quantity.CODE_BYTES)
    if sizes and sizes[0].value != sizes[1].value:
        yield RULE.at(
            sizes[1].location,
            f"The logs that the score rests on print different code sizes: {sizes[0].value:,.0f} and "
            f"{sizes[1].value:,.0f} bytes.",
            fix=_FIX,
            severity=Severity.NOTE,
            evidence=_quoted(sizes),
        )


def _stop(logs: Sequence[TrainLog], competition: Competition) -> Iterator[Finding]:
    """The same settings are printed, yet the cap fired at times that lie further apart than one step explains."""
    stops = sorted((log.stopped_by_cap for log in logs if log.stopped_by_cap), key=lambda m: m.value)
    if len(stops) < 2:
        return
    apart = stops[-1].value - stops[0].value
    if apart > competition.limits.train_tolerance_seconds:
        yield RULE.at(
            stops[-1].location,
            f"Training was stopped by its cap at {stops[0].value:.2f} s in one run and at {stops[-1].value:.2f} s in "
            f"another, {apart:.2f} s apart: check that the caps and reserves were the same.",
            fix=_FIX,
            severity=Severity.NOTE,
            evidence=_quoted((stops[0], stops[-1])),
        )


def _quoted(found: Sequence[Measurement]) -> tuple[Evidence, ...]:
    return tuple(Evidence(m.location, m.quote, "measured") for m in found)
