from __future__ import annotations

import pytest

from rules.rule import Location, Rule, Severity, internal_error
from rules.verdict import Verdict, verdict_of

RULE = Rule(code="Z01", name="a-fault", category="test", severity=Severity.REVIEW, doc="A fault.")


def test_without_findings_a_submission_is_clear() -> None:
    assert verdict_of([]) is Verdict.CLEAR


@pytest.mark.parametrize(
    ("severity", "verdict"),
    [
        (Severity.NOTE, Verdict.CLEAR),
        (Severity.INCOMPLETE, Verdict.INCOMPLETE),
        (Severity.REVIEW, Verdict.NEEDS_REVIEW),
    ],
)
def test_the_worst_finding_decides(severity: Severity, verdict: Verdict) -> None:
    findings = [RULE.at(None, "x", severity=Severity.NOTE), RULE.at(None, "y", severity=severity)]
    assert verdict_of(findings) is verdict
    assert verdict_of(reversed(findings)) is verdict


def test_a_rule_may_lower_its_severity_but_not_raise_it() -> None:
    assert RULE.at(Location("a.py", 3), "x", severity=Severity.NOTE).severity is Severity.NOTE
    with pytest.raises(ValueError, match="may lower its severity"):
        RULE.at(None, "x", severity=Severity.BLOCK)


def test_a_failed_rule_is_never_a_pass() -> None:
    finding = internal_error("E05", ZeroDivisionError("division by zero"))
    assert verdict_of([finding]) is Verdict.NEEDS_REVIEW
    assert "E05" in finding.message
    assert "ZeroDivisionError" in finding.message
