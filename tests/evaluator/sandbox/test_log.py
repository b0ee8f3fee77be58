from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from evaluator.execution import Line
from evaluator.sandbox.log import LINE_BYTES, Keeper


@given(st.binary(max_size=4_000), st.lists(st.integers(1, 400), max_size=30), st.integers(2, 1_000))
def test_however_it_comes_the_hash_is_of_all_and_the_ends_are_kept(data: bytes, cuts: list[int], limit: int) -> None:
    keeper = Keeper(limit)
    rest = data
    for cut in cuts:
        keeper.take(rest[:cut], 0.0)
        rest = rest[cut:]
    keeper.take(rest, 0.0)
    keeper.end(0.0)
    assert keeper.sha256 == hashlib.sha256(data).hexdigest()
    assert keeper.size == len(data)
    half = limit // 2
    assert keeper.log.startswith(data[:half])
    assert keeper.log.endswith(data[-half:] if data else b"")
    if len(data) <= 2 * half:
        assert keeper.log == data


def test_a_line_has_the_time_of_its_end() -> None:
    heard: list[Line] = []
    keeper = Keeper(1_000, heard.append)
    keeper.take(b"be", 1.0)
    keeper.take(b"gun\r\nnext", 2.0)
    keeper.end(3.0)
    assert heard == [Line(2.0, "begun"), Line(3.0, "next")]


def test_a_line_without_end_is_cut() -> None:
    keeper = Keeper(1 << 20)
    keeper.take(b"x" * (2 * LINE_BYTES + 5), 0.0)
    keeper.end(0.0)
    assert [len(line.text) for line in keeper.lines] == [LINE_BYTES, LINE_BYTES, 5]


def test_of_very_many_lines_the_first_and_the_last_are_kept() -> None:
    keeper = Keeper(10_000)
    for number in range(10_000):
        keeper.take(f"{number}\n".encode(), float(number))
    texts = [line.text for line in keeper.lines]
    assert texts[0] == "0"
    assert texts[-1] == "9999"
    assert len(texts) < 200
