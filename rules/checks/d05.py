"""A constant, or a table that does not count the text, takes the place of counting bytes.

## Why it matters
Bits per byte divide by the UTF-8 bytes of what was scored. A fixed number of bytes per token, measured once or
guessed, need not be that of the validation split, and a small error in it is a large error in the score.

## Flagged
    val_bpb = val_loss / math.log(2) / 2.7523

A number anywhere in the program that multiplies or divides, and equals the bytes per token of the claimed line to all
its digits, while the split has others.

A run with a published tokenizer whose loss and score divide by more bytes than the split has.

## Allowed
Byte tables, and estimates for progress lines that yield no claimed score. A denominator that is too small is noted
only: it makes the score worse.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from typing import NamedTuple

from rules.analysis.bytecount import ByteCount, byte_count, consistent, is_whole_split, per_token, rounding_of
from rules.analysis.expressions import number_of
from rules.analysis.factors import factors, only_numbers
from rules.analysis.flow.claimed import claimed_print
from rules.analysis.flow.walk import trace_of
from rules.analysis.headline import Headline, headlines_of, quoted, settled
from rules.analysis.index import index_of
from rules.analysis.nodes import nodes_of
from rules.analysis.program import program_sources
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
OTHER = 0.01  # a ratio that differs by so much is not that constant's
CLOSE = 3e-6  # relative error of a line's ratio, below which no number of a program equals it by chance
_SCORE = re.compile(r"bpb|bits_?per_?byte", re.I)
_LOSS = re.compile(r"loss|nll|nats|entropy|cost|(?:^|_)ce(?:_|$)", re.I)
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
        if runs and all(_differs(run, value, competition) for run in runs):
            continue  # an estimate of something else: for progress lines, say
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
    shown = _shown(runs, submission, competition)
    yield from _check_runs(runs, competition) if shown is None else [shown]


def _shown(runs: tuple[Headline, ...], submission: Submission, competition: Competition) -> Finding | None:
    """A number of the program that is what claimed lines divide by, to all the digits that they print."""
    exact = [run for run in runs if _is_exact(run, competition)]
    for number, source, line in factors(program_sources(submission)) if exact else ():
        same = [run for run in exact if _is_made_of(run, number)]
        if same:
            value, place = per_token(same[0].score) or 0.0, source.evidence(line, "read")
            return RULE.at(
                place.location,
                f"The claimed score divides by {value:.6g} bytes per token, which is made of the constant {number:g} "
                "on this line.",
                fix=_FIX,
                severity=Severity.BLOCK if settled(same, runs) else Severity.REVIEW,
                evidence=(place, Evidence(same[0].score.location, same[0].score.quote, "measured")),
            )
    return None


def _is_exact(run: Headline, competition: Competition) -> bool:
    """Whether the line tells its bytes per token so exactly that a number equals them for a reason."""
    ratio, count = per_token(run.score), byte_count(run.score, run.log, competition)
    known = ratio is not None and _may_be_bytes(ratio) and rounding_of(run.score) < CLOSE
    return known and not (count is not None and count.agrees(competition))


def _is_made_of(run: Headline, number: float) -> bool:
    """Whether the ratio is the number, its inverse, or either with the conversion to bits."""
    if number == int(number):
        return False
    ratio = per_token(run.score) or 0.0
    made = (number, 1 / number, number / math.log(2), 1 / (number * math.log(2)))
    return any(abs(ratio / value - 1) <= rounding_of(run.score) for value in made)


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
    named = only_numbers(index) if scores else {}
    for score in scores:
        divisors = (_divisor(node, named) for node in ast.walk(score.value))
        value = next((value for value in divisors if value is not None), None)
        if value is not None:
            yield value, score


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


def _differs(run: Headline, value: float, competition: Competition) -> bool:
    """Whether the line of the score divides by other bytes than the constant, as all lines of its log do."""
    ratio = per_token(run.score)
    return ratio is not None and abs(ratio / value - 1) > OTHER and consistent(run.log, competition)


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
