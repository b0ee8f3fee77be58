"""Which folder of a change is the submission."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from rules.reading.scope import find_scope, new_folders
from rules.reading.trees import Change
from rules.submission import BaseKind, ChangedFile, Scope, Status

TRACKS = {"entries/sprint": "sprint", "entries/open": "open"}
REQUIRED = ("NOTES.md", "entry.json", "run.py")
COMPLETE = ("NOTES.md", "entry.json", "run.py", "log.txt")


def file(path: str, status: Status = Status.ADDED) -> ChangedFile:
    return ChangedFile(path, status, 0o100644, "0" * 40)


def inside(folder: str, names: Iterable[str] = COMPLETE, status: Status = Status.ADDED) -> list[ChangedFile]:
    return [file(f"{folder}/{name}", status) for name in names]


def change(*groups: Iterable[ChangedFile], existing: Iterable[str] = ("", "entries", "entries/sprint")) -> Change:
    files = sorted((f for group in groups for f in group), key=lambda f: f.path)
    return Change(BaseKind.MERGE_BASE, "b" * 40, tuple(files), existing=frozenset(existing))


def scope(given: Change, known: Iterable[str] = ()) -> Scope:
    return find_scope(given, TRACKS, known_folders=frozenset(known), required=REQUIRED)


def outside(found: Scope) -> list[str]:
    return [f.path for f in found.outside]


def test_one_new_folder_is_the_submission_and_decides_the_track() -> None:
    found = scope(change(inside("entries/open/mine")))
    assert (found.folder, found.track, found.other_folders, found.outside) == ("entries/open/mine", "open", (), ())
    assert found.base is BaseKind.MERGE_BASE
    assert len(found.changed) == 4


def test_files_elsewhere_are_outside() -> None:
    found = scope(change(inside("entries/sprint/mine"), [file("run.py", Status.MODIFIED), file("tools/x.py")]))
    assert found.folder == "entries/sprint/mine"
    assert outside(found) == ["run.py", "tools/x.py"]


def test_a_file_that_lies_in_the_tracks_folder_itself_is_outside() -> None:
    found = scope(change(inside("entries/sprint/mine"), [file("entries/sprint/mine.txt")]))
    assert outside(found) == ["entries/sprint/mine.txt"]


def test_a_folder_whose_name_begins_alike_is_another_one() -> None:
    found = scope(change(inside("entries/sprint/mine"), [file("entries/sprint/mine2.txt"), file("entries/sprint_x/y")]))
    assert outside(found) == ["entries/sprint/mine2.txt", "entries/sprint_x/y"]


def test_folders_of_earlier_pull_requests_give_way_to_the_new_one() -> None:
    given = change(inside("entries/sprint/zz_earlier"), inside("entries/sprint/mine", ["run.py"]))
    found = scope(given, known=["entries/sprint/zz_earlier"])
    assert found.folder == "entries/sprint/mine"
    assert found.earlier_folders == ("entries/sprint/zz_earlier",)
    assert (found.other_folders, found.outside) == ((), ())


def test_a_folder_that_an_earlier_pull_request_brought_counts_where_it_is_the_only_one() -> None:
    assert (
        scope(change(inside("entries/sprint/again")), known=["entries/sprint/again"]).folder == "entries/sprint/again"
    )


@pytest.mark.parametrize(
    ("first", "second", "chosen"),
    [
        (
            inside("entries/sprint/a"),
            inside("entries/sprint/b", ["run.py", "1", "2", "3", "4", "5"]),
            "entries/sprint/a",
        ),
        (inside("entries/open/z"), inside("entries/sprint/a"), "entries/sprint/a"),
        (inside("entries/sprint/a", [*COMPLETE, "more"]), inside("entries/sprint/b"), "entries/sprint/a"),
        (inside("entries/sprint/2026-01-01_x"), inside("entries/sprint/2026-02-01_x"), "entries/sprint/2026-02-01_x"),
    ],
    ids=["required files", "earlier track", "more files", "later name"],
)
def test_of_several_new_folders_one_is_chosen(first: list[ChangedFile], second: list[ChangedFile], chosen: str) -> None:
    found = scope(change(first, second))
    assert found.folder == chosen
    assert len(found.other_folders) == 1
    assert found.outside == ()


def test_a_change_to_an_existing_folder_is_a_submission_where_there_is_no_new_one() -> None:
    given = change([file("entries/sprint/old/run.py", Status.MODIFIED)], existing=["entries/sprint/old"])
    assert (scope(given).folder, scope(given).track) == ("entries/sprint/old", "sprint")
    assert new_folders(given, TRACKS) == ()


def test_a_file_added_to_an_existing_folder_makes_no_new_folder() -> None:
    given = change([file("entries/sprint/old/log.txt")], existing=["entries/sprint/old"])
    assert new_folders(given, TRACKS) == ()
    assert scope(given).folder == "entries/sprint/old"


def test_edits_of_other_entries_are_outside_of_a_new_one() -> None:
    edited = file("entries/sprint/old/run.py", Status.MODIFIED)
    found = scope(change(inside("entries/sprint/mine"), [edited], existing=["entries/sprint/old"]))
    assert (found.folder, outside(found)) == ("entries/sprint/mine", ["entries/sprint/old/run.py"])


def test_a_folder_that_is_only_deleted_is_no_submission() -> None:
    given = change(inside("entries/sprint/old", status=Status.DELETED), existing=["entries/sprint/old"])
    found = scope(given)
    assert (found.folder, found.track, len(found.outside)) == ("", None, 4)


@pytest.mark.parametrize("folder", ["our_submission", "work/deep/inside", "fork/entries/sprint/mine"])
def test_a_complete_folder_outside_all_tracks_is_found_without_a_track(folder: str) -> None:
    found = scope(change(inside(folder), [file("tools/x.py")]))
    assert (found.folder, found.track, outside(found)) == (folder, None, ["tools/x.py"])


def test_a_folder_beside_the_tracks_needs_one_required_file_only() -> None:
    assert scope(change(inside("entries/mine", ["RUN.py", "log.txt"]))).folder == "entries/mine"
    assert scope(change(inside("tools", ["run.py", "log.txt"]))).folder == ""


def test_a_new_folder_in_a_track_wins_over_a_complete_one_elsewhere() -> None:
    found = scope(change(inside("entries/open/mine", ["log.txt"]), inside("copy")))
    assert found.folder == "entries/open/mine"


def test_files_at_the_top_of_the_repository_make_no_submission_folder() -> None:
    found = scope(change([file(name) for name in COMPLETE]))
    assert (found.folder, found.track, len(found.outside)) == ("", None, 4)


def test_a_submission_one_folder_too_deep_is_found_there() -> None:
    found = scope(change(inside("entries/sprint/entries/mine"), [file("entries/sprint/entries/extra.txt")]))
    assert (found.folder, found.track, found.outside) == ("entries/sprint/entries/mine", "sprint", ())


def test_an_empty_change_has_no_folder() -> None:
    found = scope(change())
    assert (found.folder, found.track, found.changed) == ("", None, ())


def test_new_folders_are_those_that_were_not_there_sorted_by_name() -> None:
    given = change(
        inside("entries/sprint/b"),
        inside("entries/open/a"),
        [file("entries/sprint/old/x"), file("entries/sprint/gone/y", Status.DELETED)],
        existing=["entries/sprint/old"],
    )
    assert new_folders(given, TRACKS) == ("entries/open/a", "entries/sprint/b")
