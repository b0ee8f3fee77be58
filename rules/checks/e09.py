"""A record claim rests on runs on other hardware than the reference machine.

## Why it matters
Ten minutes are only comparable on one kind of machine. Fewer accelerators with a longer clock, or faster ones, train
a different number of steps under different conditions.

## Flagged
    world_size:1 in the log of a run in the record track

## Allowed
Any hardware in tracks without a limit on time, and entries that say that they claim no record. Logs of other
machines beside those of the claimed runs. The same chip with other memory is put before a person.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.headline import Headline, declines_record, headlines_of, timed_track
from rules.competition import Competition
from rules.rule import Evidence, Finding, Location, Rule, Severity
from rules.submission import Quantity, Submission

RULE = Rule(code="E09", name="hardware-not-8xh100", category="hardware", severity=Severity.BLOCK, doc=__doc__)


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield the first claimed run that another machine made, else what the author states."""
    if timed_track(submission, competition) is None:
        return
    runs = headlines_of(submission)
    for run in runs:
        found = _other_machine(run, competition)
        if found is not None:
            location, what, quote = found
            kindred = any(name.casefold() in what.casefold() for name in competition.hardware.kindred)
            full = Severity.REVIEW if kindred else run.severity(Severity.BLOCK)
            severity = Severity.NOTE if declines_record(submission) else full
            yield _finding(location, f"The run behind the claimed score used {what}", quote, severity, competition)
            return
    if not any(run.log.last(Quantity.WORLD_SIZE) for run in runs):
        yield from _stated(submission, competition)


def _other_machine(run: Headline, competition: Competition) -> tuple[Location, str, str] | None:
    """Where the log shows another machine, what it is and the line that says so."""
    reference = competition.hardware
    world, gpu = run.log.last(Quantity.WORLD_SIZE), run.log.gpu
    if gpu is not None and reference.gpu.casefold() not in gpu.value.casefold():
        return gpu.location, f"{gpu.value[:60]}", gpu.value
    if world is not None and world.value != reference.world_size:
        return world.location, f"{world.value:g} accelerator{'s' * (world.value != 1)}", world.quote
    return None


def _stated(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """The number of accelerators in the author's own words, where no log of a claimed run shows it."""
    sources = (submission.metadata, submission.readme)
    claims = (c for source in sources if source for c in source.claims if c.quantity is Quantity.WORLD_SIZE)
    claim = next(claims, None)
    if claim is not None and claim.value != competition.hardware.world_size:
        severity = Severity.NOTE if declines_record(submission) else Severity.REVIEW
        what = f"The submission states {claim.value:g} accelerator{'s' * (claim.value != 1)}"
        yield _finding(claim.location, what, claim.key, severity, competition)


def _finding(location: Location, what: str, quote: str, severity: Severity, competition: Competition) -> Finding:
    reference = f"{competition.hardware.world_size} x {competition.hardware.gpu}"
    return RULE.at(
        location,
        f"{what}; a record needs {reference}.",
        fix=f"Run on {reference} and commit those logs, or move the entry to a track without a limit on hardware.",
        severity=severity,
        evidence=(Evidence(location, quote[:300], "measured"),),
    )
