"""What must come out on the public corpus. Needs FAIRWAY_MIRROR (its repository) and FAIRWAY_DATA (its tables)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from rules.competition import builtin
from worker.backtest import BacktestOptions, BacktestResult, run
from worker.relatives import Place, triage_beside_cited
from worker.tables import read_pull_requests, read_rulings

MIRROR, DATA = os.environ.get("FAIRWAY_MIRROR"), os.environ.get("FAIRWAY_DATA")

pytestmark = [
    pytest.mark.mirror,
    pytest.mark.skipif(not (MIRROR and DATA), reason="FAIRWAY_MIRROR and FAIRWAY_DATA name no corpus"),
]

KNOWN_FOR = {
    60: {"sliding-window-eval", "muon-weight-decay", "spectral-embedding-init", "residual-mixing"},
    65: {"int6-weights", "int8-weights", "sliding-window-eval"},
    77: {"per-document-lora-ttt"},
    265: {"xsa"},
    414: {"gptq-lite", "ema"},
    1019: {"self-generated-calibration", "xsa"},
    1060: {"gptq-full-hessian", "xsa", "bigram-hash"},
    1204: {"depth-recurrence", "parallel-residuals"},
    1729: {"caseops"},
}


@pytest.mark.parametrize("number", KNOWN_FOR)
def test_an_entry_that_the_organizers_highlighted_has_what_it_is_known_for(number: int) -> None:
    found = triage_beside_cited(Place(str(MIRROR), builtin()), number).triage
    assert KNOWN_FOR[number] <= {technique.name for technique in found.techniques}


@pytest.fixture(scope="module")
def ruled() -> BacktestResult:
    rulings = read_rulings(Path(str(DATA)) / "rulings-dev.csv")
    return run(
        BacktestOptions(
            repository=str(MIRROR),
            pull_requests=read_pull_requests(Path(str(DATA)) / "pull-requests.csv"),
            competition=builtin(),
            rulings=rulings,
            numbers=frozenset(ruling.number for ruling in rulings),
        )
    )


def test_every_incomplete_ruling_has_a_finding_of_its_category(ruled: BacktestResult) -> None:
    assert ruled.agreement is not None
    assert ruled.agreement.any_category["incomplete"] == ruled.agreement.ruled["incomplete"] > 0


def test_no_accepted_one_is_blocked(ruled: BacktestResult) -> None:
    assert ruled.agreement is not None
    assert ruled.agreement.blocked == []


def test_no_rule_fails(ruled: BacktestResult) -> None:
    failed: list[Any] = [f for e in ruled.entries for f in e["findings"] if f["name"] == "internal-error"]
    assert failed == []
