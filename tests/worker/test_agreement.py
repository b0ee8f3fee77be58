from __future__ import annotations

from datetime import date
from typing import Any

from worker.agreement import compare
from worker.tables import RulingRow

DAY = date(2026, 4, 1)


def entry(number: int, verdict: str, *findings: tuple[str, str, str]) -> dict[str, Any]:
    rows = [{"code": code, "category": category, "severity": severity} for code, category, severity in findings]
    return {"number": number, "verdict": verdict, "findings": rows}


def test_an_invalid_ruling_is_found_by_a_finding_of_its_category_that_asks_for_a_person() -> None:
    rulings = [RulingRow(1, "invalid", ("over-time",), DAY), RulingRow(2, "invalid", ("over-time",), DAY)]
    entries = [
        entry(1, "needs-review", ("E01", "over-time", "review")),
        entry(2, "clear", ("E01", "over-time", "note")),
    ]
    found = compare(entries, rulings)
    assert found.any_category["invalid"] == 1
    assert found.categories["invalid", "over-time"].missed == [2]
    assert found.missed == [2]


def test_one_of_several_reasons_is_enough_for_the_outcome_but_each_is_counted() -> None:
    rulings = [RulingRow(1, "incomplete", ("too-few-seeds", "scope"), DAY)]
    found = compare([entry(1, "incomplete", ("F02", "too-few-seeds", "incomplete"))], rulings)
    assert found.any_category["incomplete"] == 1
    assert found.categories["incomplete", "scope"].found == 0


def test_a_block_on_an_accepted_one_is_named() -> None:
    rulings = [RulingRow(4, "accepted", ("record",), DAY)]
    found = compare([entry(4, "likely-invalid", ("E05", "over-cap", "block"), ("F08", "duplicate", "note"))], rulings)
    assert found.blocked == [(4, "E05")]
    assert dict(found.false_alarms) == {"over-cap": [4]}


def test_rulings_on_pull_requests_that_were_not_triaged_are_listed() -> None:
    found = compare([], [RulingRow(9, "accepted", ("record",), DAY)])
    assert found.absent == [9]
    assert not found.ruled
