"""The walker's expressions: what a value may be, with its labels."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable
from typing import Any

from rules.analysis.configuration import Origin
from rules.analysis.flow.aims import aims, matches, mixed, picked, weighed
from rules.analysis.flow.calls import Calls
from rules.analysis.flow.events import Block, Kind, Round
from rules.analysis.flow.files import FILES, every_split, file_labels, folder_labels, narrowed, of_file, some_of
from rules.analysis.flow.formatting import by_percent
from rules.analysis.flow.marks import before_own, begins_own, is_mixture, is_shifted, limited, marked, matched
from rules.analysis.flow.objects import (
    Array,
    Bound,
    Class,
    Count,
    Foreign,
    Function,
    Instance,
    Library,
    ModuleOf,
    owner_of,
)
from rules.analysis.flow.picking import tries
from rules.analysis.flow.plain import is_script, same_type
from rules.analysis.flow.prints import written
from rules.analysis.flow.values import (
    ANYWHERE,
    BYTES,
    CLOCK,
    DATA,
    EARLIER,
    INPUT,
    LOGITS,
    LOGP,
    MATCHED,
    MOST_ITEMS,
    NLL,
    NONE,
    NOTHING,
    OWN,
    RAND,
    RANK,
    SCALED,
    SHIFTED,
    SPREAD,
    STORED,
    TARGET,
    TRAIN,
    UNKNOWN,
    VAL,
    Cut,
    First,
    Label,
    Labels,
    Later,
    Less,
    Token,
    Turn,
    Until,
    Value,
    constant,
    joined,
    literals,
    without,
)
from rules.analysis.nodes import walk

MOST_TEXT = 10_000
MOST_BITS = 4_096
_PLAIN_BOUNDS = (ast.Name, ast.Attribute)
_SHAPES = frozenset(
    {"shape", "size", "ndim", "device", "dtype", "numel", "is_cuda", "requires_grad", "nbytes", "itemsize"}
)
_WRAPPED = frozenset({"module", "_orig_mod"})  # what a wrapper of a network keeps it as: it is the same network

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


class Expressions(Calls):
    """Values of expressions."""

    def value(self, node: ast.expr | None) -> Value:
        """The value of an expression; what happens in it is noted."""
        if node is None:
            return NOTHING
        self.steps += 1
        handler = _HANDLERS.get(type(node))
        return NOTHING if handler is None else handler(self, node)

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

    def element(self, value: Value) -> Value:
        """What iterating over the value gives."""
        if value.items is not None:
            return joined(*value.items) if value.items else NOTHING
        if isinstance(value.ref, Array):
            array = value.ref
            inner = array.element
            if array.fields:
                inner = joined(inner, *list(array.fields.values())[:MOST_ITEMS])
            return inner.plus(frozenset(array.labels) | value.labels)
        if value.known and isinstance(value.const, (tuple, list, str)) and len(value.const) <= MOST_ITEMS:
            items = [constant(item) for item in value.const]
            return joined(*items) if items else NOTHING
        if isinstance(value.ref, Bound):
            owner = owner_of(value.ref)
            return Value(ref=value.ref) if owner is not None and owner.cls.module else NOTHING
        ref = value.ref if isinstance(value.ref, Count) else owner_of(value.ref)
        return Value(value.labels, place=value.place, ref=ref)

    def turned(self, element: Value, number: int) -> Value:
        """The variable of a loop: what it picks can be told by it."""
        labels = frozenset({Turn(number)})
        if element.items is not None:
            return Value(element.labels | labels, items=tuple(item.plus(labels) for item in element.items))
        return element.plus(labels)

    def _constant(self, node: ast.Constant) -> Value:
        if isinstance(node.value, bytes):
            return Value(frozenset({BYTES}), node.value)
        if isinstance(node.value, str):
            return Value(file_labels(node.value) | every_split(node.value), node.value)
        return constant(node.value)

    def _name(self, node: ast.Name) -> Value:
        found = self.scope.find(node.id)
        if found is not None:
            return found
        return Value(ref=Library(node.id))

    def _attribute(self, node: ast.Attribute) -> Value:
        return self.attribute_of(self.value(node.value), node.attr)

    def attribute_of(self, owner: Value, name: str) -> Value:
        """An attribute of a value."""
        ref = owner.ref
        if isinstance(ref, Library):
            return Value(ref=Library(f"{ref.name}.{name}"))
        if isinstance(ref, ModuleOf):
            return owner if name == "__dict__" else ref.scope.names.get(name, NOTHING)
        if isinstance(ref, Instance):
            found = ref.names.get(name)
            if found is not None:
                return found
            found = ref.cls.find(name)
            if found is not None:
                return self._method(found, owner)
            if name in _WRAPPED and ref.cls.module:
                return owner
            return Value(ref=Bound(Library(f"().{name}"), (owner,)))
        if isinstance(ref, Class):
            found = ref.find(name)
            if found is None:
                return Value(ref=Bound(Library(f"().{name}"), (owner,)))
            return self._method(found, owner) if _decorated(found, "classmethod") else found
        if isinstance(ref, Foreign):
            return Value(ref=Foreign(name))
        if name in _SHAPES:
            return NOTHING
        return Value(owner.labels, ref=Bound(Library(f"().{name}"), (owner,)))

    def _method(self, found: Value, owner: Value) -> Value:
        function = found.ref
        if not isinstance(function, Function):
            return found
        if _decorated(found, "staticmethod"):
            return found
        if _decorated(found, "property", "cached_property"):
            return self.call_function(function, (owner,), {}, function.node)
        if _decorated(found, "classmethod") and isinstance(owner.ref, Instance):
            owner = Value(ref=owner.ref.cls)
        return Value(ref=Bound(function, (owner,)))

    def _subscript(self, node: ast.Subscript) -> Value:
        owner = self.value(node.value)
        if isinstance(node.slice, ast.Slice):
            return self._cut(owner, node.slice)
        if isinstance(node.slice, ast.Tuple) and any(isinstance(e, ast.Slice) for e in node.slice.elts):
            return self._cut_tensor(owner, node.slice)
        key = self.value(node.slice)
        return self.item(owner, key, node)

    def _cut(self, owner: Value, cut: ast.Slice) -> Value:
        """A stretch: one that begins a position later holds targets, one that ends a position earlier inputs."""
        lower = self.value(cut.lower)
        upper = self.value(cut.upper)
        if cut.step is not None:
            self.value(cut.step)
        if owner.items is not None and all(
            one is None or v.known for one, v in ((cut.lower, lower), (cut.upper, upper))
        ):
            try:
                return Value(owner.labels, items=owner.items[slice(_whole(lower, cut.lower), _whole(upper, cut.upper))])
            except TypeError:
                return Value(owner.all_labels())
        if owner.known and isinstance(owner.const, (str, tuple, list)) and lower.known | (cut.lower is None):
            try:
                return Value(owner.labels, owner.const[slice(_whole(lower, cut.lower), _whole(upper, cut.upper))])
            except TypeError:
                return Value(owner.labels)
        labels = owner.all_labels() | lower.turns | upper.turns | self.cuts(cut)
        labels = some_of(labels) | before_own(lower, upper) | (lower.labels & {RANK})
        if labels & {VAL, TRAIN}:
            labels |= {ANYWHERE} if RAND in lower.labels else self._ends(cut, lower, upper, labels)
        if labels & DATA and not labels & {TARGET, INPUT, NLL, LOGITS}:
            if is_one_later(cut.lower):
                labels = one_later(labels) | {TARGET}
            elif cut.upper is not None and _is_minus_one(cut.upper):
                labels |= {INPUT}
            elif cut.upper is not None and upper.place is not None and cut.lower is not None:
                labels |= {Token(upper.place.base, upper.place.offset - 1)}
            elif cut.lower is not None and not lower.known:
                labels |= {self.place_of(cut)}
        place = None if labels & DATA else owner.place
        return Value(labels, ref=owner.ref if _stays_array(owner, labels) else None, place=place)

    def _ends(self, cut: ast.Slice, lower: Value, upper: Value, labels: Labels) -> Labels:
        """Where a stretch of the validation text ends: after so many tokens of the whole, or so many after a bound."""
        if VAL not in labels or labels & {NLL, LOGITS}:
            return NONE
        if isinstance(upper.const, int) and upper.const > 0 and (cut.lower is None or lower.const == 0):
            whole = not any(isinstance(label, (Turn, Token, Later, Until)) for label in labels)
            return frozenset({First(upper.const)}) if whole else NONE
        bound, beyond = _beyond(cut.upper)
        return frozenset({Until(bound, beyond, self.scope.function)}) if bound else NONE

    def cuts(self, index: ast.expr) -> Labels:
        """At which bounds an index cuts, by their text, and by what they were taken away from the end."""
        found: set[Label] = set()
        for part in index.elts if isinstance(index, ast.Tuple) else (index,):
            if isinstance(part, ast.Slice):
                for side, bound in (("from", part.lower), ("to", part.upper)):
                    if isinstance(bound, (*_PLAIN_BOUNDS, ast.UnaryOp)):
                        found.add(Cut(side, ast.unparse(bound), self.scope.function))
                    if _may_be_less(bound):
                        less = (label for label in self.value(bound).labels if isinstance(label, Less))
                        found |= {Cut(side, f"-{label.by}", label.function) for label in less}
        return frozenset(found)

    def _cut_tensor(self, owner: Value, cut: ast.Tuple) -> Value:
        labels = owner.all_labels() | self.cuts(cut)
        last = cut.elts[-1]
        for part in cut.elts:
            if not isinstance(part, ast.Slice):
                labels |= self.value(part).turns
            else:
                labels |= self.value(part.lower).turns | self.value(part.upper).turns
        if isinstance(last, ast.Slice) and labels & DATA and not labels & {TARGET, INPUT, NLL, LOGITS}:
            if last.lower is not None and is_one_later(last.lower):
                labels = one_later(labels) | {TARGET}
            elif last.upper is not None and _is_minus_one(last.upper):
                labels |= {INPUT}
        return Value(labels, place=None if labels & DATA else owner.place)

    def item(self, owner: Value, key: Value, node: ast.AST) -> Value:
        """`owner[key]`."""
        found = self._picked_out(owner, key, node)
        return found.plus({OWN}) if begins_own(owner, key) else found

    def _picked_out(self, owner: Value, key: Value, node: ast.AST) -> Value:
        if owner.items is not None:
            if key.known and isinstance(key.const, int) and -len(owner.items) <= key.const < len(owner.items):
                return owner.items[key.const]
            return self.element(owner)
        if isinstance(owner.ref, Library) and owner.ref.name in ("os.environ", "environ"):
            return self.environment(key, NOTHING)
        if isinstance(owner.ref, Array):
            return self.looked_up(owner, key, node)
        if owner.known and key.known:
            try:
                return constant(owner.const[key.const])
            except (TypeError, KeyError, IndexError):
                return NOTHING
        return self._of_labels(owner, key, node)

    def _of_labels(self, owner: Value, key: Value, node: ast.AST) -> Value:
        """`owner[key]` of what is known by its labels alone."""
        labels = owner.labels | key.turns | cuts_of(key) | (key.labels & {EARLIER, MATCHED})
        if STORED in labels and key.all_labels() & DATA:  # a table by tokens, and no text by its places
            labels -= {STORED}
        if LOGITS in labels and _picks_token(key.all_labels()):
            wanted = key.all_labels()
            return Value(labels | wanted | {NLL} | picked(labels, wanted, node, self))
        if labels & DATA and not labels & {NLL, LOGITS} and key.place is not None:
            labels |= {key.place}
        elif labels & DATA and key.place is None:
            labels |= key.all_labels() & {TARGET, INPUT}
            if not key.known and not labels & {TARGET, INPUT, NLL, LOGITS}:
                labels |= {self.place_of(node)}
        if not labels & DATA:
            return Value(labels | aims(key, self), place=owner.place)
        return Value(labels)

    def _binary(self, node: ast.BinOp) -> Value:
        one, other = self.value(node.left), self.value(node.right)
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
        if isinstance(node.op, ast.Sub) and isinstance(node.right, _PLAIN_BOUNDS) and not found.labels & DATA:
            return found.plus({Less(ast.unparse(node.right), self.scope.function)})
        return found

    def arithmetic(self, one: Value, other: Value, op: ast.AST, node: ast.AST | None = None) -> Value:
        """Two values put together."""
        one, other = _shares(one, other, op)
        if one.known and other.known:
            folded = _fold(op, one.const, other.const)
            if folded is not UNKNOWN:
                return Value(one.labels | other.labels, folded)
        if isinstance(op, ast.Div) and is_script(other):  # a path whose folder is not known
            return Value(one.labels | other.labels, other.const)
        if isinstance(op, ast.Add) and one.items is not None and other.items is not None:
            items = (*one.items, *other.items)
            return Value(one.labels | other.labels, items=items[:MOST_ITEMS])
        if isinstance(op, ast.Mult) and one.items is not None and len(one.items) == 1:
            return Value(one.labels, ref=self.array(node, element=one.items[0]) if node is not None else None)
        place = self.moved(one, other, op)
        labels = one.all_labels() | other.all_labels()
        if isinstance(op, (ast.Add, ast.Div)):
            own = other.labels | (folder_labels(other.const) if isinstance(op, ast.Div) else NONE)
            labels = of_file(labels | own, own, one.labels)
        if isinstance(op, ast.Div):
            self.divided(one, other)
        if node is not None:
            labels = self._told(labels, one, other, op, node)
        else:
            labels |= marked(one.all_labels(), other.all_labels(), op)
        ref = one.ref if isinstance(one.ref, Count) and place is not None and other.known else None
        return Value(labels, place=place, ref=ref or self._shares_of(one, other, node))

    def _told(self, labels: Labels, one: Value, other: Value, op: ast.AST, node: ast.AST) -> Labels:
        """The labels of two values together, with what becomes of losses and probabilities."""
        marks = marked(one.all_labels(), other.all_labels(), op)
        labels |= marks
        if SPREAD in marks and VAL in labels:
            self.note(Kind.SPREAD, node, "", labels)
        if NLL in labels:
            labels |= mixed(one, other, op, node, self)
        elif LOGITS in labels:
            labels = weighed(labels, one, other, node, self)
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
                if by.all_labels() - labels & {VAL, TRAIN} or labels & {NLL, LOGITS}:
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
        return Value(joined(*found).labels, ref=found[-1].ref) if len(found) > 1 else found[0]

    def _compare(self, node: ast.Compare) -> Value:
        one, others = self.value(node.left), [self.value(o) for o in node.comparators]
        if len(others) == 1:
            result = self._compared(one, others[0], node.ops[0])
            if result is not UNKNOWN:
                return constant(result)
            both = one.all_labels() & others[0].all_labels()
            if {VAL, NLL} <= both and isinstance(node.ops[0], (ast.Lt, ast.LtE, ast.Gt, ast.GtE)):
                self.note(Kind.COMPARED, node, "", one.all_labels() | others[0].all_labels(), detail=node)
        labels = one.all_labels()
        if isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
            labels |= matched(labels, others[0].all_labels())
        else:
            labels |= limited(one, others[0])
        for op, other in zip(node.ops, others, strict=True):
            if isinstance(op, (ast.In, ast.NotIn)) and isinstance(other.ref, Array) and one.all_labels() & {VAL, TRAIN}:
                labels |= self.looked_up(other, one, node).labels
            labels |= other.all_labels()
        if len(others) == 1 and isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
            labels |= matches(one, others[0])
        return Value(labels)

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
            for generator in node.generators:
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
        array.labels |= found.labels
        return Value(found.labels, ref=array)

    def narrow(self, test: ast.expr, holds: bool = True) -> None:
        """Where a test of a file's name holds, or does not, the name is of fewer splits."""
        for node in walk(test):
            found = self.scope.names.get(node.id) if isinstance(node, ast.Name) else None
            if found is not None and found.labels >= FILES and isinstance(node, ast.Name):
                left = narrowed(found.labels, test, holds)
                self.scope.names[node.id] = Value(left, found.const, found.items, found.ref, found.place)

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
            return Value(of_file(labels, file_labels(whole) | every_split(whole), labels), whole)
        files = file_labels(text)
        if not labels & FILES and known_end(node):
            files |= every_split(text)
        return Value(of_file(labels, files), ref=None if files else written(node, self.value))

    def _lambda(self, node: ast.Lambda) -> Value:
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
        if self.returned:
            array = self.array(node, element=value)
            array.labels |= value.labels
            self.returned[-1].append(Value(value.labels, ref=array))
        return NOTHING

    def _call(self, node: ast.Call) -> Value:
        return self.call(node)


def known_end(node: ast.JoinedStr) -> bool:
    """Whether the last part of a path stands there plainly."""
    last = node.values[-1] if node.values else None
    return isinstance(last, ast.Constant) and "/" in str(last.value)


def _may_be_less(bound: ast.expr | None) -> bool:
    """Whether it may stand for a difference, and is plain enough to be asked for twice."""
    return isinstance(bound, (ast.Name, ast.BinOp)) or (
        isinstance(bound, ast.Call) and isinstance(bound.func, ast.Name) and bound.func.id in ("max", "min")
    )


def _stays_array(owner: Value, labels: Labels) -> bool:
    """Whether a stretch of an array is a table still: the counts of a text are one, the text itself is none."""
    return isinstance(owner.ref, Array) and (bool(owner.ref.writes) or not labels & DATA)


def cuts_of(key: Value) -> Labels:
    """Where a mask was cut: what it picks is cut there too."""
    return frozenset(label for label in key.all_labels() if isinstance(label, Cut))


def _picks_token(key: Labels) -> bool:
    """Whether a key into an answer is made of tokens of the validation text: what it picks is what they came at."""
    return TARGET in key or (VAL in key and any(isinstance(label, Token) for label in key))


def _decorated(value: Value, *names: str) -> bool:
    """Whether a function has one of these decorators."""
    decorators = getattr(getattr(value.ref, "node", None), "decorator_list", ())
    return any(getattr(one, "id", getattr(one, "attr", "")) in names for one in decorators)


def _beyond(node: ast.expr | None) -> tuple[str, int]:
    """A bound and how many after it: `end + 1`; "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id, 0
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)) and isinstance(node.left, ast.Name):
        by = node.right.value if isinstance(node.right, ast.Constant) else None
        if isinstance(by, int):
            return node.left.id, by if isinstance(node.op, ast.Add) else -by
    return "", 0


def is_one_later(node: ast.expr | None) -> bool:
    """Whether a bound is 1, or something plus 1."""
    if isinstance(node, ast.Constant):
        return node.value == 1
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return is_one_later(node.right) or (isinstance(node.left, ast.Constant) and node.left.value == 1)
    return False


def one_later(labels: Labels) -> Labels:
    """Labels of a stretch that begins one token later than the one that it is cut from: it holds no token of it."""
    return frozenset(Later(one.base) if isinstance(one, Token) else one for one in labels)


def _is_minus_one(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.UnaryOp)
        and isinstance(node.op, ast.USub)
        and isinstance(node.operand, ast.Constant)
        and node.operand.value == 1
    )


def _whole(value: Value, node: ast.expr | None) -> Any:
    if node is None:
        return None
    if not value.known:
        raise TypeError("a bound is not known")
    return value.const


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
