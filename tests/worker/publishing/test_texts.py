from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given

from rules.rule import Severity, Source
from rules.verdict import Verdict
from tests.rules.report.rendering import NASTY, WRITTEN, plain_text_of
from tests.worker.publishing.rows import DAY, found, judged, ruling, situation, submission
from tests.worker.publishing.scene import snapshot
from worker.publishing import texts
from worker.publishing.situation import Phase
from worker.store.models import Outcome, SubmissionRow


def test_title_of_a_verdict_counts_what_led_to_it() -> None:
    row = submission(found(), found("E05"), found("F01", Severity.NOTE))
    assert texts.title(situation(row)) == "needs review: 2 need a person, 1 note"
    assert texts.title(situation(submission())) == "clear"


def test_ruling_comes_before_the_verdict_in_the_title() -> None:
    row = judged(Verdict.LIKELY_INVALID)
    assert texts.title(situation(row, ruling(Outcome.ACCEPTED))) == "accepted: 1 finding blocks"
    assert texts.title(situation(row, ruling(Outcome.HELD))) == "on hold: 1 finding blocks"


def test_hold_stays_for_the_next_commit_until_it_is_lifted() -> None:
    row = submission(found(), held=True)
    assert texts.title(situation(row)) == "on hold: 1 needs a person"
    assert texts.banner(situation(row))[0].startswith("**On hold**. No automatic step")


def test_waived_findings_are_not_counted() -> None:
    row = submission(found("A01", Severity.BLOCK), found("E05"))
    row.verdict = Verdict.NEEDS_REVIEW
    standing = situation(row, ruling(Outcome.WAIVED, "A01", reason="Measured."))
    assert texts.title(standing) == "needs review: 1 needs a person"
    assert texts.banner(standing) == [
        "**Waived** by `olga` on 2026-03-21 14:05 UTC: `A01`: Measured. It stays listed and does not count.",
        "Without what is waived: **needs review**, 1 needs a person.",
    ]


def test_ruling_is_told_with_who_when_codes_and_why() -> None:
    row = judged(Verdict.LIKELY_INVALID)
    assert texts.banner(situation(row, ruling(Outcome.REJECTED, "A01", "C07", reason="it peeks"))) == [
        "**Rejected** by `olga` on 2026-03-21 14:05 UTC: `A01`, `C07`: it peeks.",
        "The checks alone say: **likely invalid**, 1 finding blocks.",
    ]
    assert texts.banner(situation(row, ruling(Outcome.NEEDS_CHANGES)))[0] == (
        "**Needs changes** by `olga` on 2026-03-21 14:05 UTC."
    )


def test_newest_ruling_stands() -> None:
    row = judged(Verdict.NEEDS_REVIEW)
    ruled = (ruling(Outcome.HELD), ruling(Outcome.REJECTED), ruling(Outcome.ACCEPTED), ruling(Outcome.WAIVED, "Z99"))
    assert situation(row, *ruled).outcome is Outcome.ACCEPTED


def test_request_for_a_person_is_told() -> None:
    row = submission(found(), human_requested_at=DAY)
    assert texts.banner(situation(row)) == ["A person was asked to look at it on 2026-03-21 14:05 UTC."]


@pytest.mark.parametrize(
    ("row", "phase", "words"),
    [
        (submission(decided=False), Phase.READING, "Fairway reads this submission"),
        (submission(decided=False, state="closed"), Phase.UNREAD, "Closed before it was read"),
        (
            submission(found(), files=snapshot("a1" * 20, folder="")),
            Phase.NO_SUBMISSION,
            "No submission in this pull request",
        ),
        (submission(found(), state="closed"), Phase.JUDGED, "needs review: 1 needs a person"),
    ],
)
def test_each_phase_has_its_title(row: SubmissionRow, phase: Phase, words: str) -> None:
    standing = situation(row)
    assert standing.phase is phase
    assert texts.title(standing) == words
    assert texts.summary(standing)


def test_change_below_a_track_folder_is_a_submission_even_without_a_folder_of_its_own() -> None:
    files = snapshot("a1" * 20, folder="")
    changed = replace(files.changed[0], path="records/track_10min_16mb/README.md")
    row = submission(found(), files=replace(files, changed=(changed,)))
    assert situation(row).phase is Phase.JUDGED


def test_ruling_counts_before_the_submission_is_read() -> None:
    standing = situation(submission(decided=False), ruling(Outcome.REJECTED, reason="spam"))
    assert standing.phase is Phase.JUDGED
    assert texts.title(standing) == "rejected"
    assert texts.summary(standing).startswith("Fairway has not finished reading this commit.")


def test_what_the_report_does_not_hold_is_found_besides() -> None:
    row = submission(found(), found("R09", source=Source.REVIEWER, message="it looks copied"))
    assert [one.code for one in situation(row).added] == ["R09"]
    row = submission(found("X01", message="the stage failed"), report=None)
    assert [one.code for one in situation(row).added] == ["X01"]


def test_long_lists_are_cut_and_say_so() -> None:
    shown = texts.findings([found(f"C{n:02}") for n in range(20)])
    assert shown.count("it reaches the network") == texts.ADDED_AT_MOST
    assert shown.endswith("- … and 8 more")
    row = submission(found())
    ruled = situation(row, *(ruling(Outcome.WAIVED, f"C{n:02}", reason="fine") for n in range(20)))
    assert "… and 12 more that were waived" in texts.banner(ruled)


def test_what_is_cut_ends_between_lines_with_its_folds_closed() -> None:
    text = "first\n<details><summary>more</summary>\n" + "line\n" * 400 + "</details>\nlast"
    shown = texts.fitted(text, 500)
    assert len(shown) <= 500
    assert texts.CUT in shown
    assert shown.count("<details>") == shown.count("</details>") == 1
    assert texts.fitted(text, len(text)) == text
    assert len(texts.fitted("é" * 1000, 100, lambda t: len(t.encode())).encode()) <= 100


@given(NASTY, NASTY, NASTY)
def test_nothing_that_people_wrote_acts(reason: str, ruler: str, message: str) -> None:
    row = submission(found(message=message, name=message, fix=reason, path=ruler), found("A02"))
    ruled = (ruling(Outcome.WAIVED, message[:8], reason=reason, ruler=ruler), ruling(Outcome.REJECTED, message))
    for standing in (situation(row, *ruled), situation(row, ruling(Outcome.HELD, reason=reason, ruler=ruler))):
        for text in (texts.summary(standing), texts.findings(row.findings)):
            plain = plain_text_of(text, WRITTEN | {"bullet_list"})
            assert not re.search(r"[@#<\\]|://|www\.|^\s*/[a-z]", plain, re.M)
            assert not re.search(r"^[\s>*-]*/fairway", text, re.M)
