"""The script is packed: what runs is decompressed first.

## Why it matters
Packing saves counted bytes and is allowed, but a reader sees nothing of the method. Fairway unpacks it without running
it; where that fails, nobody has looked at the code.

## Flagged
    exec(lzma.decompress(base64.b85decode("…")))

## Allowed
All of it, with a note; adding the readable script beside the packed one helps.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.competition import Competition
from rules.rule import Finding, Location, Rule, Severity
from rules.submission import ProblemKind, SourceFile, Submission

RULE = Rule(code="F11", name="packed-script", category="packed", severity=Severity.REVIEW, doc=__doc__)


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield a note for a packed entry, and one for review for every source that could not be unpacked."""
    for source in submission.sources:
        for problem in source.problems:
            if problem.kind is ProblemKind.UNPACK_FAILED:
                yield RULE.at(
                    problem.location,
                    f"`{submission.inside(source.path)}` unpacks something that could not be recovered without running "
                    f"it: {problem.detail or 'unknown form'}.",
                    fix="Add the readable script to the folder, and say how the packed one is made from it.",
                    severity=None if source is submission.script else Severity.NOTE,
                )
    if submission.script is not None and submission.script.packed:
        yield _packed(submission, submission.script)


def _packed(submission: Submission, script: SourceFile) -> Finding:
    forms = ", then ".join(layer.form for layer in script.layers)
    return RULE.at(
        Location(script.path.partition("!")[0], script.layers[0].line),
        f"`{submission.inside(script.path)}` is packed ({forms}): {script.size:,} bytes hold "
        f"{script.code.count(chr(10)) + 1:,} lines. It was unpacked and read.",
        fix="Nothing has to be done; a readable copy beside it helps reviewers.",
        severity=Severity.NOTE,
        evidence=(script.evidence(1, "unpacked"),),
    )
