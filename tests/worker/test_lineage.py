from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from rules.lineage.signature import Script, signature_of_tokens
from rules.submission import PullRequest
from worker.lineage import Lineage, refused_before
from worker.sheets import Sheet
from worker.tables import RulingRow

START = datetime(2026, 4, 10, 12, tzinfo=UTC)


def sheet(
    number: int, *changed: int, later: int | None = None, named: tuple[int, ...] = (), parents: bool = False
) -> Sheet:
    tokens = [f"value_{i} = {-i if i in changed else i}" for i in range(80)]
    request = PullRequest(number, "f" * 40, f"author {number}", "", START + timedelta(minutes=number))
    changed_at = None if later is None else START + timedelta(minutes=later)
    return Sheet(
        request,
        signature_of_tokens(tokens),
        Script.of(tokens),
        changed_at=changed_at,
        parents=named if parents else (),
        named=frozenset(named),
    )


def numbers(lineage: Lineage, asked: Sheet) -> list[int]:
    return [n.number for n in lineage.neighbours(asked.pull_request)]


def test_an_earlier_one_that_was_changed_later_and_names_this_one_took_from_it() -> None:
    own = sheet(5, 1)
    assert numbers(Lineage([sheet(1, 1, later=9, named=(5,)), sheet(2), own]), own) == [2]
    assert numbers(Lineage([sheet(1, 1, later=9), sheet(2), own]), own) == [1, 2]


def test_a_named_parent_is_compared_with_however_unlike_it_is() -> None:
    other = sheet(1, *range(80))
    own = sheet(5, named=(1, 77), parents=True)
    found = Lineage([other, sheet(2), own]).neighbours(own.pull_request)
    assert [n.number for n in found] == [2, 1]
    assert found[1].likeness.similarity < 0.1


def test_who_has_no_script_has_no_neighbours() -> None:
    own = Sheet(PullRequest(5, "f" * 40, "zoe", "", START))
    assert Lineage([sheet(1), own]).neighbours(own.pull_request) == ()
    assert Lineage([sheet(1)]).neighbours(own.pull_request) == ()


def test_what_was_seen_to_launch_nothing_is_known_of_who_was_read_alone() -> None:
    own = Sheet(PullRequest(5, "f" * 40, "zoe", "", START), plain=frozenset({"abc"}))
    assert Lineage([own]).plain(own.pull_request) == {"abc"}
    assert Lineage([sheet(1)]).plain(own.pull_request) == frozenset()


def test_only_rulings_before_the_day_count_and_the_last_of_them() -> None:
    request = PullRequest(9, "f" * 40, "zoe", "", START)
    rulings = [
        RulingRow(1, "invalid", ("ngram-cache",), date(2026, 4, 9)),
        RulingRow(2, "invalid", ("slot",), date(2026, 4, 10)),
        RulingRow(3, "invalid", ("slot",), date(2026, 4, 1)),
        RulingRow(3, "accepted", (), date(2026, 4, 5)),
        RulingRow(4, "accepted", (), date(2026, 4, 1)),
    ]
    assert [r.number for r in refused_before(request, rulings)] == [1]
