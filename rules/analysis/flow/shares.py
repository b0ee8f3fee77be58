"""Where each of several processes scores a share of the text, and nothing brings the sums together."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from rules.analysis.configuration import configuration_of
from rules.analysis.flow.claimed import claimed_print, kept_in
from rules.analysis.flow.events import Block, Event, Kind, Trace
from rules.analysis.flow.labels import NLL, VAL
from rules.analysis.flow.objects import Function
from rules.analysis.flow.order import Order, relation
from rules.submission import Submission

_RANK = re.compile(r"rank(?!s)", re.I)
_WORLD = re.compile(r"world|n_?ranks|num_?(?:proc|gpu)|nproc|ranks", re.I)
_JOINS = re.compile(r"reduce|gather|broadcast|collective|isend|irecv|\bsend|\brecv|barrier|sync_", re.I)


def unjoined(trace: Trace, submission: Submission) -> tuple[Event, int] | None:
    """A score that the claimed number is printed from, and the line where its share is cut by the process's number.

    None where anything between the score and the print may bring sums together, or where one process runs alone.
    """
    shown = claimed_print(trace, submission)
    alone = configuration_of(submission).value("WORLD_SIZE")
    if shown is None or (alone is not None and str(alone.value) == "1") or not trace.all(Kind.EXCHANGE):
        return None
    fed = kept_in(shown, trace)
    scores = [score for score in trace.all(Kind.SCORE) if id(score) in fed and {VAL, NLL} <= score.labels]
    for score in scores:
        functions = [block for block in score.trail if block not in shown.trail and _function(block) is not None]
        cut = next((line for block in functions for line in _cuts(block)), 0)
        if cut and not _joined(functions, score, shown, trace):
            return score, cut
    return None


def _function(block: Block) -> Function | None:
    return block.detail if block.what == "call" and isinstance(block.detail, Function) else None


def _cuts(block: Block) -> Iterator[int]:
    """Lines of a function where a bound or a range is made of the process's number and of how many there are."""
    function = _function(block)
    for node in ast.walk(function.node) if function is not None else ():
        ranged = isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "range"
        if ranged or isinstance(node, (ast.BinOp, ast.Slice)):
            names = [str(getattr(n, "id", getattr(n, "attr", ""))) for n in ast.walk(node)]
            if any(map(_RANK.search, names)) and any(map(_WORLD.search, names)):
                yield getattr(node, "lineno", 1)


def _joined(functions: list[Block], score: Event, shown: Event, trace: Trace) -> bool:
    """Whether ranks exchange anything from where the score's function is called up to the print, as far as is seen."""
    outer = functions[0]
    for event in trace.all(Kind.EXCHANGE, Kind.ESCAPE):
        after = relation(score, event).order is not Order.AFTER and relation(event, shown).order is not Order.AFTER
        if after or outer in event.trail:
            return True
    printing = [block for block in shown.trail if block not in score.trail]
    called = [function.node for block in (*functions, *printing) if (function := _function(block)) is not None]
    text = "\n".join(ast.unparse(node) for node in called)
    lines = shown.source.code.splitlines()[min(outer.line, shown.line) - 1 : shown.line]
    return bool(_JOINS.search(text) or _JOINS.search("\n".join(lines)))
