"""Every rule against its cases, which are data: `tests/rules/cases/<CODE>.toml`."""

from __future__ import annotations

import pytest

from tests.rules.harness import Case, cases, findings_of, place, submission_of


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: f"{case.code}: {case.name}")
def test_a_rule_finds_what_its_case_expects(case: Case) -> None:
    findings = findings_of(case)
    folder = submission_of(case.data).folder
    assert sorted(place(f, folder) for f in findings) == sorted(case.expect), [f.message for f in findings]
    if "severity" in case.data:
        assert {f.severity.value for f in findings} == {case.data["severity"]}
    if "says" in case.data:
        assert any(case.data["says"] in f.message for f in findings), [f.message for f in findings]
