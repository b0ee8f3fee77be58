from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from evaluator.sandbox import groups
from evaluator.sandbox.groups import Groups, Place

MOUNTS = "30 20 0:26 / {root} rw,nosuid - {kind} {kind} rw{options}\n"


def test_version_two_is_bounded_by_its_own_files(tmp_path: Path) -> None:
    held = Groups((Place(2, tmp_path, frozenset({"memory", "pids"})),))
    assert held.name == "cgroup v2"
    with held.opened(1 << 30, 64) as group:
        (folder,) = group.folders
        assert {file.name: file.read_text() for file in folder.iterdir()} == {
            "memory.max": str(1 << 30),
            "pids.max": "64",
        }
        (folder / "memory.events").write_text("low 0\noom 3\noom_kill 2\n")
        assert group.kills() == 2
        assert group.entrances == (folder / "cgroup.procs",)


def test_version_one_has_a_folder_for_each_controller(tmp_path: Path) -> None:
    places = tuple(Place(1, tmp_path / name, frozenset({name})) for name in ("memory", "pids"))
    for place in places:
        place.folder.mkdir()
    with Groups(places).opened(1 << 20, 8) as group:
        memory, pids = group.folders
        assert (memory / "memory.limit_in_bytes").read_text() == str(1 << 20)
        assert (pids / "pids.max").read_text() == "8"
        (memory / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n")
        assert group.kills() == 1


def test_where_nothing_may_be_made_there_is_no_group(tmp_path: Path) -> None:
    mounts, membership = tmp_path / "mounts", tmp_path / "membership"
    mounts.write_text(MOUNTS.format(root=tmp_path / "absent", kind="cgroup2", options=""))
    membership.write_text("0::/user.slice/session-1.scope\n")
    found = groups.find(mounts, membership)
    assert found.places == ()
    assert found.name == "watched memory"


def test_a_hierarchy_without_wanted_controllers_is_passed_over(tmp_path: Path) -> None:
    mounts, membership = tmp_path / "mounts", tmp_path / "membership"
    mounts.write_text(MOUNTS.format(root=tmp_path, kind="cgroup", options=",cpuset"))
    membership.write_text("3:cpuset:/\n")
    assert groups.find(mounts, membership).places == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make groups here")
def test_groups_of_a_maker_that_is_gone_are_swept_with_what_is_in_them() -> None:
    found = groups.find()
    if not found.places:
        pytest.skip("no group may be made on this machine")
    dead = subprocess.Popen(["true"])
    dead.wait()
    folder = found.places[0].folder / f"{groups.OURS}{dead.pid}-0"
    folder.mkdir()
    with subprocess.Popen(["sleep", "60"]) as left:
        (folder / "cgroup.procs").write_text(str(left.pid))
        groups.find()
        assert left.wait(5) == -9
    assert not folder.exists()
