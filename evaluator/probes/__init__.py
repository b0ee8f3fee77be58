"""Probes: proof by arithmetic instead of reading.

Each runs a submission in a sandbox on data that we made and yields a `ProbeResult`. What cannot run here is `not-run`
with its reason: never a pass, never an accusation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import MappingProxyType

from evaluator.evidence import ProbeOutcome, ProbeResult
from evaluator.probes import canary, causality, coverage, streams, swap
from evaluator.probes.data import DataError, ProbeData, find
from evaluator.probes.findings import finding_of
from evaluator.probes.trial import InfrastructureError, Settings, Trials
from evaluator.regular import NotRegularError

Probe = Callable[[Trials], ProbeResult]

PROBES: MappingProxyType[str, Probe] = MappingProxyType(
    {
        canary.NAME: canary.canary,
        canary.BYTES: canary.printed_bytes,
        coverage.NAME: coverage.coverage,
        causality.SUFFIX: causality.suffix_flip,
        causality.TRUNCATION: causality.truncation,
        swap.NAME: swap.swap,
    }
)
USUAL = (canary.NAME, canary.BYTES, coverage.NAME, causality.SUFFIX, causality.TRUNCATION)


def run(trials: Trials, names: Iterable[str] = USUAL) -> Iterator[ProbeResult]:
    """The results of the named probes, in their order; trials on the same data are shared.

    Raises UnavailableError where there is no sandbox and InfrastructureError where the machine failed.
    """
    for name in names:
        try:
            yield PROBES[name](trials)
        except (DataError, NotRegularError) as error:
            yield ProbeResult(name, ProbeOutcome.NOT_RUN, reason=str(error))


__all__ = [
    "PROBES",
    "USUAL",
    "DataError",
    "InfrastructureError",
    "Probe",
    "ProbeData",
    "Settings",
    "Trials",
    "find",
    "finding_of",
    "run",
    "streams",
]
