from __future__ import annotations

from rules.analysis.once import once
from rules.submission import Submission
from tests.rules.analysis.values import submission


def test_the_answer_is_worked_out_once_for_a_submission_and_anew_for_an_equal_one() -> None:
    asked: list[Submission] = []

    @once
    def count(given: Submission) -> int:
        asked.append(given)
        return len(asked)

    first, second = submission(), submission()
    assert [count(first), count(first), count(second), count(first)] == [1, 1, 2, 3]
