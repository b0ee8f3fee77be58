from __future__ import annotations

from dataclasses import replace

import pytest

from rules.checks import f01, r01, r02, r03
from rules.competition import builtin
from rules.rule import Finding, Location
from rules.submission import Problem, ProblemKind, Submission
from tests.rules.harness import submission_of


def having(kind: ProblemKind, name: str) -> Submission:
    plain = submission_of({"files": {"README.md": "A sample.\n"}})
    return replace(plain, problems=(Problem(kind, Location(f"{plain.folder}/{name}"), "why"),))


def all_findings(submission: Submission) -> list[Finding]:
    return [f for rule in (r01, r02, r03) for f in rule.check(submission, builtin())]


@pytest.mark.parametrize(
    ("kind", "name", "code", "severity"),
    [
        (ProblemKind.MISSING_OBJECT, "train.log", "R01", "incomplete"),
        (ProblemKind.MISSING_OBJECT, "final_model.ptz", "R01", "note"),
        (ProblemKind.LFS_POINTER, "train.log", "R01", "incomplete"),
        (ProblemKind.UNDECODABLE, "train.log", "R01", "note"),
        (ProblemKind.SYMLINK, "train_gpt.py", "R02", "review"),
        (ProblemKind.GITLINK, "vendor", "R02", "review"),
        (ProblemKind.HOSTILE_PATH, "a.py", "R02", "review"),
        (ProblemKind.LIMIT, "train.log", "R03", "review"),
    ],
)
def test_a_problem_of_a_reader_is_reported_once_where_it_lies(
    kind: ProblemKind, name: str, code: str, severity: str
) -> None:
    (found,) = all_findings(having(kind, name))
    assert (found.code, found.severity.value) == (code, severity)
    assert found.location is not None
    assert found.location.path.endswith(f"/{name}")
    assert f"`{name}`" in found.message
    assert found.fix


def test_what_another_rule_reports_is_not_reported_again() -> None:
    submission = having(ProblemKind.EMPTY, "submission.json")
    assert all_findings(submission) == []
    assert any("is empty" in f.message for f in f01.check(submission, builtin()))


def test_a_branch_without_common_history_is_named_as_a_whole() -> None:
    plain = submission_of({"files": {"README.md": "A sample.\n"}})
    odd = replace(plain, problems=(Problem(ProblemKind.NO_COMMON_HISTORY, Location("")),))
    (found,) = all_findings(odd)
    assert found.location is None
    assert found.message.startswith("The branch has no history in common")
