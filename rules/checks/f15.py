"""The script in the folder is not the one that wrote the logs.

## Why it matters
A reviewer reads the script and believes the log. Where they do not belong together, neither proves anything about the
other.

## Flagged
    log: ngram_cache:enabled order=7        and no string of the shipped code prints `ngram_cache`

A copy of the script at the head of the log, or a code size in it, that differs from the shipped file. A script that is
byte for byte the repository's own is noted: all that is new can only lie in settings.

## Allowed
Lines of libraries and launchers; a size that counts all Python files of the folder; packed and minified code, which is
unpacked first; left-over hyperparameters that a shorter script no longer has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rules.analysis.headline import Headline, headlines_of
from rules.analysis.program import program_sources
from rules.competition import Competition
from rules.reading.logs.dump import fingerprint
from rules.rule import Evidence, Finding, Location, Rule, Severity
from rules.submission import Measurement, Quantity, SourceFile, Submission

RULE = Rule(
    code="F15",
    name="shipped-script-is-not-what-ran",
    category="missing-evidence",
    severity=Severity.REVIEW,
    doc=__doc__,
)

_OWN = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")  # snake_case: what a script prints, seldom what a library prints
_WORD = re.compile(r"[a-z0-9]+")
_CASE = re.compile(r"([a-z])([A-Z])")
_SAME = 0.01  # share of the size that comments and clean-up after the run account for
_OTHER = 0.1  # share above which it is another script
_PACKED = 0.5  # a printed size below this share is that of compressed code
_FIX = "Ship the script exactly as it ran, or run the shipped one again and add its logs."


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield one finding for lines that nothing shipped prints, and one for a script or size that differs."""
    if submission.script is None:
        return
    lines = headlines_of(submission)
    differing = next((f for line in lines if (f := _differing(submission, submission.script, line))), None)
    is_other = differing is not None and differing.severity is Severity.INCOMPLETE
    yield from _unprinted(submission, lines, Severity.REVIEW if is_other else Severity.INCOMPLETE)
    if differing is not None:
        yield differing
    original = submission.copies.get(submission.script.path)
    if original is not None:
        yield _unchanged(submission, submission.script, original)


def _unprinted(submission: Submission, lines: Sequence[Headline], severity: Severity) -> Iterator[Finding]:
    """Prefixes above the headline that stand nowhere in the shipped code, not even in parts that could be joined."""
    code = "\n".join(source.code for source in submission.sources)
    words: set[str] = set()
    for line in lines:
        log, end = line.log, line.score.location.line or 0
        printed = {p: n for p, n in log.prefixes.items() if n < end and p not in log.settings}
        missing = {p: n for p, n in printed.items() if _OWN.fullmatch(p) and p not in code}
        if missing and not words:
            words = set(_WORD.findall(_CASE.sub(r"\1 \2", code).casefold()))
        foreign = sorted((n, p) for p, n in missing.items() if not words.issuperset(p.split("_")))
        if foreign:
            yield RULE.at(
                Location(log.path, foreign[0][0]),
                f"`{submission.inside(log.path)}` holds lines that nothing in the shipped code prints: "
                f"{', '.join(f'`{name}` (line {number})' for number, name in foreign[:5])}.",
                fix=_FIX,
                severity=severity,
                evidence=tuple(Evidence(Location(log.path, number), name, "printed") for number, name in foreign[:5]),
            )
            return


def _unchanged(submission: Submission, script: SourceFile, original: str) -> Finding:
    """Settings alone can make an entry of the baseline; whether they do is for the text to say."""
    return RULE.at(
        Location(script.path),
        f"`{submission.inside(script.path)}` is byte for byte the repository's own `{original}`: all that is new "
        "can only lie in settings.",
        fix="Name the settings in the README, or ship the script that ran.",
        severity=Severity.NOTE,
    )


def _differing(submission: Submission, script: SourceFile, line: Headline) -> Finding | None:
    """The copy of the script in a log, or the size of the code that it prints, against what is shipped."""
    log, dump = line.log, line.log.source_dump
    if dump is not None and dump.sha256 in {fingerprint(t) for s in submission.sources for t in (s.text, s.code)}:
        return None
    printed = [m for m in log.all(Quantity.CODE_BYTES) if m.value > 0 and _is_plain(m)]
    shipped = {size for s in submission.sources for size in (s.size, len(s.code.encode("utf-8", "replace")))}
    together = sum(s.size for s in program_sources(submission))  # a script may count the files that it imports
    shipped |= {together, sum(s.size for s in submission.python_sources() if "!/" not in s.path)} - {0}
    if printed and shipped:
        found, size = min(((m, n) for m in printed for n in shipped), key=lambda p: abs(p[0].value - p[1]))
        return _other_size(submission, script, found, size, certain=line.certain)
    if dump is None:
        return None
    return RULE.at(
        Location(log.path, dump.first_line),
        f"The script that `{submission.inside(log.path)}` begins with ({dump.lines:,} lines) is not the shipped "
        f"`{submission.inside(script.path)}` ({script.code.count(chr(10)) + 1:,} lines).",
        fix=_FIX,
        severity=Severity.NOTE,
    )


def _other_size(
    submission: Submission, script: SourceFile, found: Measurement, size: int, *, certain: bool
) -> Finding | None:
    share = abs(found.value - size) / size if size else 1.0
    if share <= _SAME:
        return None
    is_other = certain and share > _OTHER and found.value > _PACKED * size
    return RULE.at(
        found.location,
        f"`{submission.inside(found.location.path)}` counts {found.value:,.0f} bytes of code; the shipped "
        f"`{submission.inside(script.path)}` has {script.size:,}"
        f"{f' ({size:,} unpacked)' if script.packed and size != script.size else ''}.",
        fix=_FIX,
        severity=Severity.INCOMPLETE if is_other else Severity.NOTE,
        evidence=(Evidence(found.location, found.quote, "measured"),),
    )


def _is_plain(found: Measurement) -> bool:
    """Whether a size is that of the code as it is, and not after a compression that the script only tries out."""
    return "compressed" not in found.quote.casefold().replace("uncompressed", "")
