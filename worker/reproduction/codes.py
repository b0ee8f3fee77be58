"""The rules that a run decides: what they are called and what they say. No file of a submission shows these."""

from __future__ import annotations

from collections.abc import Mapping

from rules.rule import Rule, Severity


def _rule(code: str, name: str, category: str, severity: Severity, doc: str) -> Rule:
    return Rule(code=code, name=name, category=category, severity=severity, doc=doc)


PROBES: Mapping[str, Rule] = {
    "canary": _rule(
        "G01",
        "probability-out-of-nothing",
        "byte-accounting",
        Severity.BLOCK,
        "On text of independent random tokens the submission scored better than any prediction can: answers leaked "
        "into their own prediction, probabilities do not sum to one, or tokens were miscounted.",
    ),
    "suffix-flip": _rule(
        "G02",
        "later-text-changes-earlier-score",
        "adapt-then-score",
        Severity.BLOCK,
        "The score of a stretch of text changed with the text behind it.",
    ),
    "truncation": _rule(
        "G03",
        "half-costs-something-else-alone",
        "partial-validation",
        Severity.BLOCK,
        "The first half of the text, scored alone, costs something else than inside the whole.",
    ),
    "swap": _rule(
        "G04",
        "official-split-scores-better-than-its-like",
        "train-on-val",
        Severity.BLOCK,
        "The score is much better on the official split than on other text of the same kind.",
    ),
    "coverage": _rule(
        "G05",
        "not-all-tokens-scored",
        "partial-validation",
        Severity.BLOCK,
        "The tokens or bytes that the submission says it scored are not those of the text that it was given.",
    ),
}
DIFFERS = _rule(
    "G06",
    "score-not-reproduced",
    "score-mismatch",
    Severity.BLOCK,
    "A run by the organizers came to another score than the submission claims.",
)
FAILED = _rule(
    "G07",
    "run-failed",
    "missing-evidence",
    Severity.BLOCK,
    "The submission did not run to its end on the reference machine.",
)
OVER_TIME = _rule(
    "G08",
    "over-time-measured",
    "over-time",
    Severity.BLOCK,
    "A run by the organizers took longer than the limits, by our clock.",
)
OVER_CAP = _rule(
    "G09",
    "over-cap-measured",
    "over-cap",
    Severity.BLOCK,
    "The artifact that a run by the organizers produced is larger than the cap, counted by us.",
)
ONE_SLICE = _rule(
    "G10",
    "gain-on-one-slice-only",
    "val-tuned",
    Severity.REVIEW,
    "The score is worse on a second slice of validation text, which participants never had.",
)
UNKNOWN_PROBE = PROBES["canary"]
RULES: Mapping[str, Rule] = {
    rule.code: rule for rule in (*PROBES.values(), DIFFERS, FAILED, OVER_TIME, OVER_CAP, ONE_SLICE)
}
