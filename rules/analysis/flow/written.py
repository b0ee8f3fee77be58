"""Scores that stand in the program as numbers, where they should be computed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from decimal import Decimal

from rules.analysis.flow.claimed import claimed_print
from rules.analysis.flow.events import Event, Trace
from rules.analysis.flow.labels import LITERAL_DIGITS, Literal
from rules.analysis.headline import headlines_of
from rules.analysis.nodes import nodes_of
from rules.analysis.program import program_sources
from rules.submission import SourceFile, Submission

_NUMBER = re.compile(r"(?<![\w.])\d{1,2}\.\d{4,17}(?!\w)")
_FEWEST_DIGITS = 5  # after the point: with fewer, a number of the program may be the score by chance
_MOST_TEXT = 2_000  # letters of a text that is looked through


def shown_as_written(trace: Trace, submission: Submission) -> Event | None:
    """The call that prints the claimed number, where what it shows is, or may be, that very number of the program."""
    shown = claimed_print(trace, submission)
    if shown is None:
        return None
    given = [one.const for one in shown.detail or ()]
    numbers = {label.number for label in shown.labels if isinstance(label, Literal)}
    numbers |= {one for one in given if isinstance(one, float)}
    texts = [shown.name, *(one for one in given if isinstance(one, str))]
    for score in claimed_numbers(submission):
        if any(_is_same(Decimal(repr(number)), score) for number in numbers):
            return shown
        if any(_is_same(Decimal(found), score) for text in texts for found in _NUMBER.findall(text)):
            return shown
    return None


def written_down(submission: Submission) -> tuple[SourceFile, int] | None:
    """Where the program holds the claimed number, to all digits that a log shows of it, and at least five."""
    claimed = {number for number in claimed_numbers(submission) if _digits(number) >= _FEWEST_DIGITS}
    for source in program_sources(submission) if claimed else ():
        for node, number in _numbers(source):
            if _digits(number) >= _FEWEST_DIGITS and any(_is_same(number, score) for score in claimed):
                return source, node.lineno
    return None


def claimed_numbers(submission: Submission) -> Iterator[Decimal]:
    """The claimed bits per byte as the logs print them."""
    for run in headlines_of(submission):
        value = run.score.val_bpb
        if value is None or not run.certain:
            continue
        for found in _NUMBER.findall(run.score.quote):
            if abs(float(found) - value) < 10.0 ** -_digits(Decimal(found)):
                yield Decimal(found)


def _numbers(source: SourceFile) -> Iterator[tuple[ast.Constant, Decimal]]:
    """Numbers with a fraction in a source, those within texts too; what documents a function is no text of it."""
    documents = {id(node.value) for node in nodes_of(source, ast.Expr)}
    for node in nodes_of(source, ast.Constant):
        if isinstance(node.value, float):
            yield node, Decimal(repr(node.value))
        elif isinstance(node.value, str) and id(node) not in documents and len(node.value) < _MOST_TEXT:
            yield from ((node, Decimal(found)) for found in _NUMBER.findall(node.value))


def _digits(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _is_same(one: Decimal, other: Decimal) -> bool:
    """Whether two numbers are one, rounded to the digits that both have, and those are enough to tell."""
    digits = min(_digits(one), _digits(other))
    return digits >= LITERAL_DIGITS and abs(one - other) * 10**digits <= Decimal("0.5")
