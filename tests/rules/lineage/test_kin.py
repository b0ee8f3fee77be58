from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from rules.lineage.kin import Likeness, Neighbour, baseline_of, in_order, likeness, likest, related
from rules.lineage.signature import Script, tokens_of
from rules.submission import Kin, Refused, Submission
from tests.rules.harness import submission_of

START = datetime(2026, 4, 1, tzinfo=UTC)


def lines(*values: int) -> str:
    return "".join(f"value_{v} = {v}\n" for v in values)


def script(*values: int) -> Script:
    return Script.of(tokens_of(lines(*values)))


def near(number: int, similarity: float, author: str = "ann") -> Neighbour:
    return Neighbour(number, author, START + timedelta(minutes=number), Likeness(similarity, similarity))


def submission(readme: str = "# Sample\n", author: str = "zoe") -> Submission:
    files = {"train_gpt.py": "import torch\n", "README.md": readme}
    return submission_of({"files": files, "pull_request": {"number": 900, "author": author}})


def test_similarity_counts_common_lines_in_order() -> None:
    found = likeness(script(*range(10)), script(*range(5), 90, *range(5, 10)))
    assert found.similarity == pytest.approx(20 / 21)
    assert likeness(script(1, 2, 3), script(3, 2, 1)).similarity == pytest.approx(1 / 3)


def test_lines_of_the_baseline_weigh_nothing() -> None:
    baseline = baseline_of(lines(*range(50)))
    one, other = script(*range(50), 100, 101), script(*range(50), 200, 201)
    assert likeness(one, other).similarity > 0.9
    assert likeness(one, other, baseline).similarity == 0.0


def test_two_scripts_that_are_the_baseline_are_alike() -> None:
    assert likeness(script(1, 2), script(1), baseline_of(lines(1, 2))).similarity == 1.0


def test_a_parent_whose_lines_are_all_kept_goes_before_a_sibling_that_lost_some() -> None:
    child = script(*range(100), *range(200, 240))
    parent, sibling = script(*range(100)), script(*range(98), *range(200, 210), *range(300, 320))
    assert likeness(child, parent).order > likeness(child, sibling).order


def test_kin_are_others_then_named_ones_then_one_s_own() -> None:
    found = related(
        submission("Built on PR #40 and PR #7.\n"), [near(3, 0.9), near(5, 0.8, "zoe"), near(7, 0.7), near(8, 0.05)]
    )
    assert found.kin == (
        Kin(3, "ann", 0.9, cited=False, same_author=False),
        Kin(7, "ann", 0.7, cited=True, same_author=False),
        Kin(40, "", None, cited=True, same_author=False),
        Kin(5, "zoe", 0.8, cited=False, same_author=True),
    )


def test_only_refused_ones_that_are_named_or_near_are_kept() -> None:
    refused = [Refused(n, ("ngram-cache",), date(2026, 3, 30)) for n in (3, 40, 99)]
    found = related(submission("Built on PR #40.\n"), [near(3, 0.9)], refused)
    assert [r.number for r in found.refused] == [3, 40]


def test_the_likest_is_compared_with_and_none_where_nothing_is_alike() -> None:
    found = related(submission(), [near(3, 0.7), near(5, 0.8, "zoe")])
    chosen = likest(found.kin)
    assert chosen is not None
    assert chosen.number == 5
    assert likest(related(submission("Built on PR #40.\n")).kin) is None


def test_ones_own_earlier_try_that_is_the_same_gives_way_to_what_tells_more() -> None:
    same = near(4, 0.999, "zoe")
    chosen = likest(related(submission(), [near(3, 0.7), same]).kin)
    assert chosen is not None
    assert chosen.number == 3
    alone = likest(related(submission(), [same]).kin)
    assert alone is not None
    assert alone.number == 4


def test_of_copies_the_one_that_others_build_on_goes_first_and_then_the_earliest() -> None:
    first, second, third = near(3, 0.801), near(4, 0.804), near(5, 0.8)
    assert [n.number for n in in_order([third, second, first])] == [3, 4, 5]
    known = Neighbour(third.number, third.author, third.created_at, third.likeness, named=2)
    assert [n.number for n in in_order([known, second, first])] == [5, 3, 4]
    assert [n.number for n in in_order([known, near(6, 0.82)])] == [6, 5]
