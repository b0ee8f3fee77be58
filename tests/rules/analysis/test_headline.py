"""Which logs a claim rests on, and how surely."""

from __future__ import annotations

from rules.analysis.headline import declines_record, headlines_of, settled
from tests.rules.analysis.values import claim, submission, train_log


def test_all_runs_are_certain_where_their_mean_is_claimed() -> None:
    found = headlines_of(
        submission(
            train_log("a.log", ("final", 1.150), seed=1),
            train_log("b.log", ("final", 1.152), seed=2),
            claims=(claim(1.151),),
        )
    )
    assert [(run.log.path.rsplit("/", 1)[-1], run.certain) for run in found] == [("a.log", True), ("b.log", True)]


def test_a_run_far_from_the_claim_is_left_out_where_another_shows_it() -> None:
    found = headlines_of(
        submission(
            train_log("a.log", ("final", 1.150), seed=1),
            train_log("b.log", ("final", 1.250), seed=2),
            claims=(claim(1.150),),
        )
    )
    assert [run.log.path.rsplit("/", 1)[-1] for run in found] == ["a.log"]


def test_a_claim_for_a_seed_makes_its_run_certain() -> None:
    found = headlines_of(
        submission(
            train_log("a.log", ("final", 1.150), seed=1),
            train_log("b.log", ("final", 1.250), seed=2),
            claims=(claim(1.180), claim(1.150, seed=1), claim(1.250, seed=2)),
        )
    )
    assert [(run.log.path.rsplit("/", 1)[-1], run.certain) for run in found] == [("a.log", True), ("b.log", True)]


def test_without_a_claim_that_leads_to_a_line_all_runs_are_guesses() -> None:
    found = headlines_of(submission(train_log("a.log", ("final", 1.15), seed=1), claims=(claim(0.9),)))
    assert [run.certain for run in found] == [False]


def test_a_fault_stands_in_a_claimed_run_or_in_every_guess() -> None:
    guesses = headlines_of(
        submission(train_log("a.log", ("final", 1.15), seed=1), train_log("b.log", ("final", 1.16), seed=2))
    )
    assert not settled(guesses[:1], guesses)
    assert settled(guesses, guesses)
    certain = headlines_of(submission(train_log("a.log", ("final", 1.15), seed=1), claims=(claim(1.15),)))
    assert settled(certain[:1], certain)


def test_a_title_can_decline_a_record() -> None:
    assert declines_record(submission(title="Non-record: a study"))
    assert not declines_record(submission(title="Record: 1.05"))
