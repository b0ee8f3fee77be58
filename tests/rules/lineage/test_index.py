from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rules.lineage.index import Index, Known
from rules.lineage.signature import Signature, signature_of

START = datetime(2026, 4, 1, tzinfo=UTC)


def script(*changed: int) -> str:
    return "\n".join(f"value_{i} = {-i if i in changed else i}" for i in range(100))


def signed(code: str) -> Signature:
    found = signature_of(code)
    assert found is not None
    return found


def known(number: int, code: str, author: str = "ann", minutes: int | None = None, head: str = "") -> Known:
    moment = START + timedelta(minutes=number if minutes is None else minutes)
    return Known(number, author, moment, signed(code), head)


def numbers(index: Index, code: str, *, number: int, author: str = "zoe", most: int = 20) -> list[int]:
    moment = START + timedelta(minutes=number)
    found = index.nearest(signed(code), number=number, author=author, created_at=moment, most=most)
    return [candidate.known.number for candidate in found]


def test_the_likest_come_first() -> None:
    index = Index([known(1, script(*range(0, 60, 2))), known(2, script(3)), known(3, script(3, 50))])
    assert numbers(index, script(3), number=9) == [2, 3, 1]


def test_only_what_was_there_before_counts() -> None:
    index = Index([known(1, script()), known(2, script(), minutes=50), known(20, script(), minutes=5)])
    assert numbers(index, script(), number=9) == [1, 20]


def test_of_the_same_moment_the_lower_number_is_the_earlier_one() -> None:
    index = Index([known(8, script(), minutes=9), known(10, script(), minutes=9)])
    assert numbers(index, script(), number=9) == [8]


def test_a_pull_request_is_no_parent_of_itself_and_comes_once() -> None:
    index = Index([known(1, script(1), head="a"), known(1, script(), head="b"), known(9, script(), minutes=0)])
    found = index.nearest(signed(script()), number=9, author="", created_at=START + timedelta(days=1))
    assert [(c.known.number, c.known.head_sha) for c in found] == [(1, "b")]
    assert found[0].estimate == 1.0


def test_what_a_push_brought_later_is_not_older_than_what_it_took() -> None:
    index = Index([known(1, script(1, 2, 3)), known(1, script(), minutes=50), known(5, script())])
    assert numbers(index, script(), number=9)[0] == 5


def test_a_long_series_of_one_s_own_hides_nobody() -> None:
    mine = [known(n, script(n), author="zoe") for n in range(1, 40)]
    others = [known(n, script(*range(0, n, 2)), author="ann") for n in range(40, 50)]
    found = numbers(Index([*mine, *others]), script(), number=99)
    assert len(found) == 20
    assert set(range(40, 50)) <= set(found)


def test_equally_like_ones_come_in_order_of_time() -> None:
    index = Index([known(3, script()), known(1, script()), known(2, script())])
    assert numbers(index, script(), number=9) == [1, 2, 3]


def test_nothing_in_common_is_not_near() -> None:
    assert numbers(Index([known(1, "import os\nprint(os)\n")]), script(), number=9) == []


def test_an_index_grows() -> None:
    index = Index(known(n, script(n % 100)) for n in range(1, 700))
    assert len(index) == 699
    assert numbers(index, script(42), number=9_999, most=1) == [42]


def test_signatures_of_another_version_are_refused() -> None:
    index, other = Index(), replace(signed(script()), version=99)
    with pytest.raises(ValueError, match="version 99"):
        index.add(Known(1, "ann", START, other))
    with pytest.raises(ValueError, match="version 99"):
        index.nearest(other, number=1, author="", created_at=START)
