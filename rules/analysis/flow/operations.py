"""The walker's operators: arithmetic, comparisons, and what they say of losses and settings."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from rules.analysis.configuration import Origin
from rules.analysis.expressions import text_of
from rules.analysis.flow.aims import hinted, mixed, weighed
from rules.analysis.flow.blends import blended_in
from rules.analysis.flow.chunks import moved_along
from rules.analysis.flow.events import Kind
from rules.analysis.flow.files import folder_labels, of_file, text_labels
from rules.analysis.flow.formatting import by_percent, path_and
from rules.analysis.flow.labels import (
    CLOCK,
    DATA,
    HOT,
    LEAST,
    LOGITS,
    LOGP,
    NLL,
    NONE,
    RAMP,
    RANK,
    SCALED,
    SHIFTED,
    SPREAD,
    TOP,
    TRAIN,
    VAL,
    Cut,
    Label,
    Labels,
    Less,
    literals,
)
from rules.analysis.flow.marks import is_mixture, is_own_share, is_shifted, limited, marked, matched
from rules.analysis.flow.objects import (
    Array,
    Bound,
    Class,
    Count,
    Function,
    Instance,
    Library,
    ModuleOf,
)
from rules.analysis.flow.plain import is_script, same_type
from rules.analysis.flow.pseudo import added
from rules.analysis.flow.rivals import gap, relative, smaller
from rules.analysis.flow.stretches import PLAIN_BOUNDS, Stretches
from rules.analysis.flow.trust import owned
from rules.analysis.flow.values import MOST_ITEMS, NOTHING, UNKNOWN, Value, constant, joined, without

_OF_LOSSES = frozenset({NLL, LOGITS, TOP, LEAST, SCALED})  # without any of these no operator says anything of losses
MOST_TEXT = 10_000
MOST_BITS = 4_096
_ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_OPERATORS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda one, other: one in other,
    ast.NotIn: lambda one, other: one not in other,
}


class Operations(Stretches):
    """Values put together, and compared."""

    def truth(self, value: Value) -> bool | None:
        """Whether the value is true, None where that is not known."""
        if value.known:
            try:
                return bool(value.const)
            except (TypeError, ValueError):
                return None
        if value.items is not None and not value.optional:
            return bool(value.items)
        if isinstance(value.ref, (Function, Class, Instance, ModuleOf)) and not value.optional:
            return True
        return None

    def _binary(self, node: ast.BinOp) -> Value:
        one, other = self.value(node.left), self.value(node.right)
        if isinstance(node.op, ast.Div) and is_own_share(node.left, node.right):
            self.trace.shared(one.all_labels())
        if isinstance(node.op, ast.Mod) and isinstance(one.const, str):
            shown = (literals(part.const) for part in other.items or (other,))
            return by_percent(one.const, other).plus(frozenset[Label]().union(*shown))
        found = self.arithmetic(one, other, node.op, node)
        if not found.labels or found.labels & DATA:
            less: Labels = NONE
        else:  # what was taken away before is of another place
            less = frozenset(label for label in found.labels if isinstance(label, Less))
        for label in less:
            found = without(found, label)
        if isinstance(node.op, ast.Add) and CLOCK in found.labels:
            return found.plus(limited(one, other))
        if isinstance(node.op, ast.Sub) and isinstance(node.right, PLAIN_BOUNDS) and not found.labels & DATA:
            return found.plus({Less(text_of(node.right), self.scope.function)})
        return found

    def arithmetic(self, one: Value, other: Value, op: ast.AST, node: ast.AST | None = None) -> Value:
        """Two values put together."""
        one, other = _shares(one, other, op)
        if one.known and other.known:
            folded = _fold(op, one.const, other.const)
            if folded is not UNKNOWN:
                labels = one.labels | other.labels
                whole = text_labels(folded) if isinstance(folded, str) else NONE
                return Value(of_file(labels, whole, labels) if whole else labels, folded)
        if isinstance(op, ast.Div) and is_script(other):  # a path whose folder is not known
            return Value(one.labels | other.labels, other.const)
        if isinstance(op, ast.Add) and one.items is not None and other.items is not None:
            items = (*one.items, *other.items)
            return Value(one.labels | other.labels, items=items[:MOST_ITEMS])
        if isinstance(op, ast.Mult) and one.items is not None and len(one.items) == 1:
            return Value(one.labels, ref=self.array(node, element=one.items[0]) if node is not None else None)
        if isinstance(op, ast.Add) and isinstance(other.const, str):
            path = path_and(one, other.const)
            if path is not None:
                return path
        place = self.moved(one, other, op)
        labels = one.all_labels() | other.all_labels()
        if isinstance(op, (ast.Add, ast.Div)):
            own = other.labels | (folder_labels(other.const) if isinstance(op, ast.Div) else NONE)
            labels = of_file(labels | own, own, one.labels)
        if isinstance(op, ast.Div):
            self.divided(one, other)
        labels = moved_along(labels, one, other, op)
        if node is not None:
            labels = self._told(labels, one, other, op, node)
        else:
            labels |= marked(one.all_labels(), other.all_labels(), op)
        ref = one.ref if isinstance(one.ref, Count) and place is not None and other.known else None
        return Value(labels, place=place, ref=ref or self._shares_of(one, other, node))

    def _told(self, labels: Labels, one: Value, other: Value, op: ast.AST, node: ast.AST) -> Labels:
        """The labels of two values together, with what becomes of losses and probabilities."""
        if labels.isdisjoint(_OF_LOSSES):
            return labels
        if HOT in labels and isinstance(op, ast.Mult) and LOGITS in labels and NLL not in labels:
            return self.at_token(labels - {HOT}, NONE, node)
        marks = marked(one.all_labels(), other.all_labels(), op)
        labels |= marks
        if SPREAD in marks and VAL in labels:
            self.note(Kind.SPREAD, node, "", labels)
        if NLL in labels:
            labels |= mixed(one, other, op, node, self)
        elif LOGITS in labels:
            labels = weighed(labels, one, other, node, self)
        if TOP in labels:
            labels = added(labels, one, other, node, self)
        if NLL in labels:
            labels |= owned(one, other, op, node, self) | blended_in(one, other, op, node, self)
        labels = relative(labels, one.all_labels(), other.all_labels(), op)
        if NLL in labels:
            labels = gap(labels, one.all_labels(), other.all_labels(), op, node, self)
        if is_mixture(one.all_labels(), other.all_labels(), op):
            labels -= {SCALED}
        if is_shifted(one, other, op):
            labels |= {SHIFTED}
        if isinstance(op, ast.Mult) and self.scaled(one, other, node):
            labels |= {SCALED}
        return labels

    def _shares_of(self, one: Value, other: Value, node: ast.AST | None) -> Array | None:
        """The table that a table of counts becomes when it is made into shares, or smoothed: `n / n.sum()`."""
        for table, by in ((one, other), (other, one)):
            if isinstance(table.ref, Array) and table.ref.writes and not table.ref.container:
                labels = table.all_labels()
                if by.all_labels() - labels & {VAL, TRAIN} or NLL in labels:
                    return None
                made = self.array(node)
                made.writes = table.ref.writes
                return made
        return None

    def _unary(self, node: ast.UnaryOp) -> Value:
        value = self.value(node.operand)
        if value.known:
            try:
                if isinstance(node.op, ast.Not):
                    return constant(not value.const)
                if isinstance(node.op, ast.USub):
                    return constant(-value.const)
            except TypeError:
                return NOTHING
        if isinstance(node.op, ast.Not):
            truth = self.truth(value)
            if truth is not None:
                return constant(not truth)
        return Value(value.all_labels() - {LOGP} if isinstance(node.op, ast.USub) else value.all_labels())

    def _boolean(self, node: ast.BoolOp) -> Value:
        decides = isinstance(node.op, ast.Or)
        found: list[Value] = []
        for operand in node.values:
            value = self.value(operand)
            truth = self.truth(value)
            if truth is decides:
                return value if not found else joined(*found, value)
            if truth is None:
                found.append(value)
            else:
                last = value
                if operand is node.values[-1]:
                    found.append(last)
        if not found:
            return constant(not decides)
        if len(found) == 1:
            return found[0]
        either = joined(*found)
        if not decides:
            return Value(either.labels, ref=found[-1].ref)
        return Value(either.labels, ref=either.ref, optional=found[-1].is_none)  # `tables or None`

    def _compare(self, node: ast.Compare) -> Value:
        one, others = self.value(node.left), [self.value(o) for o in node.comparators]
        if len(others) == 1:
            result = self._compared(one, others[0], node.ops[0])
            if result is not UNKNOWN:
                return constant(result)
        labels, beside = one.all_labels(), others[0].all_labels()
        if len(others) == 1 and {VAL, NLL} <= labels & beside and isinstance(node.ops[0], _ORDERS):
            self.note(Kind.COMPARED, node, "", labels | beside, detail=node)
            labels |= smaller(labels, beside, self)
        if isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
            labels |= matched(labels, beside)
        else:
            labels |= limited(one, others[0])
        for op, other in zip(node.ops, others, strict=True):
            if isinstance(op, (ast.In, ast.NotIn)) and isinstance(other.ref, Array) and one.all_labels() & {VAL, TRAIN}:
                labels |= self.looked_up(other, one, node).labels
            labels |= other.all_labels()
        if len(others) == 1 and isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
            labels |= hinted(one, others[0])
        elif len(others) == 1:
            labels |= self._masked(node, one, others[0])
        return Value(labels - {RAMP})  # which places are meant, and no number of theirs

    def _masked(self, node: ast.Compare, one: Value, other: Value) -> Labels:
        """Of `positions < bound`: a mask of the part before the bound; of `positions >= bound` of the part after it."""
        op, right = node.ops[0], node.comparators[0]
        if (one.place is None and other.place is None) or not isinstance(op, _ORDERS):
            return NONE
        if (one.all_labels() | other.all_labels()) & DATA:
            return NONE
        before = isinstance(op, (ast.Lt, ast.LtE))
        if one.place is not None and isinstance(right, PLAIN_BOUNDS):
            bound = right
        elif other.place is not None and isinstance(node.left, PLAIN_BOUNDS):
            bound, before = node.left, not before
        else:
            return NONE
        return frozenset({Cut("to" if before else "from", text_of(bound), self.scope.function)})

    def _compared(self, one: Value, other: Value, op: ast.cmpop) -> Any:
        if isinstance(op, (ast.Is, ast.IsNot)):
            same = _is_same(one, other)
            return UNKNOWN if same is None else same == isinstance(op, ast.Is)
        if isinstance(op, (ast.Eq, ast.NotEq)):
            same = same_type(one, other)
            if same is not UNKNOWN:
                return same == isinstance(op, ast.Eq)
        if isinstance(op, (ast.In, ast.NotIn)) and isinstance(other.ref, Library):
            return self._is_set(one, other.ref.name, op)
        if one.known and other.known:
            return _fold(op, one.const, other.const)
        if (
            isinstance(op, (ast.In, ast.NotIn))
            and one.known
            and other.items is not None
            and all(i.known for i in other.items)
        ):
            return _fold(op, one.const, [i.const for i in other.items])
        return UNKNOWN

    def _is_set(self, name: Value, where: str, op: ast.cmpop) -> Any:
        """Whether a variable of the environment was given for the claimed run."""
        if where not in ("os.environ", "environ") or not isinstance(name.const, str):
            return UNKNOWN
        origin = self.configuration.origin(name.const)
        if origin in (Origin.COMMAND, Origin.README):
            return isinstance(op, ast.In)
        return UNKNOWN


def _shares(one: Value, other: Value, op: ast.AST) -> tuple[Value, Value]:
    """Two values that are put together: `rank + 1` is no longer where the share of this process begins."""
    if isinstance(op, (ast.Add, ast.Sub)) and (RANK in one.labels or RANK in other.labels):
        return without(one, RANK), without(other, RANK)
    return one, other


def _fold(op: ast.AST, one: Any, other: Any) -> Any:
    function = _OPERATORS.get(type(op))
    if function is None:
        if isinstance(op, ast.Pow) and isinstance(one, (int, float)) and isinstance(other, (int, float)):
            return one**other if abs(other) <= 64 and abs(one) <= 1e6 else UNKNOWN
        if isinstance(op, ast.LShift) and isinstance(one, int) and isinstance(other, int) and 0 <= other <= 64:
            return one << other if one.bit_length() <= MOST_BITS else UNKNOWN
        return UNKNOWN
    if isinstance(op, ast.Mult) and (isinstance(one, (str, tuple, list)) or isinstance(other, (str, tuple, list))):
        return UNKNOWN
    if isinstance(op, ast.Mod) and isinstance(one, (str, bytes)):
        return UNKNOWN  # a width may make it as long as it likes
    try:
        result = function(one, other)
    except (TypeError, ValueError, ArithmeticError, KeyError):
        return UNKNOWN
    return result if _is_small(result) else UNKNOWN


def _is_small(result: Any) -> bool:
    """Whether a value is no larger than scripts have any: what grows by itself at each line never ends."""
    if isinstance(result, int):
        return result.bit_length() <= MOST_BITS
    return not isinstance(result, (str, bytes, tuple, list)) or len(result) <= MOST_TEXT


def _is_same(one: Value, other: Value) -> bool | None:
    for value, none in ((one, other), (other, one)):
        if none.known and none.const is None:
            if value.known:
                return value.const is None
            is_something = value.items is not None or value.labels & DATA or _is_object(value)
            return False if is_something and not value.optional else None
    if one.known and other.known:
        return one.const is other.const
    return None


def _is_object(value: Value) -> bool:
    """Whether it is surely an object: a method of something unknown may be a plain attribute."""
    ref = value.ref
    if isinstance(ref, Bound):
        return isinstance(ref.function, Function)
    return ref is not None and not isinstance(ref, Library)
