"""Loaders and evaluations in many spellings: what is scored after it was learnt from is seen in each, and what is not
learnt from is never flagged."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from rules.competition import builtin
from rules.rule import Severity
from rules.screening import screen
from tests.rules.harness import submission_of

_TEXTS = tomllib.loads((Path(__file__).parent / "spellings.toml").read_text(encoding="utf-8"))
_LOADERS, _EVALUATIONS = _TEXTS["loaders"], _TEXTS["evaluations"]
_PLAIN_LOADER, _PLAIN_EVALUATION = next(iter(_LOADERS.values())), next(iter(_EVALUATIONS.values()))
_PROGRAMS = {
    **{f"loader: {name}": (text, _PLAIN_EVALUATION) for name, text in _LOADERS.items()},
    **{f"evaluation: {name}": (_PLAIN_LOADER, text) for name, text in _EVALUATIONS.items()},
}


def codes_of(loader: str, evaluation: str, learning: str) -> set[str]:
    """Codes of legality, and whether something was not followed, that weigh for a program put together of its parts."""
    program = _TEXTS["program"].replace("{loader}", loader).replace("{evaluation}", evaluation)
    data = {
        "files": {
            "train_gpt.py": program.replace("{learning}", learning),
            "submission.json": '{"author": "Ada", "val_bpb": 1.15, "val_loss": 1.94}',
            "train.log": "step:1999 train_time:590000ms\nfinal val_loss:1.94172691 val_bpb:1.15000000\n",
        }
    }
    findings = screen(submission_of(data), builtin()).findings
    weigh = (Severity.BLOCK, Severity.REVIEW)
    return {f.code for f in findings if f.severity in weigh and (f.code[0] in "ABCD" or f.code == "R04")}


@pytest.mark.parametrize("name", _PROGRAMS)
def test_learning_before_scoring_is_seen_in_every_spelling(name: str) -> None:
    assert codes_of(*_PROGRAMS[name], learning=_TEXTS["learning"]) == {"B01"}


@pytest.mark.parametrize("name", _PROGRAMS)
def test_nothing_is_flagged_where_nothing_is_learnt(name: str) -> None:
    assert codes_of(*_PROGRAMS[name], learning="") == set()
