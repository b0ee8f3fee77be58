from __future__ import annotations

from dataclasses import replace

from rules.checks.f07 import check
from rules.competition import builtin
from rules.rule import Severity
from rules.submission import ChangedFile, Status
from tests.rules.harness import submission_of


def test_folders_of_the_branch_below_are_a_note() -> None:
    plain = submission_of({"files": {"README.md": "A sample.\n"}})
    earlier = "records/track_10min_16mb/2026-04-01_Earlier"
    carried = replace(plain, scope=replace(plain.scope, earlier_folders=(earlier,)))
    (found,) = check(carried, builtin())
    assert found.severity is Severity.NOTE
    assert found.location is not None
    assert found.location.path == earlier


def test_workflows_are_named_first() -> None:
    plain = submission_of({"files": {"README.md": "A sample.\n"}, "outside": ["a.py"]})
    workflow = ChangedFile(".github/workflows/run.yml", Status.ADDED, 0o100644, "0" * 40)
    (found,) = check(replace(plain, scope=replace(plain.scope, outside=(*plain.scope.outside, workflow))), builtin())
    assert found.location is not None
    assert found.location.path == workflow.path
    assert "workflows among them" in found.message
