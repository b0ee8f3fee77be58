from __future__ import annotations

import pytest

from rules.analysis.summary import summarize
from tests.rules.analysis.values import claim, submission, train_log


def test_a_claim_is_no_measurement() -> None:
    found = summarize(submission(claims=(claim(1.1),)))
    assert found.val_bpb is None
    assert found.as_dict() == {
        "val_bpb": None,
        "artifact_bytes": None,
        "train_seconds": None,
        "eval_seconds": None,
        "world_size": None,
        "seeds": [],
    }


def test_figures_come_with_the_lines_that_show_them() -> None:
    logs = [train_log(f"{s}.log", ("final", 1.1 + s / 1e4), seed=s, cap=600.0 + s / 100) for s in (1, 2, 3)]
    found = summarize(submission(*logs))
    assert found.val_bpb == pytest.approx(1.1002)
    assert found.train_seconds is not None
    assert found.train_seconds.value == pytest.approx(600.03)
    assert found.train_seconds.location.path.endswith("3.log")
    assert found.eval_seconds is not None
    assert found.eval_seconds.location.line == 2
    assert found.seeds == (1, 2, 3)
