from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from rules.rule import Severity
from rules.verdict import Verdict
from tests.rules.report.rendering import NASTY
from tests.worker.publishing.rows import found, judged, ruling, shown, situation, submission
from tests.worker.publishing.scene import FOLDER, SCRIPT, snapshot
from worker.clients.gateway import Annotation, Conclusion
from worker.publishing.check import ACTIONS, annotations_of, check_of, conclusion_of
from worker.store.models import FindingRow, Outcome

ALL = ("likely-invalid", "needs-review", "incomplete")
README = f"{FOLDER}/README.md"


def noted(*findings: FindingRow, **more: Any) -> list[Annotation]:
    return list(annotations_of(situation(submission(*findings, **more))))


@pytest.mark.parametrize(
    ("verdict", "conclusion"),
    [
        (Verdict.CLEAR, Conclusion.SUCCESS),
        (Verdict.NEEDS_REVIEW, Conclusion.NEUTRAL),
        (Verdict.INCOMPLETE, Conclusion.ACTION_REQUIRED),
        (Verdict.LIKELY_INVALID, Conclusion.ACTION_REQUIRED),
    ],
)
def test_no_verdict_fails_the_check_by_itself(verdict: Verdict, conclusion: Conclusion) -> None:
    assert conclusion_of(situation(judged(verdict))) is conclusion


@pytest.mark.parametrize("verdict", ALL)
def test_competition_may_ask_for_failure(verdict: str) -> None:
    row = judged(Verdict(verdict))
    assert conclusion_of(situation(row, fail_on=(verdict,))) is Conclusion.FAILURE
    others = tuple(one for one in ALL if one != verdict)
    assert conclusion_of(situation(row, fail_on=others)) is not Conclusion.FAILURE


@pytest.mark.parametrize(
    ("outcome", "conclusion", "asked"),
    [
        (Outcome.ACCEPTED, Conclusion.SUCCESS, Conclusion.SUCCESS),
        (Outcome.REJECTED, Conclusion.ACTION_REQUIRED, Conclusion.FAILURE),
        (Outcome.NEEDS_CHANGES, Conclusion.ACTION_REQUIRED, Conclusion.ACTION_REQUIRED),
        (Outcome.HELD, Conclusion.NEUTRAL, Conclusion.NEUTRAL),
    ],
)
def test_what_a_person_says_decides(outcome: Outcome, conclusion: Conclusion, asked: Conclusion) -> None:
    for verdict in Verdict:
        assert conclusion_of(situation(judged(verdict), ruling(outcome))) is conclusion
        assert conclusion_of(situation(judged(verdict), ruling(outcome), fail_on=ALL)) is asked


def test_nothing_is_concluded_while_it_is_read() -> None:
    assert conclusion_of(situation(submission(decided=False))) is None
    assert conclusion_of(situation(submission(decided=False, state="closed"))) is Conclusion.NEUTRAL
    no_folder = submission(found(severity=Severity.BLOCK), files=snapshot("a1" * 20, folder=""))
    assert conclusion_of(situation(no_folder, fail_on=ALL)) is Conclusion.NEUTRAL


def test_annotations_stand_at_the_finding_and_at_its_evidence() -> None:
    row = found("A01", Severity.BLOCK, fix="Score first.", evidence=[shown(line=9, role="read"), shown(line=3)])
    first, second = noted(row)
    assert (first.path, first.line, first.level, first.title) == (SCRIPT, 3, "failure", "A01 fault-a01")
    assert first.message == "it reaches the network\nTo mend: Score first."
    assert (second.line, second.message) == (9, "it reaches the network\nread: `get(URL)`")


def test_level_follows_severity_and_the_worst_come_first() -> None:
    rows = [found(f"F{n:02}", severity, position=n) for n, severity in enumerate(Severity)]
    assert [one.level for one in noted(*rows)] == ["failure", "warning", "warning", "notice"]


def test_finding_of_a_whole_file_stands_at_its_first_line() -> None:
    assert [one.line for one in noted(found(line=None))] == [1]


def test_line_inside_a_packed_script_is_shown_in_the_shipped_file() -> None:
    (one,) = noted(found(path=f"{SCRIPT}!/inner.py", line=2))
    assert (one.path, one.line) == (SCRIPT, 2)


def test_only_files_of_the_head_commit_are_annotated() -> None:
    files = snapshot("a1" * 20, deleted=[README])
    rows = (found(path=README), found(path=FOLDER), found(path=None), found(path="elsewhere.py"))
    assert noted(*rows, files=files) == []
    assert noted(found(evidence=[shown(path=None), shown(path=README)], path=None), files=files) == []


def test_file_outside_of_the_folder_is_annotated_where_the_pull_request_changes_it() -> None:
    files = snapshot("a1" * 20)
    files = replace(files, changed=(*files.changed, replace(files.changed[0], path="data/README.md")))
    assert [one.path for one in noted(found(path="data/README.md"), files=files)] == ["data/README.md"]


def test_same_place_is_annotated_once_for_each_rule() -> None:
    rows = (found(), found(message="and again", position=1), found("E05", position=2))
    assert [one.title for one in noted(*rows)] == ["C07 fault-c07", "E05 fault-e05"]


def test_waived_finding_is_not_annotated() -> None:
    row = submission(found(), found("E05"))
    standing = situation(row, ruling(Outcome.WAIVED, "E05"))
    assert [one.title for one in annotations_of(standing)] == ["C07 fault-c07"]


def test_check_holds_at_most_two_hundred_annotations() -> None:
    row = submission(*(found(line=n, position=n) for n in range(1, 400)))
    assert len(check_of(situation(row)).annotations) == 200


def test_snapshot_of_another_version_costs_the_annotations_only() -> None:
    row = submission(found())
    row.snapshot = {"form": 99}
    check = check_of(situation(row))
    assert check.annotations == ()
    assert check.title == "needs review: 1 needs a person"


def test_text_is_the_report_and_what_was_found_besides() -> None:
    row = submission(found("X01", message="the stage failed"), report=None)
    assert check_of(situation(row)).text.startswith("### Found besides\n\n- **X01** fault-x01")
    assert check_of(situation(submission(found()))).text.startswith("## Fairway: needs-review")


def test_long_report_is_cut_to_what_github_takes() -> None:
    row = submission(found(), report="é" * 40 + "\n" + "wörter\n" * 12_000)
    text = check_of(situation(row)).text
    assert 50_000 < len(text.encode()) <= 64_000
    assert "cut" in text[-60:]


def test_buttons_are_there_once_there_is_something_to_ask_about() -> None:
    assert check_of(situation(submission(found()))).actions == ACTIONS
    assert check_of(situation(submission(decided=False))).actions == ()
    assert all(len(a.label) <= 20 and len(a.description) <= 40 and len(a.identifier) <= 20 for a in ACTIONS)


def test_details_lead_to_the_submissions_page_where_there_is_one() -> None:
    assert check_of(situation(submission(), page="https://fairway.example/submissions/7")).details_url == (
        "https://fairway.example/submissions/7"
    )
    assert check_of(situation(submission())).details_url is None


@given(NASTY, NASTY)
def test_annotations_show_what_hides(message: str, quote: str) -> None:
    row = submission(found(message=message, name=message, evidence=[shown(quote=quote, role=message)]))
    for one in annotations_of(situation(row)):
        assert one.title.isprintable()
        assert all(line.isprintable() for line in one.message.split("\n"))
        assert len(one.message) < 5_000
