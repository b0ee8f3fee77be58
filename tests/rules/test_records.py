from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rules.competition import builtin
from rules.records import (
    Entry,
    answer_for,
    entry_of,
    frontier,
    incumbent_at,
    judge,
    listed_incumbent,
    runs_shown,
    validity,
)
from rules.statistics import Doubt, Runs, Test
from rules.submission import Submission
from rules.verdict import Verdict
from tests.rules.harness import submission_of

COMPETITION = builtin()
START = datetime(2026, 4, 10, tzinfo=UTC)
NATS = 2.58


def entry(number: int, *values: float, days: int = 0) -> Entry:
    return Entry(number, START + timedelta(days=days, minutes=number), Runs(values), "ann", NATS)


FIRST = entry(1, 1.1000, 1.1004, 1.0996)
SECOND = entry(2, 1.0900, 1.0903, 1.0897)
WORSE = entry(3, 1.0950, 1.0951, 1.0952)
THIRD = entry(4, 1.0800, 1.0802, 1.0801)


def test_the_frontier_is_in_order_of_creation_and_leaves_out_what_was_no_better() -> None:
    steps = frontier([THIRD, WORSE, FIRST, SECOND], COMPETITION)
    assert [step.entry.number for step in steps] == [1, 2, 4]
    assert [None if s.before is None else s.before.number for s in steps] == [None, 1, 2]
    assert steps[0].comparison is None
    found = steps[1].comparison
    assert found is not None
    assert found.test is Test.WELCH
    assert found.gain == pytest.approx(0.01)


def test_the_frontier_moves_when_a_ruling_takes_one_out() -> None:
    steps = frontier([FIRST, WORSE, THIRD], COMPETITION)
    assert [step.entry.number for step in steps] == [1, 3, 4]


def test_the_incumbent_is_the_best_of_those_that_came_before() -> None:
    known = [FIRST, SECOND, WORSE, THIRD]
    assert incumbent_at(known, FIRST.created_at, COMPETITION) is None
    before = incumbent_at(known, THIRD.created_at, COMPETITION)
    assert before is not None
    assert before.number == 2


def test_a_clear_gain_is_a_record() -> None:
    found = judge(SECOND, FIRST.runs, COMPETITION, valid=True)
    assert (found.valid, found.improves, found.record) == (True, True, True)


def test_a_gain_below_the_margin_improves_and_is_no_record() -> None:
    found = judge(entry(5, 1.0990, 1.0991, 1.0992), FIRST.runs, COMPETITION)
    assert (found.valid, found.improves, found.record) == (None, True, False)


def test_the_practice_of_the_day_decides_what_a_record_has_to_show() -> None:
    late = entry(5, 1.0990, 1.0991, 1.0992, days=30)
    assert judge(late, FIRST.runs, COMPETITION).record is True


def test_a_worse_score_improves_nothing() -> None:
    found = judge(FIRST, SECOND.runs, COMPETITION)
    assert (found.improves, found.record) == (False, False)


def test_without_a_score_or_an_incumbent_the_answer_is_open() -> None:
    assert judge(None, FIRST.runs, COMPETITION, valid=True).improves is None
    assert judge(FIRST, None, COMPETITION).record is None


def test_a_person_s_ruling_decides_what_is_valid_before_any_verdict() -> None:
    assert validity(Verdict.LIKELY_INVALID) is False
    assert validity(Verdict.NEEDS_REVIEW) is None
    assert validity(Verdict.CLEAR) is True
    assert validity(Verdict.LIKELY_INVALID, accepted=True) is True


def test_the_listed_record_of_a_day_is_one_value_unless_its_runs_are_named() -> None:
    assert listed_incumbent(COMPETITION, START).values == (1.0810,)
    runs = (1.0809, 1.0810, 1.0811)
    frontier_ = tuple(i.model_copy(update={"runs": runs}) for i in COMPETITION.frontier)
    assert listed_incumbent(COMPETITION.model_copy(update={"frontier": frontier_}), START).values == runs


def submission(seeds: str, *logs: tuple[int, float], loss: str = " val_loss:{}") -> Submission:
    files = {"submission.json": f'{{"val_bpb": 1.08, "seeds": {seeds}}}\n'}
    for seed, score in logs:
        shown = loss.format(f"{score * NATS:.8f}")
        files[f"train_seed{seed}.log"] = (
            f"seed: {seed}\nval_tokens: 40550400\nstep:10/10 train_loss:2.0 train_time:599900ms\n"
            f"final_int8_zlib_roundtrip_exact{shown} val_bpb:{score:.8f} eval_time:9000ms\n"
        )
    return submission_of({"files": files})


def test_an_entry_holds_the_runs_behind_the_headline_and_how_long_tokens_are() -> None:
    found = entry_of(submission("[1, 2]", (1, 1.0801), (2, 1.0799)), COMPETITION)
    assert found is not None
    assert found.runs.values == pytest.approx((1.0801, 1.0799))
    assert found.nats == pytest.approx(NATS, rel=1e-6)


def test_claimed_seeds_without_a_run_are_missing() -> None:
    runs = runs_shown(submission("[1, 2, 3]", (1, 1.0801), (2, 1.0799)))
    assert runs.missing == (3,)
    found = judge(Entry(9, START, runs, nats=NATS), FIRST.runs, COMPETITION).comparison
    assert found is not None
    assert Doubt.MISSING_SEEDS in found.doubts


def test_without_a_log_there_is_no_entry() -> None:
    assert entry_of(submission("[1]"), COMPETITION) is None
    with pytest.raises(ValueError, match="no log shows a score"):
        runs_shown(submission("[1]"))


def test_some_runs_of_a_submission_are_answered_against_the_record_that_is_listed_for_its_day() -> None:
    submission = submission_of({"files": {}})
    answer = answer_for(submission, Runs((1.0770, 1.0771)), COMPETITION)
    assert answer.improves is True
    assert answer.comparison is None, "without a log nothing tells how many nats a bit holds"
    assert answer.clears is True


def test_a_track_without_records_leaves_the_answers_open() -> None:
    track = next(t for t in COMPETITION.tracks if not t.record)
    answer = answer_for(submission_of({"files": {}, "track": track.name}), Runs((1.0,)), COMPETITION)
    assert (answer.improves, answer.record, answer.clears) == (None, None, None)
