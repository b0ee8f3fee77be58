"""What rows of a batch, or ranks, share of what one of them has learnt from the validation text."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rules.analysis.flow.events import Block, Event, Kind, Trace
from rules.analysis.flow.labels import POOLED, Turn
from rules.analysis.flow.objects import Array, Class, Function
from rules.analysis.flow.order import Order, relation, selects
from rules.analysis.flow.protocol import Adaptation, Learning

_MATRIX = 2  # dimensions of what serves all rows alike; a further one is theirs
_MOST_CLASSES = 12  # looked at for the parameters of one network


def rows_beside(found: Adaptation) -> Block | None:
    """The loop that puts texts side by side, of which one's later part is scored with what another taught.

    Windows that are learnt from up to the part that is scored; or documents that are walked chunk by chunk together,
    so that a chunk of each teaches before the next chunk of any is scored. None where no such loop is seen.
    """
    if found.score is None or found.how not in (Learning.CONTEXT, Learning.SCORE_FIRST):
        return None
    around = [loop for loop in relation(found.score, found.learn).loops if _numbered(loop)]
    walked = [loop for loop in around if selects(loop, found.learn) and selects(loop, found.score)]
    for place, batch in enumerate(walked):
        later = walked[place + 1 :]
        if found.how is Learning.SCORE_FIRST and not later:
            return None
        for rows in _inner_loops(batch):
            if rows not in found.learn.trail and _pick(rows, batch, later, found):
                return rows
    return None


def _pick(rows: Block, batch: Block, later: list[Block], found: Adaptation) -> bool:
    """Whether a loop walks over what the turn of the batch holds, whichever turn of the later loops it is."""
    if Turn(rows.detail.number) not in found.learn.labels:
        return False
    return Turn(batch.detail.number) in rows.labels and not any(
        Turn(loop.detail.number) in rows.labels for loop in later
    )


def _numbered(loop: Block) -> bool:
    return bool(getattr(loop.detail, "number", 0))


def _inner_loops(block: Block) -> Iterator[Block]:
    for child in block.children:
        if isinstance(child, Block):
            if child.what in ("loop", "rows") and _numbered(child):
                yield child
            yield from _inner_loops(child)


def exchange_of(found: Adaptation, trace: Trace) -> Event | None:
    """Where ranks bring together what they have just learnt, before what they learnt it for is scored."""
    if found.score is None or found.how not in (Learning.CONTEXT, Learning.LEARN_FIRST):
        return None
    learners = found.taught | frozenset(found.tensors)
    for event in trace.all(Kind.EXCHANGE):
        if event.detail & learners:
            begins, ends = relation(found.learn, event), relation(event, found.score)
            if begins.order is ends.order is Order.BEFORE and begins.in_turn and ends.in_turn:
                return event
    return None


def pool_of(found: Adaptation, trace: Trace) -> Event | None:
    """Where tensors that each of several texts taught are made one, before these texts are scored with what it gives.

    Learning in a pass of its own before the score is no matter of peers.
    """
    if found.score is None or found.how is not Learning.LEARN_FIRST or found.by_passes:
        return None
    if POOLED not in found.score.labels:
        return None
    places = {(tensor.source.path, tensor.line) for tensor in found.tensors}
    for event in trace.all(Kind.POOL):
        if any((tensor.source.path, tensor.line) in places for tensor in event.detail):
            begins, ends = relation(found.learn, event), relation(event, found.score)
            if begins.order is ends.order is Order.BEFORE and begins.in_turn and ends.in_turn:
                return event
    return None


def serves_all_rows(found: Adaptation) -> bool:
    """Whether all that learns has no dimension for the rows of a batch, as far as it is seen how it is made."""
    if found.fresh:
        sizes = [_dimensions_at(tensor) for tensor in found.tensors]
    else:
        sizes = [size for network in found.taught for size in _sizes_of(network.cls)]
    return bool(sizes) and all(size is not None and size <= _MATRIX for size in sizes)


def _sizes_of(network: Class) -> Iterator[int | None]:
    """Dimensions of the parameters that a class makes, and those classes of the program that it makes."""
    seen: list[Class] = [network]
    for cls in seen:
        start = cls.find("__init__")
        if start is None or not isinstance(start.ref, Function):
            continue
        for call in ast.walk(start.ref.node):
            if isinstance(call, ast.Call):
                name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
                made = start.ref.scope.find(name)
                if name == "Parameter":
                    yield _dimensions(call.args[0]) if call.args else None
                elif name in ("Linear", "Embedding"):
                    yield _MATRIX
                elif made is not None and isinstance(made.ref, Class) and made.ref not in seen[:_MOST_CLASSES]:
                    seen.append(made.ref)


def _dimensions(made: ast.expr) -> int | None:
    """How many dimensions `torch.zeros(rows, rank, width) * 0.1` has, None where the call does not say."""
    while isinstance(made, ast.BinOp):
        made = made.left if isinstance(made.left, (ast.Call, ast.BinOp)) else made.right
    if not isinstance(made, ast.Call) or not made.args or any(isinstance(one, ast.Starred) for one in made.args):
        return None
    if isinstance(made.args[0], (ast.Tuple, ast.List)):
        return len(made.args[0].elts)
    last = made.func.attr if isinstance(made.func, ast.Attribute) else getattr(made.func, "id", "")
    return len(made.args) if last in ("zeros", "empty", "ones", "randn", "rand") else None


def _dimensions_at(tensor: Array) -> int | None:
    for node in ast.walk(tensor.source.tree or ast.Module([], [])):
        if isinstance(node, ast.Call) and node.lineno == tensor.line:
            found = _dimensions(node)
            if found is not None:
                return found
    return None
