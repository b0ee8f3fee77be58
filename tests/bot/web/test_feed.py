from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from tests.bot.web.site import Site
from tests.worker.rows import NAME, REPOSITORY, add_repository
from worker.store import happenings
from worker.store.happenings import Kind
from worker.store.models import Repository

ATOM = "{http://www.w3.org/2005/Atom}"


def happen(site: Site, key: str, kind: Kind = Kind.RULING, **detail: Any) -> None:
    given = {"outcome": "rejected", "codes": ["A01"], "reason": "two passes", **detail}
    with site.scope() as session:
        happenings.note(session, REPOSITORY, kind, key, number=7, **given)


@pytest.fixture
def known(site: Site) -> Site:
    with site.scope() as session:
        add_repository(session)
        session.get_one(Repository, REPOSITORY).bulletin = True
    return site


def entries(site: Site) -> list[Xml.Element]:
    answer = site.client.get("/feed.atom")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    return Xml.fromstring(answer.content).findall(f"{ATOM}entry")


def test_each_happening_is_an_entry_with_a_stable_name_and_time(known: Site) -> None:
    happen(known, "1")
    (first,) = entries(known)
    happen(known, "2", outcome="accepted", codes=[], reason="")
    second, again = entries(known)
    for name in ("id", "updated", "title"):
        assert again.findtext(f"{ATOM}{name}") == first.findtext(f"{ATOM}{name}")
    assert first.findtext(f"{ATOM}title") == f"{NAME}: #7 was ruled invalid (A01: two passes)."
    assert second.findtext(f"{ATOM}content") == "#7 was accepted."
    link = first.find(f"{ATOM}link")
    assert link is not None
    assert link.get("href") == f"https://github.com/{NAME}/pull/7"


def test_every_kind_of_happening_has_its_sentence(known: Site) -> None:
    details: dict[Kind, dict[str, Any]] = {
        Kind.CANDIDATE: {"score": 1.05, "incumbent": 1.1},
        Kind.COPIES: {"of": 3},
        Kind.FRONTIER: {"frontier": [3, 7], "before": [3], "score": 1.05},
        Kind.RULES: {"judged_again": 4},
    }
    for kind in Kind:
        happen(known, kind.value, kind, **details.get(kind, {}))
    texts = {entry.findtext(f"{ATOM}content") for entry in entries(known)}
    assert texts == {
        "#7 shows 1.0500, better than 1.1000: a candidate for the record.",
        "#7 was ruled invalid (A01: two passes).",
        "#7 is a precedent now (A01: two passes): later submissions are compared with its guilty lines.",
        "#7 is no precedent any more.",
        "#7 keeps the lines for which #3 was ruled invalid (A01).",
        "The frontier moved: #7 leads with 1.0500; before it was #3.",
        "The competition's configuration changed; 4 open submissions are judged again.",
    }


def test_who_has_it_already_is_not_sent_it_again(known: Site) -> None:
    happen(known, "1")
    tag = known.client.get("/feed.atom").headers["etag"]
    assert known.client.get("/feed.atom").headers["etag"] == tag
    assert known.client.get("/feed.atom", headers={"If-None-Match": f'"x", W/{tag}'}).status_code == 304
    happen(known, "2")
    assert known.client.get("/feed.atom", headers={"If-None-Match": tag}).status_code == 200


def test_what_people_wrote_is_text_and_nothing_else(known: Site) -> None:
    happen(known, "1", reason="</title><script>x</script> & \x1b \u202e")
    (entry,) = entries(known)
    told = entry.findtext(f"{ATOM}content")
    assert told is not None
    assert told.startswith("#7 was ruled invalid (A01: </title><script>x</script> & \\x1b \\u202e")
    assert [child.tag for child in entry.iter()].count(f"{ATOM}script") == 0


def test_a_repository_that_publishes_no_bulletin_is_not_told_of(known: Site) -> None:
    happen(known, "1")
    with known.scope() as session:
        session.get_one(Repository, REPOSITORY).bulletin = False
    assert entries(known) == []


def test_the_same_thing_is_told_once(known: Site) -> None:
    happen(known, "1")
    happen(known, "1")
    assert len(entries(known)) == 1
