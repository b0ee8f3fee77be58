"""Binary operators and comparisons of known values, bounded in the size of what they make."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

from rules.reading.source.values import ITEM_LIMIT, UNKNOWN, Budget, ExhaustedError, Value

_BITS_LIMIT = 65_536  # of one integer
_INTEGER: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.RShift: operator.rshift,
}
COMPARISONS: Mapping[type[ast.cmpop], Callable[[Value, Value], Value]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.eq,
    ast.IsNot: operator.ne,
}  # for scalars alone


def combine(budget: Budget, sign: ast.operator, left: Value, right: Value) -> Value:
    """The result of a binary operator, UNKNOWN for kinds that are not followed. Raises what the operator raises."""
    if isinstance(left, int) and isinstance(right, int):
        return _integer(sign, left, right)
    if isinstance(sign, ast.Div) and isinstance(left, (str, PurePosixPath)):
        return left / right if isinstance(right, PurePosixPath) else PurePosixPath(left) / right
    if isinstance(sign, ast.Add):
        return _joined(budget, left, right)
    if isinstance(sign, ast.Mult):
        return _repeated(budget, right, left) if isinstance(left, int) else _repeated(budget, left, right)
    return UNKNOWN


def _integer(sign: ast.operator, left: int, right: int) -> Value:
    if isinstance(sign, ast.LShift):
        return left << right if left.bit_length() + right < _BITS_LIMIT else UNKNOWN
    if isinstance(sign, ast.Pow):
        return left**right if right >= 0 and left.bit_length() * right < _BITS_LIMIT else UNKNOWN
    function = _INTEGER.get(type(sign))
    if function is None or left.bit_length() + right.bit_length() > _BITS_LIMIT:
        return UNKNOWN
    return function(left, right)


def _joined(budget: Budget, left: Value, right: Value) -> Value:
    if type(left) is not type(right) or not isinstance(left, (str, bytes, list, tuple)):
        return UNKNOWN
    _check_size(budget, left, len(left) + len(right))
    return left + right


def _repeated(budget: Budget, value: Value, times: Value) -> Value:
    if not isinstance(times, int) or not isinstance(value, (str, bytes, list, tuple)):
        return UNKNOWN
    _check_size(budget, value, len(value) * max(times, 0))
    return value * times


def _check_size(budget: Budget, like: Value, size: int) -> None:
    if isinstance(like, (list, tuple)) and size > ITEM_LIMIT:
        raise ExhaustedError(f"a list of more than {ITEM_LIMIT:,} items")
    budget.spend(size)
