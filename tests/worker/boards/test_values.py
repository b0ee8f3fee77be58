from __future__ import annotations

import pytest

from rules.competition import builtin
from tests.worker.boards.cases import candidate
from worker.boards.values import Candidate, Credit, board

COMPETITION = builtin()
RECORD, OTHER = COMPETITION.tracks


def numbers(*candidates: Candidate, **how: bool) -> list[int]:
    return [row.number for row in board(candidates, COMPETITION, RECORD, **how).rows]


def test_what_a_person_accepted_stands_by_its_score_and_nothing_else_does() -> None:
    found = [candidate(1, 1.2), candidate(2, 1.1), candidate(3, 1.0, outcome="rejected"), candidate(4, 0.9, outcome="")]
    assert numbers(*found) == [2, 1]
    assert [row.place for row in board(found, COMPETITION, RECORD).rows] == [1, 2]


def test_tracks_have_boards_of_their_own() -> None:
    found = [candidate(1, 1.2), candidate(2, 1.1, track="non-record")]
    assert numbers(*found) == [1]
    assert [row.number for row in board(found, COMPETITION, OTHER).rows] == [2]


def test_of_equal_scores_the_earlier_one_stands_first() -> None:
    assert numbers(candidate(2, 1.1), candidate(1, 1.1)) == [1, 2]


def test_score_deviation_and_number_of_runs() -> None:
    (row,) = board([candidate(1, 1.10, 1.12, 1.11)], COMPETITION, RECORD).rows
    assert row.score == pytest.approx(1.11)
    assert row.deviation == pytest.approx(0.01)
    assert row.runs == 3
    (row,) = board([candidate(1, 1.1)], COMPETITION, RECORD).rows
    assert (row.deviation, row.runs) == (None, 1)


def test_an_accepted_one_without_a_measured_score_is_named_and_not_placed() -> None:
    made = board([candidate(1), candidate(2, 1.1)], COMPETITION, RECORD)
    assert ([row.number for row in made.rows], made.unplaced) == ([2], (1,))


def test_the_frontier_is_chronological_and_is_another_one_when_a_ruling_changes() -> None:
    found = [candidate(1, 1.20), candidate(2, 1.10), candidate(3, 1.15), candidate(4, 1.05)]
    made = board(found, COMPETITION, RECORD)
    assert [row.number for row in made.frontier] == [1, 2, 4]
    assert [row.incumbent for row in made.frontier] == [None, 1, 2]
    found[1] = candidate(2, 1.10, outcome="rejected")
    again = board(found, COMPETITION, RECORD)
    assert [row.number for row in again.frontier] == [1, 3, 4]
    assert [row.incumbent for row in again.frontier] == [None, 1, 3]


def test_without_agents_the_others_stand_among_themselves() -> None:
    found = [candidate(1, 1.2), candidate(2, 1.1, agents=["Claude"]), candidate(3, 1.15)]
    assert numbers(*found, without_agents=True) == [3, 1]
    assert [row.number for row in board(found, COMPETITION, RECORD, without_agents=True).frontier] == [1, 3]
    assert board(found, COMPETITION, RECORD).rows[0].agents == ("Claude",)


def test_credit_goes_to_cited_parents_first_then_to_near_ones_of_others() -> None:
    found = [
        candidate(1, 1.3, author="quin"),
        candidate(2, 1.2, author="rae", outcome=""),
        candidate(3, 1.1, parents=[(2, False), (1, True), (9, True), (4, False)]),
        candidate(4, 1.0),
    ]
    row = next(row for row in board(found, COMPETITION, RECORD).rows if row.number == 3)
    assert row.credits == (Credit(1, "quin", cited=True), Credit(9, "", cited=True), Credit(2, "rae", cited=False))


def test_what_it_adds_is_told_from_the_comparison_with_its_parent() -> None:
    new = {"gained": ["xsa"], "settings": [{"name": "matrix_lr", "before": "0.02", "after": "0.03"}]}
    (row,) = board([candidate(1, 1.1, new=new)], COMPETITION, RECORD).rows
    assert row.adds == ("XSA", "matrix_lr 0.02 → 0.03")


def test_without_a_comparison_it_adds_the_techniques_that_no_parent_has() -> None:
    found = [candidate(1, 1.2, techniques=["muon"]), candidate(2, 1.1, techniques=["muon", "ema"], parents=[(1, True)])]
    assert board(found, COMPETITION, RECORD).rows[0].adds == ("EMA of weights",)


def test_the_gain_over_the_incumbent_of_its_day_is_tested_by_its_runs() -> None:
    found = [candidate(1, 1.200, 1.201, 1.199), candidate(2, 1.100, 1.101, 1.099), candidate(3, 1.1995, 1.2005, 1.2)]
    for one in found:
        for run in one.entry["runs"]:
            run["val_loss"] = run["val_bpb"] * 1.7
    sure, first, unsure = board(found, COMPETITION, RECORD).rows
    assert (first.incumbent, first.p_value) == (None, None)
    assert sure.p_value is not None
    assert sure.p_value < 0.001
    assert unsure.incumbent == 2
    assert unsure.p_value is not None
    assert unsure.p_value > 0.9


def test_without_nats_no_p_value_is_made_up() -> None:
    found = [candidate(1, 1.2, 1.21, 1.22), candidate(2, 1.1, 1.11, 1.12)]
    assert board(found, COMPETITION, RECORD).rows[0].p_value is None
