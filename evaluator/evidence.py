"""What a run leaves behind: one record, append-only, addressed by its content, from which every figure can be traced.

`shared` terms: a measurement is a number that we found; a claim is the participant's. Times are seconds on the host's
monotonic clock since the run began, unless their name ends in `_at` (UTC, ISO 8601).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class RunVerdict(StrEnum):
    """What a run came to."""

    REPRODUCED = "reproduced"
    DIFFERS = "differs"
    FAILED = "failed"
    OVER_TIME = "over-time"
    OVER_CAP = "over-cap"
    NOT_RUN = "not-run"


class ProbeOutcome(StrEnum):
    """What a probe came to."""

    VIOLATED = "violated"
    NOT_SHOWN = "not-shown"
    NOT_RUN = "not-run"


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One probe's numbers; what a probe has no use for is None.

    For the canary: `ln_e` is the natural logarithm of the e-value, `nats_per_token` the mean loss over `tokens` scored
    ones of a vocabulary of `vocab_size`, `alpha` the level that it was tested at.
    `sentence` says for the author what it means; `reason` why it was not run or could show nothing; `figures` holds
    what is particular to a probe, by name with its unit ("first_half_nats").
    """

    probe: str
    result: ProbeOutcome
    sentence: str = ""
    reason: str = ""
    ln_e: float | None = None
    nats_per_token: float | None = None
    tokens: int | None = None
    vocab_size: int | None = None
    alpha: float | None = None
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measured:
    """A number of ours, the unit in its name ("val_bpb"), and the line of the raw log that shows it."""

    name: str
    value: float
    line: int | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of a run ("train", "evaluate"); `verified` where it ran in a process without the other's data."""

    name: str
    start: float
    end: float
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """The record of one run.

    `request` is the request as sent, `inputs` SHA-256 by name of everything else that was read (data, tokenizer),
    `versions` those of driver, libraries and executor, `devices` names or ids of the GPUs. `infrastructure`: the fault
    was ours, and only then the run is tried again.
    """

    request: Mapping[str, Any]
    runner: str
    verdict: RunVerdict
    reason: str
    started_at: str
    ended_at: str
    seconds: float
    argv: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    devices: tuple[str, ...] = ()
    phases: tuple[Phase, ...] = ()
    exit_code: int | None = None
    infrastructure: bool = False
    log_sha256: str = ""
    log_bytes: int = 0
    log_head: str = ""
    log_tail: str = ""
    measured: tuple[Measured, ...] = ()
    second_slice: tuple[Measured, ...] = ()
    artifact_bytes: int | None = None
    artifact_sha256: str = ""
    probes: tuple[ProbeResult, ...] = ()
    cost: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Plain values, with the record's own digest under `digest`."""
        data = asdict(self)
        return {**data, "digest": digest(data)}


def digest(data: Mapping[str, Any]) -> str:
    """SHA-256 over the record as canonical JSON (sorted keys, no spaces), without its own `digest`."""
    bare = {key: value for key, value in data.items() if key != "digest"}
    return hashlib.sha256(json.dumps(bare, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def evidence_of(data: Mapping[str, Any]) -> Evidence:
    """A record from its JSON. Raises ValueError for one of another shape or whose digest does not fit."""
    from pydantic import TypeAdapter

    if data.get("digest") != digest(data):
        raise ValueError("the digest of this record does not fit its content")
    return TypeAdapter(Evidence).validate_python({k: v for k, v in data.items() if k != "digest"})
