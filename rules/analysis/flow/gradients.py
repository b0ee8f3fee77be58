"""Gradients that no optimizer steps with: they tell how much each weight matters, and nothing is learnt."""

from __future__ import annotations

import ast
from functools import lru_cache

from rules.analysis.expressions import name_of, root_of
from rules.analysis.flow.events import Block, Event, Kind, Trace
from rules.analysis.flow.labels import TRAIN, VAL
from rules.analysis.flow.objects import Function
from rules.analysis.nodes import nodes_of
from rules.syntax import walk

_IN_PLACE = frozenset({"add_", "sub_", "mul_", "copy_", "lerp_", "addcmul_", "addcdiv_", "set_"})
_SHARED = frozenset({"all_reduce", "reduce", "clip_grad_norm_"})  # of all processes, or no longer than so much
_STEPS = frozenset({Kind.STEP, Kind.SCORE})


def trained_with(trace: Trace) -> list[Event]:
    """Gradients on training tokens alone that are stepped with, by an optimizer or by hand, as far as it is known."""
    learnt = [e for e in trace.all(Kind.LEARN) if TRAIN in e.labels and VAL not in e.labels]
    return [one for one in learnt if not _only_tells(one)] or learnt


def _only_tells(learn: Event) -> bool:
    """Whether the gradients are read, and neither a function around them nor their loop steps."""
    reading = [block for block in learn.trail if block.what == "call" and takes_gradients(block)]
    if any(not any(event.kind in _STEPS for event in block.events()) for block in reading):
        return True
    return gradient_loop(learn) is not None


def takes_gradients(block: Block) -> bool:
    """Whether the function that is called reads the gradients that it takes, and changes no weight by them."""
    function = block.detail
    if not isinstance(function, Function) or ".grad" not in function.scope.source.code:
        return False
    return _reads(function.node) and any(event.kind is Kind.LEARN for event in block.events())


def gradient_loop(asked: Event) -> Block | None:
    """The outermost loop around an event that reads the gradients which are taken in it, where nothing steps."""
    loops = asked.loops()
    if not loops or ".grad" not in asked.source.code:
        return None
    kinds = {event.kind for event in loops[0].events()}
    if Kind.LEARN not in kinds or kinds & _STEPS:
        return None
    return loops[0] if any(map(_reads, loops_of(loops[0]))) else None


def loops_of(block: Block) -> list[ast.For | ast.While]:
    """The statements that a loop of the walk may be."""
    every: list[ast.For | ast.While] = [*nodes_of(block.source, ast.For), *nodes_of(block.source, ast.While)]
    return [node for node in every if node.lineno == block.line]


@lru_cache(maxsize=64)  # every question to a network asks for the functions around it
def _reads(node: ast.AST) -> bool:
    """Whether gradients are read, of things of which none is changed in place."""
    read, changed, passed = set[str](), set[str](), set[int]()
    for part in walk(node):
        if isinstance(part, ast.Call):
            passed.add(id(part.func))  # `torch.autograd.grad`
            name = getattr(part.func, "attr", getattr(part.func, "id", ""))
            if name == "step":
                return False
            passed |= set(map(id, part.args)) if name in _SHARED else set()
        elif isinstance(part, ast.Compare):
            passed |= {id(part.left), *map(id, part.comparators)}  # `weight.grad is None`
    for part in walk(node):
        if isinstance(part, ast.Attribute) and part.attr == "grad" and _is_read(part) and id(part) not in passed:
            read.add(_root(part.value))
        elif isinstance(part, ast.Attribute) and part.attr in _IN_PLACE and not _of_gradient(part.value):
            changed.add(_root(part.value))
        elif isinstance(part, ast.AugAssign):
            changed.add(_root(part.target))
    return bool(read) and not read & changed


def _is_read(node: ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Load)


def _of_gradient(node: ast.expr) -> bool:
    """Whether it is a gradient that is changed, and no weight: `weight.grad.mul_(scale)`."""
    return any(isinstance(part, ast.Attribute) and part.attr == "grad" for part in ast.walk(node))


def _root(node: ast.expr) -> str:
    """The name that something is a part of."""
    return name_of(root_of(node))
