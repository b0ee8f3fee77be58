"""The script does not run: it is empty, broken, a stub, or withheld.

## Why it matters
The rules ask for a script that compiles and reproduces the score. What cannot be run cannot be verified.

## Flagged
    an empty train_gpt.py; a syntax error in every version of Python that we read; a script that only prints a notice

## Allowed
The grammar of Python 3.12; byte-order marks; packed scripts; a short launcher of a script that lies beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.analysis.claims import quoted
from rules.analysis.index import index_of
from rules.competition import Competition
from rules.rule import Finding, Location, Rule, Severity
from rules.submission import Language, ProblemKind, SourceFile, Submission

RULE = Rule(
    code="F10",
    name="broken-empty-or-withheld-script",
    category="missing-evidence",
    severity=Severity.INCOMPLETE,
    doc=__doc__,
)

_WITHHELD = re.compile(
    r"\b(?:code|script|source|tokenizer|implementation|helpers?|kernels?)\b[^.\n|]{0,80}"
    r"\b(?:withheld|proprietary|not (?:be )?(?:included|released|published|public)|intentionally excluded|private)\b",
    re.I,
)
_FEW_CALLS = 8  # a training script has hundreds; notices, stubs and settings have fewer
_SMALL = 20_000  # characters: a longer script may compute by itself
_NUMERIC = re.compile(
    r"^[ \t]*(?:import|from)[ \t]+(?:torch|jax|mlx|numpy|tensorflow|tinygrad|cupy|keras|triton|ctypes|cffi)\b", re.M
)
_STARTS = re.compile(r"\b(?:subprocess|runpy|importlib|exec|os\.(?:system|exec\w+))\b")
_FIX = "Commit the script that produced the logs, and run it once from the folder as it is."


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield a finding for each broken Python file, for an entry that does nothing, and for withheld code."""
    for source in submission.python_sources():
        yield from _broken(submission, source)
    script = submission.script
    if script is not None and not script.code.strip():
        yield RULE.at(Location(script.path), f"`{submission.inside(script.path)}` is empty.", fix=_FIX)
    elif script is not None and _does_nothing(submission, script):
        yield RULE.at(
            Location(script.path),
            f"`{submission.inside(script.path)}` ({script.size:,} bytes) trains nothing: it neither computes nor "
            "starts a script of the folder that does.",
            fix=_FIX,
        )
    yield from _withheld(submission)


def _broken(submission: Submission, source: SourceFile) -> Iterator[Finding]:
    is_entry = source is submission.script
    for problem in source.problems:
        if problem.kind is ProblemKind.SYNTAX and source.code.strip():
            detail = f": {problem.detail}" if problem.detail else ""
            yield RULE.at(
                problem.location,
                f"`{submission.inside(source.path)}` is no valid Python{detail}.",
                fix=_FIX if is_entry else "Correct the file, or remove it if nothing uses it.",
                severity=None if is_entry else Severity.NOTE,
            )


def _does_nothing(submission: Submission, script: SourceFile) -> bool:
    """Whether no script of the folder computes, or the entry is too small to and starts no other one."""
    if script.packed or script.problems or script.language is not Language.PYTHON:
        return False
    if any(source.language in (Language.CUDA, Language.C) for source in submission.sources):
        return False
    if not any(_NUMERIC.search(source.code) for source in submission.python_sources()):
        return len(script.code) < _SMALL and not _STARTS.search(script.code)
    siblings = {
        source.path.rsplit("/", 1)[-1].removesuffix(".py") for source in submission.sources if source is not script
    }
    is_small = script.tree is not None and len(index_of(script).calls) < _FEW_CALLS
    return is_small and not _STARTS.search(script.code) and not any(name in script.code for name in siblings)


def _withheld(submission: Submission) -> Iterator[Finding]:
    readme = submission.readme
    if readme is None:
        return
    for number, line in enumerate(readme.text.split("\n"), 1):
        if _WITHHELD.search(line[:2000]):
            place = Location(readme.path, number)
            yield RULE.at(
                place,
                "The README says that something the score depends on is not in the folder.",
                fix="Add what is missing: everything that the score depends on has to be in the folder.",
                severity=Severity.NOTE,
                evidence=(quoted(submission, place, "claim"),),
            )
            return
