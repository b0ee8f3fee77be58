"""Which values an expression may have, as far as constants decide it.

The answer is a tuple of possible constants, `ANYTHING` where that is not known, and the empty tuple where nothing that
is known to run gives a value. What a name may hold is asked of the caller.
"""

from __future__ import annotations

import ast
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable
from itertools import product
from typing import Any

from rules.analysis.expressions import number_of
from rules.analysis.scopes import EnvironmentRead

Values = tuple[Any, ...] | None
ANYTHING: Values = None

_DEPTH = 12
_ITEMS = 32  # of a display of constants
_MOST = 8  # possible values of one expression that are told apart

_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: lambda a, b: a is b if a is None or b is None else a == b,
    ast.IsNot: lambda a, b: a is not b if a is None or b is None else a != b,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
_CONVERSIONS: dict[str, Callable[[Any], Any]] = {"int": int, "float": float, "bool": bool, "str": str}
_METHODS: dict[str, Callable[[str], Any]] = {"lower": str.lower, "upper": str.upper, "strip": str.strip}


def merge(one: Values, other: Values) -> Values:
    """Values that either side may have."""
    if one is None or other is None:
        return ANYTHING
    if not one or not other:
        return one or other
    both = list(one)
    for value in other:
        if not any(type(value) is type(known) and value == known for known in both):
            both.append(value)
    return tuple(both) if len(both) <= _MOST else ANYTHING


def may_be(values: Values, truth: bool) -> bool:
    """Whether one of the values has that truth."""
    return values is None or any(bool(value) is truth for value in values)


class Evaluator(ABC):
    """Evaluates expressions within bounds of depth and number of values."""

    @abstractmethod
    def name(self, name: str) -> Values:
        """What a name or attribute may hold."""

    @abstractmethod
    def setting(self, node: ast.expr) -> EnvironmentRead | None:
        """The setting that the expression reads from the environment."""

    @abstractmethod
    def setting_values(self, read: EnvironmentRead, depth: int) -> Values:
        """What such a setting may hold."""

    @abstractmethod
    def attribute_or(self, node: ast.Call, name: str, default: Values) -> Values:
        """What `getattr(x, name, default)` may give."""

    def values(self, node: ast.expr | None, depth: int = _DEPTH) -> Values:
        """The possible values of an expression."""
        if isinstance(node, ast.Constant):
            return (node.value,)
        if isinstance(node, ast.Name):
            return self.name(node.id)
        if isinstance(node, ast.Attribute):
            return self.name(node.attr)
        handler = _HANDLERS.get(type(node))
        if handler is None or depth == 0:
            return ANYTHING
        return handler(self, node, depth - 1)

    def _call(self, node: ast.Call, depth: int) -> Values:
        read = self.setting(node)
        if read is not None:
            return self.setting_values(read, depth)
        func, arguments = node.func, node.args
        if isinstance(func, ast.Name) and func.id in _CONVERSIONS and len(arguments) == 1:
            return _mapped(_CONVERSIONS[func.id], self.values(arguments[0], depth))
        if isinstance(func, ast.Name) and func.id == "getattr" and 2 <= len(arguments) <= 3:
            return self._getattr(node, depth)
        if isinstance(func, ast.Attribute) and func.attr in _METHODS and not arguments:
            return _mapped(_METHODS[func.attr], self.values(func.value, depth))
        return ANYTHING

    def _getattr(self, node: ast.Call, depth: int) -> Values:
        key = node.args[1]
        if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
            return ANYTHING
        default = self.values(node.args[2], depth) if len(node.args) == 3 else ()
        return self.attribute_or(node, key.value, default)

    def _subscript(self, node: ast.Subscript, depth: int) -> Values:
        read = self.setting(node)
        return ANYTHING if read is None else self.setting_values(read, depth)

    def _unary(self, node: ast.UnaryOp, depth: int) -> Values:
        if isinstance(node.op, ast.Not):
            return _mapped(operator.not_, self.values(node.operand, depth))
        return _constant_number(node)

    def _boolean(self, node: ast.BoolOp, depth: int) -> Values:
        """`and` and `or`: the first operand whose truth decides, else the last."""
        decides = isinstance(node.op, ast.Or)
        result: Values = ()
        unknown = missing = False
        for position, operand in enumerate(node.values):
            values = self.values(operand, depth)
            last = position == len(node.values) - 1
            if values == ():
                missing = True
            elif values is None:
                unknown = True
            else:
                result = merge(result, values if last else tuple(v for v in values if bool(v) is decides))
                if not may_be(values, not decides):  # nothing after this operand is reached
                    sure = not missing and not unknown
                    return result if sure else (decides,)
        if missing:
            return ()
        return ANYTHING if unknown else result

    def _compare(self, node: ast.Compare, depth: int) -> Values:
        compare = _COMPARISONS.get(type(node.ops[0]))
        if len(node.ops) != 1 or compare is None:
            return ANYTHING
        left, right = self.values(node.left, depth), self.values(node.comparators[0], depth)
        if left == () or right == ():
            return ()
        if left is None or right is None or len(left) * len(right) > 2 * _MOST:
            return ANYTHING
        result: Values = ()
        for one, other in product(left, right):
            try:
                result = merge(result, (bool(compare(one, other)),))
            except TypeError:
                return ANYTHING
        return result

    def _conditional(self, node: ast.IfExp, depth: int) -> Values:
        test = self.values(node.test, depth)
        if test == ():
            return ()
        result: Values = ()
        if may_be(test, True):
            result = self.values(node.body, depth)
        return merge(result, self.values(node.orelse, depth)) if may_be(test, False) else result

    def _sequence(self, node: ast.Tuple | ast.List | ast.Set, depth: int) -> Values:
        """A display of constants is one value; a longer or other one is not known."""
        found = [self.values(item, depth) for item in node.elts[:_ITEMS]]
        if len(node.elts) > _ITEMS or any(values is None or len(values) != 1 for values in found):
            return ANYTHING
        return (tuple(values[0] for values in found if values),)

    def _walrus(self, node: ast.NamedExpr, depth: int) -> Values:
        return self.values(node.value, depth)


def _constant_number(node: ast.expr) -> Values:
    number = number_of(node)
    return ANYTHING if number is None else (number,)


def _mapped(convert: Callable[[Any], Any], values: Values) -> Values:
    if values is None:
        return ANYTHING
    result: Values = ()
    for value in values:
        try:
            result = merge(result, (convert(value),))
        except (TypeError, ValueError, OverflowError):
            return ANYTHING
    return result


_HANDLERS: dict[type, Callable[[Evaluator, Any, int], Values]] = {
    ast.Call: Evaluator._call,
    ast.Subscript: Evaluator._subscript,
    ast.UnaryOp: Evaluator._unary,
    ast.BinOp: lambda _, node, __: _constant_number(node),
    ast.BoolOp: Evaluator._boolean,
    ast.Compare: Evaluator._compare,
    ast.IfExp: Evaluator._conditional,
    ast.Tuple: Evaluator._sequence,
    ast.List: Evaluator._sequence,
    ast.Set: Evaluator._sequence,
    ast.NamedExpr: Evaluator._walrus,
}
