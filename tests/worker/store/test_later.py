"""Who is asked to look again when an earlier submission is read late."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from rules.lineage.signature import Script, Signature, signature_of_tokens
from rules.submission import ChangedFile, Status
from tests.worker.rows import REPOSITORY, add_repository, add_submission, loaded, move
from worker.store import earlier, later, lineage
from worker.store.models import SubmissionRow
from worker.store.session import SessionScope


@pytest.fixture
def known(scope: SessionScope) -> SessionScope:
    with scope() as session:
        add_repository(session)
    return scope


def signed(changed: Iterable[int] = ()) -> tuple[Signature, Script]:
    gone = set(changed)
    tokens = [f"value_{i} = {-i if i in gone else i}" for i in range(60)]
    signature = signature_of_tokens(tokens)
    assert signature is not None
    return signature, Script.of(tokens)


def judged(
    session: Session,
    number: int,
    changed: Iterable[int] = (),
    *,
    kin: Iterable[tuple[int, float]] = (),
    names: tuple[int, ...] = (),
    author: str = "zoe",
) -> UUID:
    """A submission that was screened, with what its report shows as its nearest."""
    submission_id = add_submission(session, number, author=author)
    row = session.get_one(SubmissionRow, submission_id)
    row.entry = {"parents": [{"number": n, "similarity": s, "cited": False} for n, s in kin]}
    lineage.keep(session, loaded(session, submission_id), *signed(changed), names)
    return submission_id


def touched(session: Session, number: int, *, parents: tuple[int, ...] = (), author: str = "ann") -> list[UUID]:
    """Who is asked when this one is read."""
    row = loaded(session, add_submission(session, number, author=author))
    lineage.keep(session, row, *signed(), parents)
    return later.touched(session, row, *signed(), parents, frozenset())


FIVE = [(n, 0.9) for n in range(20, 25)]


def test_later_ones_that_have_no_such_near_one_look_again_in_order(known: SessionScope) -> None:
    with known() as session:
        copy, near = judged(session, 31, kin=FIVE), judged(session, 30, range(2), kin=FIVE)
        judged(session, 32, range(40), kin=FIVE)
        assert touched(session, 9) == [near, copy]


def test_with_fewer_kin_than_are_shown_a_distant_one_counts_too(known: SessionScope) -> None:
    with known() as session:
        distant = judged(session, 30, range(40), kin=FIVE[:4])
        judged(session, 31, range(60), kin=[])
        assert touched(session, 9) == [distant]


def test_earlier_ones_closed_ones_and_former_heads_do_not_look_again(known: SessionScope) -> None:
    with known() as session:
        judged(session, 3)
        closed = judged(session, 30)
        loaded(session, closed).pull_request.state = "closed"
        move(session, judged(session, 31))
        assert touched(session, 9) == []


def test_who_names_it_looks_again_however_unlike_it_is(known: SessionScope) -> None:
    with known() as session:
        naming = judged(session, 30, range(60), kin=FIVE, names=(9,))
        assert touched(session, 9) == [naming]


def test_a_naming_decides_between_copies_that_others_descend_from(known: SessionScope) -> None:
    with known() as session:
        torn = judged(session, 30, range(40), kin=[(2, 0.97), (3, 0.97), (20, 0.9), (21, 0.9), (22, 0.9)])
        judged(session, 31, range(40), kin=[(2, 0.97), (3, 0.8), (20, 0.9), (21, 0.9), (22, 0.9)])
        assert touched(session, 9, parents=(2,)) == [torn]


def test_who_was_not_screened_yet_looks_again_since_it_may_be_under_way(known: SessionScope) -> None:
    with known() as session:
        under_way = judged(session, 30)
        session.get_one(SubmissionRow, under_way).entry = None
        session.flush()
        assert touched(session, 9) == [under_way]


def test_no_more_than_so_many_look_again(known: SessionScope, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(later, "MOST_AGAIN", 2)
    with known() as session:
        likest, second = judged(session, 32), judged(session, 30, range(2))
        judged(session, 31, range(5))
        assert touched(session, 9) == [second, likest]


def test_holders_of_a_file_look_again_when_who_shipped_it_first_is_read_late(known: SessionScope) -> None:
    one, other = "1" * 40, "2" * 40
    file = ChangedFile("entries/new/helper.c", Status.ADDED, 0o100644, one)
    with known() as session:
        assert earlier.keep_files(session, REPOSITORY, 5, "zoe", [file]) == frozenset()
        second, third = add_submission(session, 5), add_submission(session, 7)
        for submission_id, content_id in ((second, one), (third, one), (add_submission(session, 8), other)):
            session.get_one(SubmissionRow, submission_id).snapshot = {"changed": [["a.c", "added", 33188, content_id]]}
        session.flush()
        first = earlier.keep_files(session, REPOSITORY, 3, "ann", [file])
        assert first == {one}
        assert later.holders(session, REPOSITORY, 3, first) == [second, third]
        assert earlier.keep_files(session, REPOSITORY, 3, "ann", [file]) == frozenset()


def test_whose_folder_somebody_else_brought_before_is_found_whatever_its_name(known: SessionScope) -> None:
    folder = 'entries/größe_%"\\x'
    with known() as session:
        assert earlier.keep_folders(session, REPOSITORY, 5, [folder, "entries/other"]) == frozenset()
        stacked, other = add_submission(session, 5), add_submission(session, 7)
        for submission_id, path in ((stacked, folder), (other, "entries/größe_and_more")):
            row = session.get_one(SubmissionRow, submission_id)
            row.snapshot = {"changed": [[f"{path}/a.c", "added", 33188, "1" * 40]]}
        session.flush()
        brought = earlier.keep_folders(session, REPOSITORY, 3, [folder])
        assert brought == {folder}
        assert later.in_folders(session, REPOSITORY, 3, brought) == [(stacked, 5)]
        assert earlier.known_folders(session, REPOSITORY, 5, [folder, "entries/other"]) == {folder}
