"""With how many bits the weights of a submission are stored, as far as its code tells.

Three kinds of evidence, all from live code: settings named so ("matrix_bits"), ranges that rounded values are clamped
to (31 levels to each side are 6 bits), and, where no number is found, names ("quantize_int6_per_row").
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from rules.analysis.live import Program, Sighting, Unit
from rules.analysis.words import words_of

_BITS = {7: 4, 15: 5, 31: 6, 63: 7, 127: 8}  # largest level of a signed range
_RANGES = (("range", "clip"), ("range", "quant"), ("qmax",), ("maxq",), ("q", "max"), ("q", "clip"))
_CLAMPS = ("clamp", "clamp_", "clip", "clip_")
_QUANTIZES = ("quantize", "quant", "gptq", "ste", "fake", "mixed")
_OTHER_USES = {"lqer", "kv", "cache", "act", "activation", "activations"}
_OTHER_BITS = {"kv", "act", "activation", "header", "hash", "factor", "lqer", "fp", "rng", "qat", "loss"}


def stored_bits(program: Program) -> dict[int, Sighting]:
    """Bits (4 to 8) with the place that shows them."""
    return program.remember(_find)


def _find(program: Program) -> dict[int, Sighting]:
    found: dict[int, Sighting] = {}
    for bits, sighting in (*_from_settings(program), *_from_ranges(program), *_from_clamps(program)):
        found.setdefault(bits, sighting)
    for bits in _BITS.values():
        named = _from_names(program, bits)
        if named is not None and (bits == 8 or not any(known < 8 for known in found)):
            found.setdefault(bits, named)
    return found


def _from_settings(program: Program) -> Iterator[tuple[int, Sighting]]:
    """`matrix_bits = 6`, given by a log, a command or the script, and read in live code."""
    for name in program.named("bits"):
        if name in program.names and not _OTHER_BITS & set(words_of(name)):
            unit, line = program.names[name]
            number = program.configuration.number(name)
            if number is not None and number in _BITS.values():
                yield int(number), unit.at(line)


def _from_ranges(program: Program) -> Iterator[tuple[int, Sighting]]:
    """Values that a name like `clip_range` receives, by assignment, keyword or as a default."""
    for name in dict.fromkeys(name for words in _RANGES for name in program.named(*words)):
        for unit, bound in program.bindings.get(name, ()):
            yield from _levels(program, bound.value, unit, bound.line)
    for unit in (
        unit for units in program.functions.values() for unit in units if any(map(_is_range, unit.scope.args))
    ):
        for name, default in program.defaults(unit):
            if _is_range(name):
                yield from _levels(program, default, unit, unit.scope.line)


def _from_clamps(program: Program) -> Iterator[tuple[int, Sighting]]:
    """`clamp(round(x), -31, 31)` and its kin."""
    for name in _CLAMPS:
        for unit, call in program.calls.get(name, ()):
            arguments = call.node.args[-2:]
            other = _OTHER_USES & set(words_of(unit.scope.name))
            if len(arguments) == 2 and not other and unit.uses("round") and isinstance(arguments[0], ast.UnaryOp):
                yield from _levels(program, arguments[1], unit, call.line)


def _from_names(program: Program, bits: int) -> Sighting | None:
    return next((s for word in _QUANTIZES if (s := program.made(f"int{bits}", word)) is not None), None)


def _levels(program: Program, node: ast.expr | None, unit: Unit, line: int) -> Iterator[tuple[int, Sighting]]:
    for value in (program.values(node) if node is not None else ()) or ():
        if isinstance(value, (int, float)) and value in _BITS:
            yield _BITS[int(value)], unit.at(line)


@lru_cache(maxsize=4096)
def _is_range(name: str) -> bool:
    words = set(words_of(name))
    return any(words.issuperset(wanted) for wanted in _RANGES)
