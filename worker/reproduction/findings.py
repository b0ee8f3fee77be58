"""From evidence to findings: what a run shows, in words that an author understands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from evaluator.evidence import Evidence, ProbeOutcome, ProbeResult, RunVerdict
from evaluator.probes.findings import finding_of
from rules.competition import Competition, Weight
from rules.rule import Finding, Rule, Severity, Source
from worker.reproduction.codes import DIFFERS, FAILED, ONE_SLICE, OVER_CAP, OVER_TIME

MEND_RUN = "Make it run to its end from the submission's folder alone, with the data that the competition gives."
MEND_SCORE = "State the score that the submitted code reaches, or submit the code that reaches the stated one."
MEND_TIME = "Keep training and evaluation within the limits with some room: machines differ by a few percent."
MEND_CAP = "Bring code and model together below the cap."
MEND_PROBE = "Score each token from the artifact and earlier tokens alone, by a distribution that sums to one."
QUOTE, REASON = 400, 300  # characters


def findings_of(records: Iterable[Evidence], competition: Competition, folder: str) -> list[Finding]:
    """The findings of all runs of one submission, each shape of fault once; `folder` is the submission's."""
    found = dict[tuple[str, str], Finding]()
    for evidence in records:
        for finding in (
            *_of_probes(evidence, folder),
            *_of_verdict(evidence, competition),
            *_of_slices(evidence, competition),
        ):
            found.setdefault((finding.code, finding.message), replace(finding, source=Source.RUN))
    return list(found.values())


def passed(rung: str, evidence: Evidence) -> bool:
    """Whether the next step of the ladder may follow. What was claimed can be met by full runs only."""
    if any(probe.result is ProbeOutcome.VIOLATED for probe in evidence.probes):
        return False
    if rung in ("smoke", "probe"):
        return evidence.verdict in (RunVerdict.REPRODUCED, RunVerdict.DIFFERS)
    return evidence.verdict is RunVerdict.REPRODUCED


def _of_probes(evidence: Evidence, folder: str) -> Iterator[Finding]:
    for probe in evidence.probes:
        found = finding_of(probe, f"{folder}/{evidence.request['entry']}")
        if found is not None:
            yield replace(found, message=f"{found.message} ({_numbers(probe)})", fix=MEND_PROBE)


def _numbers(probe: ProbeResult) -> str:
    """What the proof rests on."""
    parts = [
        f"{what} {value:,.6g}"
        for what, value in (
            ("n =", probe.tokens),
            ("V =", probe.vocab_size),
            ("nats per token", probe.nats_per_token),
            ("ln E =", probe.ln_e),
            ("level", probe.alpha),
        )
        if value is not None
    ]
    figures = [f"{name.replace('_', ' ')} {value:,.6g}" for name, value in list(probe.figures.items())[:8]]
    return ", ".join([f"probe {probe.probe}", *parts, *figures])


def _of_verdict(evidence: Evidence, competition: Competition) -> Iterator[Finding]:
    weights, request = competition.reproduction.weights, evidence.request
    run = f"A {request.get('rung', '')} run with seed {request.get('seed', '')}"
    why = evidence.reason[:REASON]
    match evidence.verdict:
        case RunVerdict.DIFFERS if request.get("rung") not in ("smoke", "probe"):
            told = f"{run} came to {_score(evidence, competition)}: {why}"
            yield _weighed(DIFFERS, weights.differs, told, MEND_SCORE)
        case RunVerdict.FAILED:
            yield _weighed(FAILED, weights.failed, f"{run} failed: {why}. {_last(evidence)}", MEND_RUN)
        case RunVerdict.OVER_TIME:
            yield _weighed(OVER_TIME, weights.over_time, f"{run} was over time by our clock: {why}", MEND_TIME)
        case RunVerdict.OVER_CAP:
            size = "" if evidence.artifact_bytes is None else f" of {evidence.artifact_bytes:,} bytes"
            yield _weighed(OVER_CAP, weights.over_cap, f"{run} left an artifact{size}: {why}", MEND_CAP)


def _of_slices(evidence: Evidence, competition: Competition) -> Iterator[Finding]:
    """Both figures where a second slice was scored; that they lie apart is for a person to judge."""
    name, policy = competition.metric.name, competition.reproduction
    first, second = _named(evidence.measured, name), _named(evidence.second_slice, name)
    if first is None or second is None:
        return
    worse = second - first if competition.metric.better == "lower" else first - second
    if worse > competition.scores.largest_step + policy.tolerance:
        told = f"{name} {first:.4f} on the official slice and {second:.4f} on one that participants never had"
        yield ONE_SLICE.at(None, told, severity=Severity.REVIEW)


def _weighed(rule: Rule, weight: Weight, message: str, fix: str) -> Finding:
    return rule.at(None, message, fix=fix, severity=Severity(weight))


def _score(evidence: Evidence, competition: Competition) -> str:
    measured = _named(evidence.measured, competition.metric.name)
    unit = competition.metric.unit
    return "no score" if measured is None else f"{measured:.{competition.metric.decimals}f} {unit}"


def _last(evidence: Evidence) -> str:
    lines = [line for line in evidence.log_tail.splitlines() if line.strip()]
    return f"The last line of its log: {lines[-1].strip()[:QUOTE]}" if lines else "It printed nothing."


def _named(measured: Sequence[object], name: str) -> float | None:
    return next((one.value for one in measured if getattr(one, "name", "") == name), None)  # type: ignore[attr-defined]
