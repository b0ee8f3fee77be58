"""The script in the folder is not the one that wrote the logs.

## Why it matters
A reviewer reads the script and believes the log. Where they do not belong together, neither proves anything about the
other.

## Flagged
    log: ngram_cache:enabled order=7        and no string of the shipped code prints `ngram_cache`

A copy of the script at the head of the log, or a code size in it, that differs from the shipped file.

## Allowed
Lines of libraries and launchers; packed and minified code, which is unpacked first; left-over hyperparameters that a
shorter script no longer has (a note).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.analysis.claims import headline
from rules.competition import Competition
from rules.reading.logs import fingerprint
from rules.rule import Evidence, Finding, Location, Rule, Severity
from rules.submission import Quantity, SourceFile, Submission, TrainLog

RULE = Rule(
    code="F15",
    name="shipped-script-is-not-what-ran",
    category="missing-evidence",
    severity=Severity.REVIEW,
    doc=__doc__,
)

_OWN = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")  # snake_case: what a script prints, seldom what a library prints
_ENOUGH = 2
_FIX = "Ship the script exactly as it ran, or run the shipped one again and add its logs."


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield one finding for lines that nothing shipped prints, and one for a script or size that differs."""
    if submission.script is None:
        return
    found = headline(submission)
    logs = list({line.log.content_id: line.log for line in found.lines}.values()) if found else []
    yield from _unprinted(submission, logs)
    yield from _differing(submission, submission.script, logs)


def _unprinted(submission: Submission, logs: list[TrainLog]) -> Iterator[Finding]:
    """Prefixes of the headline's logs that stand nowhere in the shipped code."""
    code = "\n".join(source.code for source in submission.sources)
    for log in logs:
        missing = {p: n for p, n in log.prefixes.items() if _OWN.fullmatch(p) and p not in code}
        printed = {p: n for p, n in missing.items() if p not in log.settings}
        if len(printed) >= _ENOUGH:
            first = sorted(printed.items(), key=lambda item: item[1])[:5]
            yield RULE.at(
                Location(log.path, first[0][1]),
                f"`{submission.inside(log.path)}` holds lines that nothing in the shipped code prints: "
                f"{', '.join(f'`{name}` (line {line})' for name, line in first)}.",
                fix=_FIX,
                severity=Severity.INCOMPLETE,
                evidence=tuple(Evidence(Location(log.path, line), name, "printed") for name, line in first),
            )
            return


def _differing(submission: Submission, script: SourceFile, logs: list[TrainLog]) -> Iterator[Finding]:
    shipped = {fingerprint(text) for source in submission.sources for text in (source.text, source.code)}
    for log in logs:
        dump = log.source_dump
        if dump is not None and dump.sha256 not in shipped:
            yield RULE.at(
                Location(log.path, dump.first_line),
                f"The script that `{submission.inside(log.path)}` begins with ({dump.lines:,} lines) is not the shipped "
                f"`{submission.inside(script.path)}` ({script.code.count(chr(10)) + 1:,} lines).",
                fix=_FIX,
                severity=Severity.NOTE,
            )
            return
        size = log.last(Quantity.CODE_BYTES)
        if size is not None and dump is None and all(size.value != source.size for source in submission.sources):
            yield RULE.at(
                size.location,
                f"`{submission.inside(log.path)}` counts {size.value:,.0f} bytes of code; the shipped "
                f"`{submission.inside(script.path)}` has {script.size:,}.",
                fix=_FIX,
                severity=Severity.NOTE,
                evidence=(Evidence(size.location, size.quote, "measured"),),
            )
            return
