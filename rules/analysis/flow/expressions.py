"""The walker's expressions: what a value may be, with its labels."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from rules.analysis.flow.aims import aims
from rules.analysis.flow.events import Block, Round
from rules.analysis.flow.files import EVERY, FILES, every_split, file_labels, narrowed, of_file, text_labels
from rules.analysis.flow.labels import BYTES, MATCHED, NLL, NONE, PARTLY, STORED, VAL, Kept, Labels, Turn, literals
from rules.analysis.flow.leftout import leaves_out
from rules.analysis.flow.objects import (
    Array,
    Function,
    Library,
)
from rules.analysis.flow.operations import MOST_TEXT, Operations
from rules.analysis.flow.picking import tries
from rules.analysis.flow.prints import written
from rules.analysis.flow.values import MOST_ITEMS, NOTHING, Value, constant, joined
from rules.syntax import walk

_WHOLE = (ast.JoinedStr, ast.BinOp)  # texts that are put together of parts
_TEXTS = (ast.Constant, ast.Name, *_WHOLE)
MOST_ONE_BY_ONE = 8  # things that a comprehension goes over


class Expressions(Operations):
    """Values of expressions."""

    def value(self, node: ast.expr | None) -> Value:
        """The value of an expression; what happens in it is noted."""
        if node is None:
            return NOTHING
        self.steps += 1
        handler = _HANDLERS.get(type(node))
        return NOTHING if handler is None else handler(self, node)

    def _constant(self, node: ast.Constant) -> Value:
        if isinstance(node.value, bytes):
            return Value(frozenset({BYTES}), node.value)
        if isinstance(node.value, str):
            return Value(text_labels(node.value), node.value)
        return constant(node.value)

    def _name(self, node: ast.Name) -> Value:
        found = self.scope.find(node.id)
        if found is not None:
            return found
        return Value(ref=Library(node.id))

    def _conditional(self, node: ast.IfExp) -> Value:
        test = self.value(node.test)
        truth = self.truth(test)
        if truth is not None:
            return self.value(node.body if truth else node.orelse)
        chosen = aims(test, self) | (test.labels & {MATCHED})
        return joined(self.value(node.body), self.value(node.orelse)).plus(chosen)

    def _sequence(self, node: ast.Tuple | ast.List | ast.Set) -> Value:
        values = [self.value(item) for item in node.elts]
        if isinstance(node, ast.Tuple) and len(values) <= MOST_ITEMS and not _starred(node.elts):
            return Value(items=tuple(values))
        array = self.array(node, container=True)
        for value in values:
            array.take(value)
        plain = isinstance(node, ast.List) or all(value.known for value in values)
        if len(values) <= MOST_ITEMS and plain and values and not _starred(node.elts):
            return Value(items=tuple(values))
        return Value(ref=array)

    def _dict(self, node: ast.Dict) -> Value:
        array = self.array(node, container=True)
        for key, item in zip(node.keys, node.values, strict=True):
            value = self.value(item)
            name = None if key is None else self.value(key)
            if name is not None and name.known and isinstance(name.const, (str, int)):
                array.fields[name.const] = value
            else:
                array.take(value)
        return Value(ref=array)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Value:
        names = dict(self.scope.names)
        try:
            over = self.value(node.generators[0].iter)
            few = self._one_by_one(node, over)
            if few is not None:
                return few
            for number, generator in enumerate(node.generators):
                if number:
                    over = self.value(generator.iter)
                self.store(generator.target, self._beside_others(self.element(over), over, node), node)
                for test in generator.ifs:
                    self.value(test)
                    self.narrow(test)
            if isinstance(node, ast.DictComp):
                self.value(node.key)
                found = self.value(node.value)
            else:
                found = self.value(node.elt)
            found = found.plus(tries(over, found.all_labels()))
        finally:
            self.scope.names = names
        array = self.array(node, element=found, container=True)
        array.labels |= found.labels | ({PARTLY} if STORED in found.labels and leaves_out(node) else NONE)
        return Value(found.labels, ref=array)

    def _one_by_one(self, node: ast.expr, over: Value) -> Value | None:
        """What is made of each of a few things; None where they are many, unknown or plain numbers."""
        if isinstance(node, ast.DictComp):
            return self._named_one_by_one(node, over)
        if not isinstance(node, (ast.ListComp, ast.GeneratorExp)) or len(node.generators) > 1:
            return None
        things = over.ref.few if isinstance(over.ref, Array) else over.items
        if things is None or not 1 < len(things) <= MOST_ONE_BY_ONE or node.generators[0].ifs or not _differ(things):
            return None
        found = []
        for thing in things:
            self.store(node.generators[0].target, thing, node)
            one = self.value(node.elt)
            found.append(one.plus(tries(over, one.all_labels())))
        return Value(items=tuple(found))

    def _named_one_by_one(self, node: ast.DictComp, over: Value) -> Value | None:
        """What is made for each of a few plain names."""
        things = over.items or ()
        if not 1 < len(things) <= MOST_ONE_BY_ONE or not all(isinstance(thing.const, str) for thing in things):
            return None
        if len(node.generators) > 1 or node.generators[0].ifs:
            return None
        array = self.array(node, container=True)
        for thing in things:
            self.store(node.generators[0].target, thing, node)
            name, value = self.value(node.key).const, self.value(node.value)
            if isinstance(name, str):
                array.fields[name] = value
            else:
                array.take(value)
        return Value(ref=array)

    def narrow(self, test: ast.expr, holds: bool = True) -> None:
        """Where a test of a file's name holds, or does not, the name is of fewer splits."""
        if test not in self.asked:
            self.asked[test] = [node.id for node in walk(test) if isinstance(node, ast.Name)]
        asked = self.asked[test]
        if any(_of_both(self.scope.names.get(name)) for name in asked):  # what was found in a name tells of the name
            asked = [*asked, *(name for name, held in self.scope.names.items() if _of_both(held) and name not in asked)]
        for name in asked:
            found = self.scope.names.get(name)
            if found is None or found.known or found.items is not None:
                continue
            left = narrowed(found.labels, test, self.texts_in, holds)
            if left != found.labels:
                self.scope.names[name] = Value(left, found.const, found.items, found.ref, found.place)

    def texts_in(self, test: ast.expr) -> list[str]:
        """The texts that a test compares something with, plain or put together."""
        return [text for node in _compared(test) if isinstance(text := self.value(node).const, str)]

    def _beside_others(self, element: Value, over: Value, node: ast.expr) -> Value:
        """What is picked one by one of what a turn of a loop around holds is told by its number, as in a loop."""
        labels = over.all_labels()
        if not any(isinstance(label, Turn) for label in labels):
            return element
        self.loops += 1
        rows = Block("rows", self.scope.source, node.lineno, self.scope.function, labels)
        rows.detail = Round(self.loops, None, counts=False)
        self.trail[-1].children.append(rows)
        return self.turned(element, self.loops)

    def _joined_text(self, node: ast.JoinedStr) -> Value:
        parts: list[str] | None = []
        labels = NONE
        text = ""
        for part in node.values:
            value = self.value(part.value if isinstance(part, ast.FormattedValue) else part)
            labels |= value.all_labels()
            labels |= literals(value.const)
            if value.known and (not isinstance(part, ast.FormattedValue) or part.format_spec is None):
                shown = str(value.const)[:MOST_TEXT]
                text += shown
                if parts is not None:
                    parts.append(shown)
            else:
                parts = None
        if parts is not None:
            whole = "".join(parts)
            return Value(of_file(labels, text_labels(whole), labels), whole)
        files = file_labels(text)
        if not labels & FILES and known_end(node):
            files |= every_split(text)
        return Value(of_file(labels, files), ref=None if files else written(node, self.value))

    def _lambda(self, node: ast.Lambda) -> Value:
        self.trace.holders.append(self.scope)
        return Value(ref=Function(node, self.scope, "<lambda>"))

    def _walrus(self, node: ast.NamedExpr) -> Value:
        value = self.value(node.value)
        self.store(node.target, value, node)
        return value

    def _inner(self, node: ast.Await | ast.Starred | ast.YieldFrom) -> Value:
        value = self.value(node.value)
        if isinstance(node, ast.YieldFrom) and self.returned:
            self.returned[-1].append(value)
        return value

    def _yield(self, node: ast.Yield) -> Value:
        value = self.value(node.value)
        labels = value.all_labels()
        if {VAL, NLL} <= labels:
            kept = self.scored(node, self.scope.function, labels, "kept")
            self.trace.given.update(label.number for label in kept if isinstance(label, Kept))
            value = self.kept_in(value, kept)
        if self.returned:
            array = self.array(node, element=value)
            array.labels |= value.labels
            self.returned[-1].append(Value(value.labels, ref=array))
        return NOTHING

    def kept_in(self, value: Value, kept: Labels) -> Value:
        """Several things of which some are losses that were scored."""
        items = value.items and tuple(item.plus(kept) if NLL in item.all_labels() else item for item in value.items)
        return Value(value.labels | kept, items=items, ref=value.ref)

    def _call(self, node: ast.Call) -> Value:
        return self.call(node)


@lru_cache(maxsize=512)  # the tests of a script are met again and again
def _compared(test: ast.expr) -> tuple[ast.expr, ...]:
    """What may stand for a text in a test: plain ones, those that are put together, and names."""
    inner = {part for node in walk(test) if isinstance(node, _WHOLE) for part in walk(node) if part is not node}
    return tuple(node for node in walk(test) if node not in inner and isinstance(node, _TEXTS) and _may_be_text(node))


def _of_both(held: Value | None) -> bool:
    """Whether it is one name of a file that may be of either split."""
    return held is not None and held.labels >= EVERY and held.ref is None and held.items is None


def _may_be_text(node: ast.AST) -> bool:
    return not isinstance(node, ast.Constant) or isinstance(node.value, str)


def known_end(node: ast.JoinedStr) -> bool:
    """Whether the last part of a path stands there plainly."""
    last = node.values[-1] if node.values else None
    return isinstance(last, ast.Constant) and "/" in str(last.value)


def _differ(things: Sequence[Value]) -> bool:
    """Whether things are of different makes: other objects, or made of other parts of the text."""
    return len({(id(thing.ref), thing.all_labels()) for thing in things if thing.items is None}) > 1 or any(
        _differ(column) for column in zip(*(thing.items for thing in things if thing.items), strict=False)
    )


def _starred(nodes: Iterable[ast.expr]) -> bool:
    return any(isinstance(node, ast.Starred) for node in nodes)


_HANDLERS: dict[type[ast.expr], Any] = {
    ast.Constant: Expressions._constant,
    ast.Name: Expressions._name,
    ast.Attribute: Expressions._attribute,
    ast.Subscript: Expressions._subscript,
    ast.BinOp: Expressions._binary,
    ast.UnaryOp: Expressions._unary,
    ast.BoolOp: Expressions._boolean,
    ast.Compare: Expressions._compare,
    ast.IfExp: Expressions._conditional,
    ast.Tuple: Expressions._sequence,
    ast.List: Expressions._sequence,
    ast.Set: Expressions._sequence,
    ast.Dict: Expressions._dict,
    ast.ListComp: Expressions._comprehension,
    ast.SetComp: Expressions._comprehension,
    ast.GeneratorExp: Expressions._comprehension,
    ast.DictComp: Expressions._comprehension,
    ast.JoinedStr: Expressions._joined_text,
    ast.Lambda: Expressions._lambda,
    ast.NamedExpr: Expressions._walrus,
    ast.Await: Expressions._inner,
    ast.Starred: Expressions._inner,
    ast.YieldFrom: Expressions._inner,
    ast.Yield: Expressions._yield,
    ast.Call: Expressions._call,
}
