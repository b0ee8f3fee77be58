"""Every runnable variant: what is wrong with it is shown by the probe that it names, and legal ones are not flagged."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from demo import runnable
from demo.runnable import Variant
from evaluator import probes
from evaluator.evidence import ProbeOutcome
from evaluator.probes.data import ProbeData
from tests.evaluator.bare import Bare

VARIANTS = [pytest.param(variant, id=variant.name) for variant in runnable.variants()]
PROBED = [pytest.param(v, id=v.name) for v in runnable.variants() if v.probe not in ("", "run")]
LEGAL = [pytest.param(v, id=v.name) for v in runnable.variants() if v.legal]


def trials_of(variant: Variant, root: Path, data: ProbeData, settings: probes.Settings) -> probes.Trials:
    return probes.Trials(runnable.write(variant, root / variant.name), runnable.SCRIPT, data, Bare(), settings)


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_variant_is_a_script_and_says_what_it_does(variant: Variant) -> None:
    ast.parse(variant.script())
    assert variant.says.endswith(".")
    assert variant.probe in ("", "run", *probes.PROBES)


def test_no_two_variants_are_the_same_script() -> None:
    assert len({variant.script() for variant in runnable.variants()}) == len(runnable.variants()) == 20


@pytest.mark.parametrize("variant", PROBED)
def test_the_fault_is_proved_by_the_probe_that_is_named(
    variant: Variant, tmp_path: Path, data: ProbeData, settings: probes.Settings
) -> None:
    (result,) = probes.run(trials_of(variant, tmp_path, data, settings), [variant.probe])
    assert result.result is ProbeOutcome.VIOLATED, result


@pytest.mark.parametrize("variant", LEGAL)
def test_a_legal_variant_is_not_flagged(
    variant: Variant, tmp_path: Path, data: ProbeData, settings: probes.Settings
) -> None:
    results = {r.probe: r for r in probes.run(trials_of(variant, tmp_path, data, settings), ("canary", "bytes"))}
    assert {name: r.result for name, r in results.items()} == dict.fromkeys(results, ProbeOutcome.NOT_SHOWN)
