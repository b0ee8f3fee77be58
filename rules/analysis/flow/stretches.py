"""The walker's subscripts: what a stretch, an item or an attribute of a value is."""

from __future__ import annotations

import ast
from typing import Any

from rules.analysis.expressions import text_of
from rules.analysis.flow.aims import aims, of_turn
from rules.analysis.flow.calls import Calls
from rules.analysis.flow.chunks import cut_along
from rules.analysis.flow.events import Kind
from rules.analysis.flow.files import some_of
from rules.analysis.flow.labels import (
    ANYWHERE,
    DATA,
    EARLIER,
    INPUT,
    LOGITS,
    MATCHED,
    NLL,
    NONE,
    OWN,
    PRIOR,
    RAMP,
    RAND,
    RANK,
    STORED,
    TARGET,
    TRAIN,
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
)
from rules.analysis.flow.marks import before_own, begins_own
from rules.analysis.flow.namespaces import of_names
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
from rules.analysis.flow.remainder import begins_at
from rules.analysis.flow.rivals import picked_by_best, picked_first
from rules.analysis.flow.sparse import left_out
from rules.analysis.flow.values import MOST_ITEMS, NOTHING, Value, constant, joined, without
from rules.analysis.flow.windows import shortened

PLAIN_BOUNDS = (ast.Name, ast.Attribute)
_SHAPES = frozenset(
    {"shape", "size", "ndim", "device", "dtype", "numel", "is_cuda", "requires_grad", "nbytes", "itemsize"}
)
_WRAPPED = frozenset({"module", "_orig_mod"})  # what a wrapper of a network keeps it as: it is the same network


class Stretches(Calls):
    """Parts of values."""

    def element(self, value: Value) -> Value:
        """What iterating over the value gives."""
        if value.items is not None:
            return joined(*value.items) if value.items else NOTHING
        if isinstance(value.ref, Array):
            array = value.ref
            if _is_new(array):  # its rows are parts of it: what is put into one stands in it
                return Value(value.labels, ref=array)
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
        given = self.iterated(value)
        if given is not None:
            return given
        ref = value.ref if isinstance(value.ref, Count) else owner_of(value.ref)
        return Value(value.labels, place=value.place, ref=ref)

    def turned(self, element: Value, number: int) -> Value:
        """The variable of a loop: what it picks can be told by it."""
        labels = frozenset({Turn(number)})
        if element.items is not None:
            return Value(element.labels | labels, items=tuple(item.plus(labels) for item in element.items))
        return element.plus(labels)

    def attribute_of(self, owner: Value, name: str) -> Value:
        """An attribute of a value."""
        ref = owner.ref
        if isinstance(ref, Library):
            return Value(ref=Library(f"{ref.name}.{name}"))
        if isinstance(ref, ModuleOf):
            return owner if name == "__dict__" else ref.scope.names.get(name) or of_names(owner, name)
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
        if name == "value" and owner.known:  # of an enumeration
            return owner
        return Value(owner.labels, ref=Bound(Library(f"().{name}"), (owner,)))

    def _attribute(self, node: ast.Attribute) -> Value:
        owner = self.value(node.value)
        if node.attr == "grad" and isinstance(owner.ref, Array) and owner.ref.leaf:
            self.note(Kind.GRADIENT, node, node.attr, detail=owner.ref)
        return self.attribute_of(owner, node.attr)

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
        if not isinstance(node.slice, (ast.Slice, ast.Tuple)):
            return self.item(owner, self.value(node.slice), node)
        found = self._part(owner, node.slice, node)
        first = picked_first(owner, node.slice, self)
        return found.plus(first) if first else found

    def _part(self, owner: Value, index: ast.Slice | ast.Tuple, node: ast.Subscript) -> Value:
        if isinstance(index, ast.Slice):
            return self._cut(owner, index)
        if any(isinstance(part, ast.Slice) for part in index.elts):
            return self._cut_tensor(owner, index)
        return self.item(owner, self.value(index), node)

    def _cut(self, owner: Value, cut: ast.Slice) -> Value:
        """A stretch: one that begins a position later holds targets, one that ends a position earlier inputs."""
        lower = self.value(cut.lower)
        upper = self.value(cut.upper)
        step = self.value(cut.step)
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
        labels = of_turn(owner, self) | lower.turns | upper.turns | self.cuts(cut)
        labels = (
            some_of(cut_along(labels, cut, upper)) | _prior(labels, cut.upper is not None) | before_own(lower, upper)
        )
        labels |= (lower.labels & {RANK}) | left_out(owner, cut, lower, upper, step) | begins_at(lower)
        if labels & {VAL, TRAIN}:
            labels |= {ANYWHERE} if RAND in lower.labels else self._ends(cut, lower, upper, labels)
        if labels & DATA and not labels & {TARGET, INPUT, NLL, LOGITS}:
            if is_one_later(cut.lower) and labels & DATA != {RAND}:  # coefficients that are drawn are no text
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
                    if isinstance(bound, (*PLAIN_BOUNDS, ast.UnaryOp)):
                        found.add(Cut(side, text_of(bound), self.scope.function))
                    if _may_be_less(bound):
                        less = (label for label in self.value(bound).labels if isinstance(label, Less))
                        found |= {Cut(side, f"-{label.by}", label.function) for label in less}
        return frozenset(found)

    def _cut_tensor(self, owner: Value, cut: ast.Tuple) -> Value:
        labels = of_turn(owner, self) | self.cuts(cut)
        last = cut.elts[-1]
        labels |= _prior(labels, any(isinstance(part, ast.Slice) and _ends_before(part) for part in cut.elts))
        for part in cut.elts:
            if not isinstance(part, ast.Slice):
                picked_by = self.value(part)
                labels |= picked_by.turns | cuts_of(picked_by)
            else:
                labels |= self.value(part.lower).turns | self.value(part.upper).turns
        windows = shortened(labels, last)
        if windows is not None:
            return Value(windows)
        if isinstance(last, ast.Slice) and labels & DATA and not labels & {TARGET, INPUT, NLL, LOGITS}:
            if last.lower is not None and is_one_later(last.lower):
                labels = one_later(labels) | {TARGET}
            elif last.upper is not None and _is_minus_one(last.upper):
                labels |= {INPUT}
        return Value(labels, place=None if labels & DATA else owner.place)

    def item(self, owner: Value, key: Value, node: ast.AST) -> Value:
        """`owner[key]`."""
        found = without(self._picked_out(owner, key, node), RAMP).plus(picked_by_best(owner, key, node, self))
        return found.plus({OWN}) if begins_own(owner, key) else found

    def _picked_out(self, owner: Value, key: Value, node: ast.AST) -> Value:
        picked = self.called(owner, "__getitem__", key)
        if picked is not None:
            return picked
        if owner.items is not None:
            if key.known and isinstance(key.const, int) and -len(owner.items) <= key.const < len(owner.items):
                return owner.items[key.const]
            return self.element(owner)
        named = self.by_name(owner, key)
        if named is not None:
            return named
        if isinstance(owner.ref, Library) and owner.ref.name in ("os.environ", "environ"):
            return self.environment(key, NOTHING)
        masked = NLL in owner.labels and NLL in key.all_labels()  # `losses[losses < bound]` is no table
        if isinstance(owner.ref, Array) and not masked:
            return self.looked_up(owner, key, node)
        if owner.known and key.known:
            try:
                return constant(owner.const[key.const])
            except (TypeError, KeyError, IndexError):
                return NOTHING
        return self._of_labels(owner, key, node)

    def _of_labels(self, owner: Value, key: Value, node: ast.AST) -> Value:
        """`owner[key]` of what is known by its labels alone."""
        labels = owner.labels | key.turns | cuts_of(key) | (key.labels & {EARLIER, MATCHED, RAND})
        if STORED in labels and key.all_labels() & DATA:  # a table by tokens, and no text by its places
            labels -= {STORED}
        if LOGITS in labels and _picks_token(key.all_labels()):
            return Value(self.at_token(labels, key.all_labels(), node))
        if labels & DATA and not labels & {NLL, LOGITS} and key.place is not None:
            labels |= {key.place}
        elif NLL in labels and key.place is not None and key.place.offset < 0:
            labels |= {PRIOR}
        elif labels & DATA and key.place is None:
            labels |= key.all_labels() & {TARGET, INPUT}
            if not key.known and not labels & {TARGET, INPUT, NLL, LOGITS}:
                labels |= {self.place_of(node)}
        if not labels & DATA:
            return Value(labels | aims(key, self), place=owner.place)
        return Value(labels)


def _prior(labels: Labels, ends: bool) -> Labels:
    """The mark of losses of which what ends before others is taken."""
    return frozenset({PRIOR}) if ends and NLL in labels else NONE


def _ends_before(part: ast.Slice) -> bool:
    """Whether a stretch begins where the whole does and ends before it."""
    return part.lower is None and part.upper is not None


def _may_be_less(bound: ast.expr | None) -> bool:
    """Whether it may stand for a difference, and is plain enough to be asked for twice."""
    return isinstance(bound, (ast.Name, ast.BinOp)) or (
        isinstance(bound, ast.Call) and isinstance(bound.func, ast.Name) and bound.func.id in ("max", "min")
    )


def _stays_array(owner: Value, labels: Labels) -> bool:
    """Whether a stretch of an array is a table still: counts and losses of a text are one, the text itself is none."""
    return isinstance(owner.ref, Array) and (bool(owner.ref.writes) or NLL in labels or not labels & DATA)


def _is_new(array: Array) -> bool:
    """Whether it is an array of numbers into which nothing was put yet."""
    return not (array.container or array.fields or array.labels or array.writes) and array.element is NOTHING


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
