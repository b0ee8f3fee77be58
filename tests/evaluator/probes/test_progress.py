"""Progress lines in the ways that submissions print them."""

from __future__ import annotations

import pytest

from evaluator.probes.progress import marks


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ttt_chunk [3/64] bpb=1.128841 time=12.1s", (3, 64, 1.128841, 6)),
        ("eval_chunk [3/64] running_loss:6.25 running_bpb:3.1", (3, 64, 6.25, 2)),
        ("  sliding window 100 / 400 running_bpb: 1.2012", (100, 400, 1.2012, 4)),
        ("batch 5/10: val_loss=2.3456", (5, 10, 2.3456, 4)),
    ],
)
def test_a_line_has_place_and_value(line: str, expected: tuple[int, int, float, int]) -> None:
    (mark,) = marks(line)
    assert (mark.done, mark.total, mark.value, mark.digits) == expected


@pytest.mark.parametrize(
    "line",
    [
        "step:20/40 train_loss:5.1234 train_time:10ms",
        "final_int8 val_loss:2.1234 val_bpb:1.2345",
        "chunk 9/4 loss:1.2345",
        "chunk 1/4 elapsed:12.5s",
    ],
)
def test_other_lines_have_none(line: str) -> None:
    assert list(marks(line)) == []


def test_only_the_last_evaluation_counts() -> None:
    text = "\n".join(f"chunk {i}/4 loss:1.{i}000" for i in (1, 2, 3, 4, 1, 2))
    assert [(mark.done, mark.value) for mark in marks(text)] == [(1, 1.1), (2, 1.2)]
