from __future__ import annotations

from rules.verdict import Verdict
from tests.worker.publishing.rows import found, judged, ruling, situation, submission
from tests.worker.publishing.scene import snapshot
from worker.publishing.labels import OURS, difference, wanted_labels
from worker.store.models import Outcome


def test_verdict_and_ruling_are_a_label_each() -> None:
    assert wanted_labels(situation(judged(Verdict.CLEAR))) == ["fairway:clear"]
    accepted = situation(judged(Verdict.NEEDS_REVIEW), ruling(Outcome.ACCEPTED))
    assert wanted_labels(accepted) == ["fairway:accepted", "fairway:needs-review"]
    assert wanted_labels(situation(submission(decided=False), ruling(Outcome.REJECTED))) == ["fairway:rejected"]


def test_every_label_that_is_ever_wanted_is_known_as_ours() -> None:
    for verdict in Verdict:
        for outcome in Outcome:
            assert set(wanted_labels(situation(judged(verdict), ruling(outcome, "C07")))) <= OURS


def test_while_a_new_commit_is_read_only_what_warns_stays() -> None:
    reading = situation(submission(decided=False))
    assert wanted_labels(reading, ["fairway:accepted", "fairway:clear"]) == []
    assert wanted_labels(reading, ["fairway:likely-invalid", "fairway:held"]) == ["fairway:likely-invalid"]
    held = situation(submission(decided=False, held=True))
    assert wanted_labels(held, ["fairway:clear"]) == ["fairway:held"]


def test_no_submission_has_no_labels() -> None:
    files = snapshot("a1" * 20, folder="")
    assert wanted_labels(situation(submission(found(), files=files)), ["fairway:clear"]) == []


def test_difference_leaves_labels_of_others_alone() -> None:
    there = ["bug", "fairway:favourite", "Fairway:Clear", "fairway:held"]
    assert difference(there, ["fairway:accepted", "fairway:held"]) == (["fairway:accepted"], ["Fairway:Clear"])
    assert difference(there, ["fairway:clear", "fairway:held"]) == ([], [])
