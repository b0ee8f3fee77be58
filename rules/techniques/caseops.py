"""CaseOps: text is lower-cased without loss, capitals become operator tokens, and bytes are counted by a sidecar file.

## Recognised by
Live code reads a sidecar of bytes per validation token or names case operators, and the data that a log, a command or
the script names is in the case-operator form. A switch that is off turns it off.

## Not to be confused with
Case folding, which throws the case away; a byte table that is worked out from the tokenizer.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting

NAME = "caseops"
TITLE = "CaseOps"

_DATA = ("caseops", "lossless_caps", "case_ops")


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    if program.configuration.is_off("caseops_enabled", "caseops", "use_caseops"):
        return None
    named = program.made_any("caseops", "lossless caps", "case ops")
    sidecar = program.made_any("byte sidecar", "token bytes", "bytes sidecar") or program.with_string(
        "fineweb_val_bytes"
    )
    if program.configuration.is_on("caseops_enabled", "caseops", "use_caseops"):
        return named or sidecar
    data = any(mark in setting.value.lower() for setting in program.configuration.settings() for mark in _DATA)
    return (named or sidecar) if data else None
