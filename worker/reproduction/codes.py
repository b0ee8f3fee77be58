"""The rules that a run decides, of one family with those of the probes (`evaluator.probes.findings`)."""

from __future__ import annotations

from rules.rule import Rule, Severity


def _rule(code: str, name: str, category: str, severity: Severity, doc: str) -> Rule:
    return Rule(code=code, name=name, category=category, severity=severity, doc=doc)


DIFFERS = _rule(
    "P11",
    "score-not-reproduced",
    "score-mismatch",
    Severity.BLOCK,
    "A run by the organizers came to another score than the submission claims.",
)
FAILED = _rule(
    "P12",
    "run-failed",
    "missing-evidence",
    Severity.BLOCK,
    "The submission did not run to its end on the reference machine.",
)
OVER_TIME = _rule(
    "P13",
    "over-time-measured",
    "over-time",
    Severity.BLOCK,
    "A run by the organizers took longer than the limits, by our clock.",
)
OVER_CAP = _rule(
    "P14",
    "over-cap-measured",
    "over-cap",
    Severity.BLOCK,
    "The artifact that a run by the organizers produced is larger than the cap, counted by us.",
)
ONE_SLICE = _rule(
    "P15",
    "gain-on-one-slice-only",
    "val-tuned",
    Severity.REVIEW,
    "The score is worse on a second slice of validation text, which participants never had.",
)
BESIDE = _rule(
    "P16",
    "compared-with-the-record-in-runs",
    "not-significant",
    Severity.REVIEW,
    "Candidate and record of the day, run in turn on one machine: no gain shows there. A note where it does.",
)
OF_RUNS = (DIFFERS, FAILED, OVER_TIME, OVER_CAP, ONE_SLICE, BESIDE)


def shown_by_runs() -> tuple[Rule, ...]:
    """The rules of probes and runs. Imported when asked for."""
    from evaluator.probes.findings import FAMILY

    return (*FAMILY, *OF_RUNS)
