from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from evaluator.execution import Ended, Executor, Job, Reason, UnavailableError
from evaluator.sandbox import doctor, executor, hints
from tests.evaluator.sandboxes import as_stranger, sandbox

PROGRAM = """
import json
from evaluator.sandbox import executor, doctor
print(json.dumps(doctor.examine(executor).as_json()))
"""


def test_every_attack_is_denied_here() -> None:
    sandbox()
    report = doctor.examine(executor)
    assert [tried.name for tried in report.attacks if not tried.denied] == []
    assert len(report.attacks) == len(doctor.ATTACKS)
    assert report.holds


def test_every_attack_is_denied_for_an_ordinary_user() -> None:
    sandbox()
    done = as_stranger("-c", PROGRAM)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [tried["name"] for tried in report["attacks"] if not tried["denied"]] == []
    assert report["holds"], report["missing"]


def test_it_says_what_is_missing_where_user_namespaces_are_off(tmp_path: Path) -> None:
    switch = tmp_path / "proc/sys/user/max_user_namespaces"
    switch.parent.mkdir(parents=True)
    switch.write_text("0\n")
    said = "bwrap: No permissions to create new namespace"
    assert list(hints.missing(said, tmp_path)) == ["user namespaces are off: sysctl user.max_user_namespaces=10000"]


def test_an_ordinary_user_without_user_namespaces_is_told_the_switch() -> None:
    sandbox()
    script = 'echo 0 > /proc/sys/user/max_user_namespaces; exec setpriv --ambient-caps=-all --inh-caps=-all "$0" "$@"'
    apart = ["unshare", "--user", "--map-user=1777", "--map-group=1777", "--keep-caps", "sh", "-c", script]
    done = subprocess.run([*apart, sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["missing"][-1] == "user namespaces are off: sysctl user.max_user_namespaces=10000"
    assert not report["holds"]


def test_root_of_a_namespace_without_the_jobs_user_is_told_so() -> None:
    sandbox()
    apart = ["unshare", "--user", "--map-root-user", sys.executable, "-c", PROGRAM]
    done = subprocess.run(apart, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "has no user 64217" in json.loads(done.stdout)["missing"][0]


def test_a_container_without_namespaces_is_told_what_to_be_started_with(tmp_path: Path) -> None:
    (tmp_path / ".dockerenv").touch()
    (found,) = hints.missing("bwrap: Creating new namespace failed: Operation not permitted", tmp_path)
    assert "--security-opt seccomp=unconfined" in found


@dataclass
class Open:
    """No sandbox at all: what it is told to run, runs here."""

    reason: Reason = Reason.EXITED
    said: list[str] = field(default_factory=list)

    name = "nothing"

    def execute(self, job: Job, **_: object) -> Ended:
        if job.argv == ("true",):
            return Ended(Reason.EXITED, 0, 0.0, b"", "", 0)
        return _ended(self.reason, self.said)


def _ended(reason: Reason, said: list[str]) -> Ended:
    from evaluator.execution import Line

    return Ended(reason, 0, 0.0, "\n".join(said).encode(), "", 0, tuple(Line(0.0, text) for text in said), "a fault")


def test_what_got_through_is_told() -> None:
    made: Executor = Open(said=["escaped: a connection to 1.1.1.1", "tried"])
    report = doctor.examine(lambda: made)
    assert not report.holds
    assert report.attacks[0].detail == "a connection to 1.1.1.1"


def test_an_attack_that_was_not_tried_is_no_denial() -> None:
    report = doctor.examine(lambda: Open(said=["Traceback: no such module"]))
    assert not report.holds
    assert report.attacks[0].detail.startswith("not tried: Traceback")


def test_a_fault_of_the_machine_is_no_denial() -> None:
    report = doctor.examine(lambda: Open(reason=Reason.INFRASTRUCTURE, said=["tried"]))
    assert not report.holds


def test_a_limit_that_did_not_bite_is_told() -> None:
    report = doctor.examine(lambda: Open(said=["tried"]))
    failed = {tried.name for tried in report.attacks if not tried.denied}
    assert {"memory", "disk", "removed-files", "wall"} <= failed


def test_a_mechanism_that_is_missing_is_named() -> None:
    def make() -> Executor:
        raise UnavailableError("missing on this machine: bubblewrap; apt-get install bubblewrap")

    report = doctor.examine(make)
    assert not report.holds
    assert report.missing == ("missing on this machine: bubblewrap; apt-get install bubblewrap",)


def test_the_secret_of_the_trap_is_gone_afterwards() -> None:
    doctor.examine(lambda: Open(said=["tried"]))
    assert "FAIRWAY_DOCTOR_SECRET" not in os.environ


@pytest.mark.parametrize("attack", [attack.__name__ for attack in doctor.ATTACKS])
def test_every_attack_says_what_it_tries(attack: str) -> None:
    found = next(a for a in doctor.ATTACKS if a.__name__ == attack)
    assert (found.__doc__ or "").strip().endswith(".")
