"""Depth recurrence: some blocks run several times in one forward pass, so the network is deeper than it is large.

## Recognised by
Live code that repeats a segment of layers ("loop_seg", "recur_layers"), builds an embedding for each pass, loops over
the blocks inside a loop over passes, or picks a block by its number modulo the count of blocks.

## Not to be confused with
State-space layers, which recur over time; weight sharing within a layer.
"""

from __future__ import annotations

import ast
from functools import lru_cache

from rules.analysis.live import Program, Sighting, Unit
from rules.analysis.words import words_of
from rules.syntax import walk

NAME = "depth-recurrence"
TITLE = "Depth recurrence"

# What a script calls the layers that it repeats, and the setting that turns them off.
_SEGMENTS = {"loop_seg": "num_loops", "_v2p_recur": "recur_layers", "recur_layers": "recur_layers"}
_BUILT = ("iter embeds", "iter embed", "iter embedding", "loop embed", "loop embeds", "set recurrence")
_PASSES = ("forward", "forward_logits")
_BLOCKS = {"blocks", "layers", "block", "shared"}


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    for name, switch in _SEGMENTS.items():
        if not program.configuration.is_off(switch):
            for unit, bound in program.bindings.get(name, ()):
                if not _is_empty(bound.value):
                    return unit.at(bound.line)
    return _by_structure(program) or program.made_any(*_BUILT)


def _is_empty(value: ast.expr | None) -> bool:
    """`None`, `""`, `[]` or `set()`."""
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id in ("set", "list", "tuple") and not value.args
    return isinstance(value, ast.Constant | ast.List | ast.Tuple) and not (getattr(value, "elts", None))


def _by_structure(program: Program) -> Sighting | None:
    units: list[Unit] = [unit for name in _PASSES for unit in program.functions.get(name, ())]
    for unit in units:
        if unit.scope.class_name and any(map(_says_blocks, unit.names)):
            line = _modulo(unit) or _nested(unit, program)
            if line is not None:
                return unit.at(line)
    return None


@lru_cache(maxsize=8192)
def _says_blocks(name: str) -> bool:
    return not _BLOCKS.isdisjoint(words_of(name))


def _modulo(unit: Unit) -> int | None:
    """`self.blocks[i % n]`."""
    for node in walk(unit.scope.node):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.BinOp) and isinstance(node.slice.op, ast.Mod):
            blocks = node.value.attr if isinstance(node.value, ast.Attribute) else ""
            if _says_blocks(blocks):
                return node.lineno
    return None


def _nested(unit: Unit, program: Program) -> int | None:
    """`for _ in range(n): for block in self.blocks: …` with n other than 1."""
    for outer in walk(unit.scope.node):
        if isinstance(outer, ast.For) and isinstance(outer.iter, ast.Call) and outer.iter.args:
            once = program.values(outer.iter.args[-1]) == (1,)
            for inner in walk(outer):
                if isinstance(inner, ast.For) and inner is not outer and not once and _over_blocks(inner.iter):
                    return outer.lineno
    return None


def _over_blocks(node: ast.expr) -> bool:
    """`self.blocks` or `enumerate(self.blocks)`."""
    if isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Name) and node.func.id == "enumerate":
        node = node.args[0]
    return isinstance(node, ast.Attribute) and _says_blocks(node.attr)
