"""Answers of which a mask over the vocabulary takes tokens away, where the mask always leaves the token that came.

Networks are not walked: the functions that answer for a score are read as they stand.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from rules.analysis.flow.events import Event, Kind
from rules.analysis.flow.protocol import protocol_of
from rules.analysis.once import once
from rules.analysis.program import program_sources
from rules.rule import Evidence
from rules.submission import SourceFile, Submission
from rules.syntax import walk

_MASKS = ("masked_fill", "masked_fill_", "where")
_LOSSES = ("cross_entropy", "nll_loss")
_ROUNDS = 4  # of names that are made of names


@dataclass(frozen=True, slots=True)
class Spared:
    """`at`: where the mask is opened at the token that came; `used`: where it is laid on an answer; `score`: for what.

    `claimed`: whether the claimed number is made of it, None: not known.
    """

    source: SourceFile
    at: int
    used: int
    score: Event
    claimed: bool | None

    def evidence(self) -> tuple[Evidence, ...]:
        """The lines."""
        opened, laid = self.source.evidence(self.at, "opened"), self.source.evidence(self.used, "laid on the answer")
        return opened, laid, self.score.evidence("score")


@once
def spared_of(submission: Submission) -> Spared | None:
    """A mask that spares the token that came, behind the claimed score where there is one; None for none."""
    protocol = protocol_of(submission)
    sources = [source for source in program_sources(submission) if "scatter_(" in source.code and source.tree]
    if protocol is None or not sources:
        return None
    claimed = protocol.claimed or protocol.scores[-1:]
    for scores, known in ((claimed, True if protocol.claimed else None), (protocol.scores, False)):
        for score in scores:
            names = set(_answering(score))
            found = next((one for source in sources for one in _in(source, names)), None)
            if found is not None:
                return Spared(*found, score, known)
    return None


def _answering(score: Event) -> Iterator[str]:
    """Names of the functions that answer for a score: its own, and those called in the loop that asks a network."""
    yield score.function
    for loop in reversed(score.loops()):
        inside = list(loop.events())
        yield from {block.name for event in inside for block in event.trail if block.what == "call"}
        asked = [event.name for event in inside if event.kind is Kind.MODEL]
        if asked:
            yield "forward"
            yield from (name.partition("(")[0].rpartition(".")[2] for name in asked)
            return


def _in(source: SourceFile, names: set[str]) -> Iterator[tuple[SourceFile, int, int]]:
    for node in walk(source.tree or ast.Module([], [])):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name in names:
            for at, used in _masked(node):
                yield source, at, used


def _masked(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[int, int]]:
    """Lines that open a mask at the targets of a loss, and lines that lay it on an answer."""
    calls = [node for node in walk(function) if isinstance(node, ast.Call)]
    losses = [call for call in calls if _called(call) in _LOSSES and len(call.args) >= 2]
    targets = {name for call in losses for name in _names(call.args[1])}
    made = [node for node in walk(function) if isinstance(node, ast.Assign)]
    for _ in range(_ROUNDS if targets else 0):
        targets |= {name for one in made if _names(one.value) & targets and not _loses(one) for name in _bound(one)}
    answers = {name for call in losses for name in _names(call.args[0])}
    for call in calls:
        if _called(call) == "scatter_" and len(call.args) == 3 and isinstance(call.args[2], ast.Constant):
            mask = _names(call.func)
            if _names(call.args[1]) & targets and not mask & answers:
                yield from ((call.lineno, one.lineno) for one in made if _lays(one, mask) and _bound(one) & answers)


def _lays(one: ast.Assign, mask: set[str]) -> bool:
    """Whether an answer is masked: `logits = logits.masked_fill(mask, …)`."""
    inner = (node for node in walk(one.value) if isinstance(node, ast.Call) and _called(node) in _MASKS)
    return any(call.args and _names(call.args[0]) & mask for call in inner)


def _loses(one: ast.Assign) -> bool:
    """Whether an assignment makes a loss or an answer of the targets, and no targets again."""
    return any(isinstance(node, ast.Call) and _called(node) in _LOSSES for node in walk(one.value))


def _called(call: ast.Call) -> str:
    return str(getattr(call.func, "attr", getattr(call.func, "id", "")))


def _names(node: ast.AST) -> set[str]:
    """Names in an expression; of a module that is called only what it is called with."""
    return {inner.id for inner in walk(node) if isinstance(inner, ast.Name)} - {"torch", "F", "self"}


def _bound(one: ast.Assign) -> set[str]:
    return {name for target in one.targets for name in _names(target)}
