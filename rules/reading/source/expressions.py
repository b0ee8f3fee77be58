"""The value of an expression, as far as it is known without running anything."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath

from rules.reading.source.evaluation import Evaluation, Frame
from rules.reading.source.methods import attribute
from rules.reading.source.operators import COMPARISONS, combine
from rules.reading.source.values import (
    ITEM_LIMIT,
    UNKNOWN,
    ExhaustedError,
    Handle,
    Loader,
    Method,
    Origin,
    Symbol,
    Value,
    is_scalar,
)

_COPIED = 64  # names up to which a comprehension gets its own
_NOTED = 40  # characters from which a literal's line is remembered


class Expressions(Evaluation):
    """Evaluates expressions. A subclass says what a call does."""

    def value(self, node: ast.expr | None, frame: Frame) -> Value:
        """The value of an expression, UNKNOWN for kinds that are not followed."""
        if node is None:
            return None
        self.budget.step()
        try:
            return _EVALUATORS.get(type(node), Expressions._others)(self, node, frame)
        except (ExhaustedError, RecursionError):
            raise
        except Exception:  # what a function raises on hostile arguments cannot be foreseen
            return UNKNOWN

    def _others(self, node: ast.expr, frame: Frame) -> Value:
        """A kind of expression that is not followed: its parts may still call something."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child, frame)
        return UNKNOWN

    def _constant(self, node: ast.Constant, _frame: Frame) -> Value:
        if isinstance(node.value, (str, bytes)) and len(node.value) >= _NOTED:
            self.origins.put(node.value, Origin(node.lineno))
        return node.value

    def _name(self, node: ast.Name, frame: Frame) -> Value:
        return frame.lookup(node.id)

    def _namedexpr(self, node: ast.NamedExpr, frame: Frame) -> Value:
        value = self.value(node.value, frame)
        frame.names[node.target.id] = value
        return value

    def _attribute(self, node: ast.Attribute, frame: Frame) -> Value:
        owner = self.value(node.value, frame)
        if isinstance(owner, Symbol):
            return self.symbol(f"{owner.name}.{node.attr}")
        if owner is UNKNOWN:
            return UNKNOWN
        if isinstance(owner, Loader) and node.attr == "loader":
            return owner
        if isinstance(owner, Handle) and node.attr == "name":
            return owner.path
        if isinstance(owner, PurePosixPath):
            try:
                return attribute(owner, node.attr)
            except LookupError:
                pass
        return Method(owner, node.attr)

    def _call(self, node: ast.Call, frame: Frame) -> Value:
        function = self.value(node.func, frame)
        args: list[Value] = []
        for arg in node.args:
            value = self.value(arg.value if isinstance(arg, ast.Starred) else arg, frame)
            if not isinstance(arg, ast.Starred):
                args.append(value)
            elif isinstance(value, (list, tuple)):
                args += value
            else:
                args.append(UNKNOWN)
        keywords: dict[str, Value] = {}
        for keyword in node.keywords:
            value = self.value(keyword.value, frame)
            if keyword.arg is not None:
                keywords[keyword.arg] = value
            elif isinstance(value, dict):
                keywords.update({name: item for name, item in value.items() if isinstance(name, str)})
        return self.call(function, args, keywords, node, frame)

    def _tuple(self, node: ast.Tuple, frame: Frame) -> Value:
        return tuple(self._elements(node.elts, frame))

    def _list(self, node: ast.List, frame: Frame) -> Value:
        return self._elements(node.elts, frame)

    def _set(self, node: ast.Set, frame: Frame) -> Value:
        return self._elements(node.elts, frame)

    def _elements(self, nodes: Sequence[ast.expr], frame: Frame) -> list[Value]:
        found: list[Value] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                found += self.items(self.value(node.value, frame)) or [UNKNOWN]
            else:
                found.append(self.value(node, frame))
        if len(found) > ITEM_LIMIT:
            raise ExhaustedError(f"a list of more than {ITEM_LIMIT:,} items")
        return found

    def _dict(self, node: ast.Dict, frame: Frame) -> Value:
        found: dict[Value, Value] = {}
        for key, item in zip(node.keys, node.values, strict=True):
            value = self.value(item, frame)
            if key is None:
                found.update(value if isinstance(value, dict) else {})
            elif is_scalar(name := self.value(key, frame)):
                found[name] = value
        return found

    def _ifexp(self, node: ast.IfExp, frame: Frame) -> Value:
        test = self.value(node.test, frame)
        if is_scalar(test):
            return self.value(node.body if test else node.orelse, frame)
        first, second = self.value(node.body, frame), self.value(node.orelse, frame)
        return first if is_scalar(first) and is_scalar(second) and first == second else UNKNOWN

    def _boolop(self, node: ast.BoolOp, frame: Frame) -> Value:
        value: Value = UNKNOWN
        known = True
        for item in node.values:
            value = self.value(item, frame)
            if not known or not is_scalar(value):
                known = False
            elif bool(value) is isinstance(node.op, ast.Or):
                return value
        return value if known else UNKNOWN

    def _unaryop(self, node: ast.UnaryOp, frame: Frame) -> Value:
        value = self.value(node.operand, frame)
        if isinstance(node.op, ast.Not):
            return not value if is_scalar(value) else UNKNOWN
        if not isinstance(value, (int, float)):
            return UNKNOWN
        if isinstance(node.op, ast.Invert):
            return ~value if isinstance(value, int) else UNKNOWN
        return -value if isinstance(node.op, ast.USub) else value

    def _compare(self, node: ast.Compare, frame: Frame) -> Value:
        left = self.value(node.left, frame)
        result: Value = True
        for sign, item in zip(node.ops, node.comparators, strict=True):
            right = self.value(item, frame)
            if not (is_scalar(left) and is_scalar(right)):
                result = UNKNOWN
            elif result is True:
                result = COMPARISONS[type(sign)](left, right)
            left = right
        return result

    def _binop(self, node: ast.BinOp, frame: Frame) -> Value:
        left, right = self.value(node.left, frame), self.value(node.right, frame)
        return self.derived(combine(self.budget, node.op, left, right), left, right)

    def _subscript(self, node: ast.Subscript, frame: Frame) -> Value:
        owner, index = self.value(node.value, frame), self.value(node.slice, frame)
        if isinstance(owner, Symbol):
            return Symbol(f"{owner.name}.{index}") if isinstance(index, str) and index.isidentifier() else UNKNOWN
        if isinstance(owner, dict):
            return owner[index] if is_scalar(index) else UNKNOWN
        if not isinstance(owner, (str, bytes, list, tuple, range)) or not isinstance(index, (int, slice)):
            return UNKNOWN
        result: Value = owner[index]
        if isinstance(index, slice):
            self.budget.spend(len(result))
        return self.derived(result, owner)

    def _slice(self, node: ast.Slice, frame: Frame) -> Value:
        parts = [self.value(part, frame) for part in (node.lower, node.upper, node.step)]
        return slice(*parts) if all(part is None or isinstance(part, int) for part in parts) else UNKNOWN

    def _joinedstr(self, node: ast.JoinedStr, frame: Frame) -> Value:
        parts: list[str] = []
        for piece in node.values:
            value = self.value(piece.value if isinstance(piece, ast.FormattedValue) else piece, frame)
            if not isinstance(value, (str, int, PurePosixPath)):
                value = None
            plain = not isinstance(piece, ast.FormattedValue) or (piece.conversion < 0 and piece.format_spec is None)
            parts.append(str(value) if value is not None and plain else "\0")
        self.budget.spend(sum(len(part) for part in parts))
        return UNKNOWN if "\0" in parts else "".join(parts)

    def _lambda(self, node: ast.Lambda, frame: Frame) -> Value:
        return self.function(node, frame)

    def _listcomp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, frame: Frame) -> Value:
        source = self.value(node.generators[0].iter, frame)
        items = [self.value(node.elt, inner) for inner in self._loops(node.generators, source, frame)]
        return self.derived(items, source)

    def _dictcomp(self, node: ast.DictComp, frame: Frame) -> Value:
        found: dict[Value, Value] = {}
        source = self.value(node.generators[0].iter, frame)
        for inner in self._loops(node.generators, source, frame):
            key = self.value(node.key, inner)
            if is_scalar(key):
                found[key] = self.value(node.value, inner)
        return found

    def _loops(self, generators: Sequence[ast.comprehension], source: Value, frame: Frame) -> Iterator[Frame]:
        """The frames in which the element of a comprehension is evaluated. Raises ValueError for unknown ones.

        `source` is the value that the first of the generators runs over.
        """
        items = self.items(source)
        if items is None:
            raise ValueError("an iterable that is not known")
        first, rest = generators[0], generators[1:]
        for item in items:
            self.budget.step()
            inner = Frame({**frame.names} if len(frame.names) < _COPIED else frame.names, frame.module)
            self.bind(first.target, item, inner)
            tests = [self.value(test, inner) for test in first.ifs]
            if any(not is_scalar(test) for test in tests):
                raise ValueError("a condition that is not known")
            if all(tests):
                yield from self._loops(rest, self.value(rest[0].iter, inner), inner) if rest else [inner]


_EVALUATORS: dict[type[ast.expr], Callable[..., Value]] = {
    ast.Constant: Expressions._constant,
    ast.Name: Expressions._name,
    ast.NamedExpr: Expressions._namedexpr,
    ast.Attribute: Expressions._attribute,
    ast.Call: Expressions._call,
    ast.Tuple: Expressions._tuple,
    ast.List: Expressions._list,
    ast.Set: Expressions._set,
    ast.Dict: Expressions._dict,
    ast.IfExp: Expressions._ifexp,
    ast.BoolOp: Expressions._boolop,
    ast.UnaryOp: Expressions._unaryop,
    ast.Compare: Expressions._compare,
    ast.BinOp: Expressions._binop,
    ast.Subscript: Expressions._subscript,
    ast.Slice: Expressions._slice,
    ast.JoinedStr: Expressions._joinedstr,
    ast.Lambda: Expressions._lambda,
    ast.ListComp: Expressions._listcomp,
    ast.GeneratorExp: Expressions._listcomp,
    ast.SetComp: Expressions._listcomp,
    ast.DictComp: Expressions._dictcomp,
}
