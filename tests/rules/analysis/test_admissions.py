"""Limits that submission.json itself denies keeping."""

from __future__ import annotations

import re

import pytest

from rules.analysis.admissions import SIZE, TIME, denied
from tests.rules.harness import submission_of

TEXT = """{
  "val_bpb": 1.1,
  "compliance": {
    "train_under_600s": false,
    "eval_under_600s": true,
    "artifact_under_16mb": false
  },
  "variants": {"a": {"b": {"fits_16mb": false}}}
}
"""


@pytest.mark.parametrize(
    ("limit", "subject", "expected"),
    [
        (TIME, "train", [("compliance.train_under_600s", 4)]),
        (TIME, "eval", []),
        (SIZE, "artifact", [("compliance.artifact_under_16mb", 6)]),
        (SIZE, "fits", []),
    ],
)
def test_what_is_false_is_found_with_its_line(
    limit: re.Pattern[str], subject: str, expected: list[tuple[str, int]]
) -> None:
    found = denied(submission_of({"files": {"submission.json": TEXT}}), limit, re.compile(subject))
    assert [(a.key, a.evidence.location.line) for a in found] == expected


def test_without_metadata_nothing_is_denied() -> None:
    assert not list(denied(submission_of({"files": {}}), TIME, re.compile("train")))
