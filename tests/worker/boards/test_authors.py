from __future__ import annotations

from tests.worker.boards.cases import candidate
from worker.boards.authors import FirstUse, authors
from worker.boards.week import weeks

FOUND = [
    candidate(1, 1.2, author="ada", techniques=["muon"], outcome="accepted"),
    candidate(2, 1.1, author="bea", techniques=["muon", "xsa"], outcome="rejected", agents=["Codex"]),
    candidate(3, 1.0, author="cid", techniques=["muon", "xsa"], parents=[(1, True)]),
    candidate(4, 1.0, author="dot", techniques=["xsa"], outcome="", parents=[(1, False)]),
    candidate(200, 1.1, author="ada", techniques=["muon"], outcome="rejected"),
]


def test_an_authors_submissions_outcomes_and_best_accepted_score() -> None:
    ada = next(one for one in authors(FOUND) if one.login == "ada")
    assert (ada.numbers, dict(ada.outcomes), ada.best) == ((1, 200), {"accepted": 1, "rejected": 1}, 1.2)
    assert ada.built_on_by == 1  # a citation counts, a likeness does not


def test_a_first_use_is_told_where_others_took_it_up() -> None:
    by_login = {one.login: one for one in authors(FOUND)}
    assert by_login["ada"].first_uses == (FirstUse("muon", 1, FOUND[0].created_at.date(), 2),)
    assert by_login["dot"].first_uses == ()


def test_what_was_refused_is_nobodys_first_use() -> None:
    by_login = {one.login: one for one in authors(FOUND)}
    assert by_login["bea"].first_uses == ()
    assert [(use.technique, use.taken_up_by) for use in by_login["cid"].first_uses] == [("xsa", 1)]


def test_who_was_followed_most_comes_first() -> None:
    assert [one.login for one in authors(FOUND)] == ["ada", "cid", "bea", "dot"]


def test_the_share_of_disclosed_agents_is_told_week_by_week() -> None:
    first, second = weeks(FOUND)
    assert (first.opened, first.disclosed, first.share, first.agents) == (4, 1, 0.25, (("Codex", 1),))
    assert (second.opened, second.disclosed) == (1, 0)
    assert (second.monday - first.monday).days == 7
