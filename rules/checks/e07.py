"""Code that the entry needs lies in other files and is not counted.

## Why it matters
All counted code should live in the one script. Helpers that it imports, runs or builds are part of what is needed to
score, and the cap holds for all of it.

## Flagged
    exec(open("model_impl.py").read())

## Allowed
Helpers that fit below the cap together with the script and the model are noted only. Tests, plots and preparation
scripts that the entry does not use; tokenizer models; a committed copy of the artifact.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.helpers import RUNS, Helper, code_helpers
from rules.analysis.size import Size, sizes_of
from rules.competition import Competition
from rules.rule import Evidence, Finding, Location, Rule, Severity
from rules.submission import Submission

RULE = Rule(code="E07", name="code-in-uncounted-helpers", category="over-cap", severity=Severity.REVIEW, doc=__doc__)

SHOWN = 5


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield one finding that names all helpers and what the artifact weighs with them."""
    helpers = code_helpers(submission)
    weight = sum(helper.entry.size or 0 for helper in helpers)
    if not weight:
        return
    first, cap = helpers[0], competition.artifact.max_bytes
    runs_helper = any(helper.named is not None and helper.named.role == RUNS for helper in helpers)
    largest = max((_code_and_model(size, runs_helper) for size in sizes_of(submission)), default=0)
    names = ", ".join(f"`{submission.inside(h.entry.path)}` ({h.entry.size or 0:,})" for h in helpers[:SHOWN])
    more = f" and {len(helpers) - SHOWN} more" if len(helpers) > SHOWN else ""
    fits = largest > 0 and largest + weight <= cap
    if largest:
        sum_up = f"with the largest artifact ({largest:,}) they have {largest + weight:,} of {cap:,} bytes"
    else:
        sum_up = "no log tells what the artifact weighs without them"
    yield RULE.at(
        first.named.location if first.named else Location(first.entry.path),
        f"The script needs code from other files: {names}{more}; {sum_up}.",
        fix="Put all code into the one script, or count these files and stay below the cap.",
        severity=Severity.NOTE if fits else Severity.REVIEW,
        evidence=tuple(_evidence(helper) for helper in helpers[:SHOWN]),
    )


def _code_and_model(size: Size, runs_helper: bool) -> int:
    """What the run counts; the shipped script with the model where it counts nothing, or the helper's own code."""
    if size.total is None or (runs_helper and size.computed is not None):
        return size.computed or 0
    return int(size.total.value)


def _evidence(helper: Helper) -> Evidence:
    return helper.named or Evidence(Location(helper.entry.path), "", "imported")
