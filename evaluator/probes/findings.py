"""What a probe's result says about a submission, as a finding of source `run`.

Where one of the catalogue's rules names the fault, its code is used. What only a run can tell has the family P: the
canary proves that something leaked, not by which way.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from evaluator.evidence import ProbeOutcome, ProbeResult
from rules.checks.c08 import RULE as C08
from rules.rule import Finding, Location, Rule, Severity, Source

P01 = Rule(
    code="P01",
    name="better-than-chance-on-noise",
    category="proved-by-run",
    severity=Severity.BLOCK,
    doc="On validation tokens drawn at random the submission reports a loss that no causal, normalised predictor has.",
)
P02 = Rule(
    code="P02",
    name="early-loss-depends-on-later-tokens",
    category="proved-by-run",
    severity=Severity.REVIEW,
    doc="Losses reported for the first half of a stream change with its second half.",
)
P03 = Rule(
    code="P03",
    name="official-split-was-seen",
    category="proved-by-run",
    severity=Severity.REVIEW,
    doc="The official validation split costs much less than other text of the same kind.",
)
P04 = Rule(
    code="P04",
    name="more-bytes-than-written",
    category="byte-accounting",
    severity=Severity.BLOCK,
    doc="The printed bits per byte imply more bytes than the validation tokens stand for.",
)
RULES: MappingProxyType[str, Rule] = MappingProxyType(
    {"canary": P01, "bytes": P04, "coverage": C08, "suffix-flip": P02, "truncation": C08, "swap": P03}
)
FAMILY = (P01, P02, P03, P04)
"""Rules that no file of the submission shows: they are documented in docs/probes.md."""


def finding_of(result: ProbeResult, path: str) -> Finding | None:
    """The finding of a violated probe, at the script `path`; None for any other result."""
    if result.result is not ProbeOutcome.VIOLATED:
        return None
    found = RULES[result.probe].at(Location(path), result.sentence)
    return replace(found, source=Source.RUN)
