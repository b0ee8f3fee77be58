"""Fused kernels: parts of the model are written as Triton or CUDA kernels.

## Recognised by
A live function that Triton compiles, or live code that builds a CUDA extension.

## Not to be confused with
Flash attention and other kernels of libraries; kernels that torch.compile writes.
"""

from __future__ import annotations

import ast

from rules.analysis.expressions import dotted
from rules.analysis.live import Program, Sighting

NAME = "megakernels"
TITLE = "Fused kernels"

_COMPILERS = {"triton.jit", "jit"}


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    for units in program.functions.values():
        for unit in units:
            decorators = getattr(unit.scope.node, "decorator_list", [])
            if any(dotted(d.func if isinstance(d, ast.Call) else d) in _COMPILERS for d in decorators):
                return unit.at()
    for name in ("load_inline", "load"):
        for unit, call in program.calls.get(name, ()):
            if name == "load_inline" or call.text.startswith(("cpp_extension.", "torch.utils.cpp_extension.")):
                return unit.at(call.line)
    return program.made("megakernel")
