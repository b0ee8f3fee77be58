"""A constant, or a table that does not count the text, takes the place of counting bytes.

## Why it matters
Bits per byte divide by the UTF-8 bytes of what was scored. A fixed number of bytes per token, measured once or
guessed, need not be that of the validation split, and a small error in it is a large error in the score.

## Flagged
    val_bpb = val_loss / math.log(2) / 2.7523

A run with a published tokenizer whose loss and score divide by more bytes than the split has.

## Allowed
Byte tables, and estimates for progress lines that yield no claimed score. A denominator that is too small is noted
only: it makes the score worse.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.analysis.bytecount import ByteCount, byte_count, consistent, is_whole_split, per_token
from rules.analysis.expressions import number_of
from rules.analysis.flow.claimed import claimed_print
from rules.analysis.flow.walk import trace_of
from rules.analysis.headline import Headline, headlines_of, quoted, settled
from rules.analysis.index import SourceIndex, index_of
from rules.analysis.nodes import nodes_of
from rules.competition import Competition
from rules.rule import Evidence, Finding, Rule, Severity
from rules.submission import SourceFile, Submission
from rules.syntax import walk

RULE = Rule(
    code="D05", name="hardcoded-bytes-per-token", category="byte-accounting", severity=Severity.BLOCK, doc=__doc__
)

CERTAIN = 0.01  # more bytes than this share above the split's are no matter of how a document ends
UNCOUNTED = 0.05  # the same, where the log does not tell how many tokens it scored
PLAUSIBLE = (1.2, 8.0)  # bytes per token that a vocabulary can have
NATURAL = (1.4426950408889634, 2.302585092994046, 3.3219280948873626)  # conversions between logarithms
SAME = 0.001
_SCORE = re.compile(r"bpb|bits_?per_?byte", re.I)
_LOSS = re.compile(r"loss|nll|nats|entropy|cost|(?:^|_)ce(?:_|$)", re.I)
_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,20})?")
_STEPS = 3  # how many names may lie between the constant and what is printed

_FIX = "Sum the UTF-8 bytes of the scored tokens by the tokenizer's own pieces, and divide by that sum."


class Computed(NamedTuple):
    """Bits per byte that the script computes under a name."""

    name: str
    line: int
    value: ast.expr


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Look for a constant in the computation of the score, then for runs that divide by too many bytes."""
    runs = headlines_of(submission)
    constants = list(_constants(submission.script)) if submission.script is not None else []
    for value, score in constants:
        used = next((run for run in runs if _divides_by(run, value) or _printed(score, submission)), None)
        if used is None and not any(_LOSS.search(name) for name in _names(score.value)):
            continue  # bits of something else: of a random guess, say
        place = submission.script.evidence(score.line, "read") if submission.script is not None else None
        if place is not None:
            where = ", and the claimed score divides by it" if used is not None else ""
            yield RULE.at(
                place.location,
                f"`{score.name}` is computed with a constant of {value:g} bytes per token{where}.",
                fix=_FIX,
                severity=used.severity(Severity.BLOCK) if used is not None else Severity.REVIEW,
                evidence=(place,),
            )
            return
    yield from _check_runs(runs, competition)


def _constants(script: SourceFile) -> Iterator[tuple[float, Computed]]:
    """Bits per byte, by the name of what they are bound to or given by, with a constant that can be bytes per token."""
    index = index_of(script)
    scores = [
        Computed(b.name, b.line, b.value)
        for scope in index.scopes
        for b in scope.bindings
        if b.value is not None and _SCORE.search(b.name)
    ]
    for function in nodes_of(script, ast.FunctionDef):
        if _SCORE.search(function.name):
            given = (node for node in walk(function) if isinstance(node, ast.Return) and node.value is not None)
            scores += [Computed(function.name, node.lineno, node.value) for node in given if node.value is not None]
    named = _numbers(index) if scores else {}
    for score in scores:
        divisors = (_divisor(node, named) for node in ast.walk(score.value))
        value = next((value for value in divisors if value is not None), None)
        if value is not None:
            yield value, score


def _numbers(index: SourceIndex) -> dict[str, float]:
    """Numbers that a name is bound to anywhere, where it is bound to one number only."""
    found: dict[str, set[float | None]] = {}
    for scope in index.scopes:
        for binding in scope.bindings:
            found.setdefault(binding.name, set()).add(number_of(_default(binding.value)))
    return {name: value for name, values in found.items() if len(values) == 1 and (value := values.pop()) is not None}


def _default(node: ast.expr | None) -> ast.expr | None:
    """What a setting is by default: 2.75 for `float(os.environ.get("BYTES_PER_TOKEN", 2.75))`."""
    inner = node.args[0] if isinstance(node, ast.Call) and len(node.args) == 1 else node
    if isinstance(inner, ast.Call) and len(inner.args) == 2 and getattr(inner.func, "attr", "") in ("get", "getenv"):
        given = inner.args[1]
        text = given.value if isinstance(given, ast.Constant) else None
        return ast.Constant(float(text)) if isinstance(text, str) and _NUMBER.fullmatch(text) else given
    return node


def _divisor(node: ast.AST, named: dict[str, float]) -> float | None:
    """The constant by which an expression divides, where it can be bytes per token."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, (ast.Div, ast.Mult)):
        return None
    sides = [node.right] if isinstance(node.op, ast.Div) else [node.left, node.right]
    for side in sides:
        value = number_of(side)
        if value is None and isinstance(side, (ast.Name, ast.Attribute)):
            value = named.get(side.attr if isinstance(side, ast.Attribute) else side.id)
        if value and isinstance(node.op, ast.Mult):
            value = 1 / value
        if value is not None and _may_be_bytes(value):
            return value
    return None


def _may_be_bytes(value: float) -> bool:
    """Whether a number can be measured bytes per token: in their range, not whole, no conversion of logarithms."""
    if not PLAUSIBLE[0] < value < PLAUSIBLE[1] or value == int(value):
        return False
    return not any(abs(value / known - 1) < SAME for known in NATURAL)


def _divides_by(run: Headline, value: float) -> bool:
    ratio = per_token(run.score)
    return ratio is not None and abs(ratio / value - 1) < SAME


def _printed(score: Computed, submission: Submission) -> bool:
    """Whether the call that printed the claimed score prints the name, or one that is made of it."""
    trace, script = trace_of(submission), submission.script
    shown = None if trace is None else claimed_print(trace, submission)
    if shown is None or script is None or script.tree is None or shown.source is not script:
        return False
    made: dict[str, set[str]] = {}
    for scope in index_of(script).scopes:
        for other in scope.bindings:
            if other.value is not None:
                made.setdefault(other.name, set()).update(_names(other.value))
    wanted = {name for node in ast.walk(script.tree) if _is_call(node, shown.line) for name in _names(node)}
    for _ in range(_STEPS):
        wanted |= {part for name in wanted for part in made.get(name, ())}
    return score.name in wanted


def _is_call(node: ast.AST, line: int) -> bool:
    return isinstance(node, ast.Call) and node.lineno == line


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _check_runs(runs: tuple[Headline, ...], competition: Competition) -> Iterator[Finding]:
    """A published tokenizer whose tokens add up to more bytes than the split has."""
    counts = [
        (run, c) for run in runs if (c := byte_count(run.score, run.log, competition)) and _is_plain(c, competition)
    ]
    wrong = [
        (run, count)
        for run, count in counts
        if count.excess(competition) > CERTAIN + count.uncertainty and consistent(run.log, competition)
    ]
    if wrong:
        run, count = wrong[0]
        certain = count.shown is not None and settled([run for run, _ in wrong], runs)
        yield _too_many(run, count, competition, Severity.BLOCK if certain else Severity.REVIEW)


def _is_plain(count: ByteCount, competition: Competition) -> bool:
    """Whether the run scores the whole split in a published tokenization of unchanged text.

    Where the log does not count tokens, its own tokenizer may have the vocabulary of a published one.
    """
    tokenizer = count.tokenizer
    if tokenizer is None or not tokenizer.official or tokenizer.transforms_text:
        return False
    if count.shown is None:
        return count.excess(competition) > UNCOUNTED
    return is_whole_split(count.tokens, tokenizer, competition)


def _too_many(run: Headline, count: ByteCount, competition: Competition, severity: Severity) -> Finding:
    split, name = competition.fingerprints.val_bytes, count.tokenizer.name if count.tokenizer else ""
    official = split / count.tokenizer.val_tokens if count.tokenizer else 0.0
    shown = () if count.shown is None else (quoted(count.shown),)
    return RULE.at(
        run.score.location,
        f"Loss and score on this line divide by {count.per_token:.4f} bytes per token; the {name} tokens of the split "
        f"have {official:.4f}. The score divides by {count.excess(competition):.1%} more bytes than there are: a "
        "constant, or a table that counts some bytes twice (the leading space, say).",
        fix=_FIX,
        severity=severity,
        evidence=(Evidence(run.score.location, run.score.quote, "measured"), *shown),
    )
