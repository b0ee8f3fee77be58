"""The walker's targets: what a name, an attribute or a place in a table holds from now on."""

from __future__ import annotations

import ast

from rules.analysis.expressions import name_of, root_of, text_of
from rules.analysis.flow.aims import aims
from rules.analysis.flow.calls import NAMED_VAL
from rules.analysis.flow.events import Kind
from rules.analysis.flow.expressions import Expressions
from rules.analysis.flow.labels import (
    HELD,
    LOGITS,
    LOGP,
    MATCHED,
    NLL,
    NONE,
    STATE,
    STORED,
    TARGET,
    VAL,
    Aim,
    Labels,
    Token,
)
from rules.analysis.flow.leftout import put_partly
from rules.analysis.flow.marks import is_logarithm, is_own_share
from rules.analysis.flow.objects import Array, ModuleOf
from rules.analysis.flow.rivals import kept_in_columns
from rules.analysis.flow.values import NOTHING, Value, joined, unaimed, without

_COUNTS = frozenset({"int", "float", "len", "min", "max", "sum", "round", "numel", "size", "item"})


class Stores(Expressions):
    """Whatever is bound, changed in place or added to."""

    def store(self, target: ast.expr, value: Value, node: ast.AST) -> None:
        """Bind a target."""
        if isinstance(target, ast.Name):
            self._bind(target, value, node)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target, value, node)
        elif isinstance(target, ast.Attribute):
            self.bind_attribute(self.value(target.value), target.attr, value, target)
        elif isinstance(target, ast.Subscript):
            self._set_item(target, value, node)
        elif isinstance(target, ast.Starred):
            self.store(target.value, Value(value.all_labels()), node)

    def _bind(self, target: ast.Name, value: Value, node: ast.AST) -> None:
        if is_zero(value):
            self.note(Kind.RESET, node, target.id)
        value = self.picked(value)
        if target.id in NAMED_VAL and _is_made(value, node):
            value = without(value, STORED).plus({VAL})
        home = self.scope.home(target.id)
        names = home.names
        if home is not self.scope:  # a function leaves it to those that are called later
            value = remembered(value)
        known = names.get(target.id)
        if known is None or (value.labels - known.labels):
            self.changes += 1
        names[target.id] = value

    def _unpack(self, target: ast.Tuple | ast.List, value: Value, node: ast.AST) -> None:
        items = value.items
        if items is None or len(items) != len(target.elts) or any(isinstance(e, ast.Starred) for e in target.elts):
            element = self.element(value)
            items = (element,) * len(target.elts)
        turns = value.turns
        for part, item in zip(target.elts, items, strict=True):
            self.store(part, item.plus(turns) if turns else item, node)

    def bind_attribute(self, owner: Value, name: str, value: Value, node: ast.AST) -> None:
        """Bind an attribute of an object, or a name of a module."""
        if name == "data" and owner.ref is None:
            self.note(Kind.PUT, node, name, detail=frozenset())
        elif not value.known:
            self.put(node, name, owner)
        names = getattr(owner.ref, "names", None)
        if isinstance(owner.ref, ModuleOf):
            names = owner.ref.scope.names
        if not isinstance(names, dict):
            return
        known = names.get(name)
        if is_zero(value):
            self.note(Kind.RESET, node, name)
        value = held_later(remembered(value))
        if known is not None and self.uncertain:
            value = joined(known, value)
        if known is None or (value.labels - known.labels):
            self.changes += 1
        names[name] = value

    def _set_item(self, target: ast.Subscript, value: Value, node: ast.AST) -> None:
        owner = self.value(target.value)
        key = self.value(target.slice)
        if isinstance(owner.ref, ModuleOf) and isinstance(key.const, str):
            self.bind_attribute(owner, key.const, value, node)
            return
        labels = value.all_labels()
        if is_zero(value):
            self.blanked(target, target.slice, key.all_labels(), node)
        if not key.known and not getattr(owner.ref, "container", False):
            value = self.picked(value)
            labels = value.all_labels()
        if NLL in labels and not isinstance(getattr(node, "value", None), ast.JoinedStr):  # a text is shown, not kept
            value = value.plus(self.scored(node, name_of(target), labels, "kept"))
        labels = value.all_labels() | self.cuts(target.slice) | (key.all_labels() & {MATCHED})
        labels |= put_partly(labels, self.turning, target, node)
        if isinstance(owner.ref, Array):
            array = owner.ref
            if labels - array.labels:
                self.changes += 1
            if key.known and isinstance(key.const, (str, int)):
                known = array.fields.get(key.const)
                array.fields[key.const] = value if known is None or not self.uncertain else joined(known, value)
            array.take(value)
            array.labels |= labels | kept_in_columns(array, key, labels, self)
            self.wrote(owner, key, node)
        else:
            self.mixed_in(target.value, labels)
        self.chosen_places(target.value, owner, key)

    def chosen_places(self, target: ast.expr | None, owner: Value, places: Value) -> None:
        """What is put at places that tokens of this turn choose is made of them: `warmth[begins_word[came]] = 0.9`."""
        root = root_of(target)
        known = self.scope.find(root.id) if isinstance(root, ast.Name) and places.items is None else None
        if known is None or known.ref is not owner.ref or getattr(owner.ref, "container", False):
            return
        chosen = aims(places, self) - known.labels
        if isinstance(root, ast.Name) and chosen and not known.labels & {NLL, LOGITS}:
            self.changes += 1
            self.scope.home(root.id).names[root.id] = known.plus(chosen)

    def mixed_in(self, owner: ast.expr | None, labels: Labels) -> None:
        """Something computed is changed at some places: its name holds what it was and what was put in."""
        labels = frozenset(label for label in labels if not isinstance(label, Token))
        if isinstance(owner, ast.Name):
            known = self.scope.find(owner.id)
            if known is not None and known.ref is None and labels - known.labels:
                self.changes += 1
                self.scope.home(owner.id).names[owner.id] = known.plus(labels)

    def added(self, target: ast.expr, value: Value, node: ast.AST) -> None:
        """`target += value`, or any other change in place."""
        labels, op = value.all_labels(), getattr(node, "op", ast.Add())
        if isinstance(op, ast.Div) and is_own_share(target, getattr(node, "value", None)):
            self.trace.shared(labels)
        if isinstance(op, ast.Mult) and NLL not in labels:
            self.blanked(target, getattr(node, "value", None), labels, node)
        if NLL in labels and isinstance(op, (ast.Add, ast.Sub)):
            logarithms = is_logarithm(getattr(node, "value", None)) or (LOGP in labels and self._is_first(target, node))
            if isinstance(op, ast.Add) or logarithms:
                value = value.plus(self.scored(node, name_of(target), labels, "added"))
                labels = value.all_labels()
            else:
                self.note(Kind.TAKEN, node, name_of(target), labels, detail="added")
        if isinstance(target, ast.Name):
            known = self.scope.find(target.id) or NOTHING
            if not self._added_to_array(known, value):
                self._learnt(known, labels)
                self.scope.home(target.id).names[target.id] = remembered(self.arithmetic(known, value, op))
        elif isinstance(target, ast.Subscript):
            owner, key = self.value(target.value), self.value(target.slice)
            if isinstance(owner.ref, Array):
                self._learnt(Value(frozenset(owner.ref.labels)), labels)
                owner.ref.labels |= labels
                self.wrote(owner, key, node)
                self._summed_up(self.item(owner, key, target), value)
            else:
                self.mixed_in(target.value, labels)
        elif isinstance(target, ast.Attribute):
            names = getattr(self.value(target.value).ref, "names", None)
            known = NOTHING if not isinstance(names, dict) else names.get(target.attr, NOTHING)
            if isinstance(names, dict) and not self._added_to_array(known, value, held=True):
                self._learnt(known, labels)
                names[target.attr] = remembered(self.arithmetic(known, value, op))

    def assigned(self, target: ast.expr, given: ast.expr, node: ast.AST) -> Value:
        """What a target is bound to: `total = total + loss` adds to a sum as `total += loss` does."""
        if isinstance(target, ast.Tuple) and isinstance(given, ast.Tuple) and len(target.elts) == len(given.elts):
            pairs = list(zip(target.elts, given.elts, strict=True))
            if any(terms_of(one, other) for one, other in pairs):
                return Value(items=tuple(self.assigned(one, other, node) for one, other in pairs))
        if _adds_inside(target, given):
            return self._summed_inside(name_of(target), self.value(given), node)
        terms = terms_of(target, given)
        known = self.value(target) if terms else NOTHING
        if not (is_zero(known) or STATE in known.all_labels()):
            return self.value(given)
        found, added = known, NONE
        for term, op in terms:
            value = self.value(term)
            found = self.arithmetic(found, value, op, given)
            labels = value.all_labels()
            if NLL in labels and (isinstance(op, ast.Add) or is_logarithm(term) or LOGP in labels):
                added |= labels
        if not added:
            return found
        return remembered(found.plus(self.scored(node, name_of(target), added, "added")))

    def _summed_inside(self, name: str, value: Value, node: ast.AST) -> Value:
        """Several sums that are kept in one: `tally = Tally(tally.loss + loss, tally.tokens + 1)`."""
        labels = value.all_labels()
        if not {VAL, NLL} <= labels:
            return value
        return remembered(self.kept_in(value, self.scored(node, name, labels, "added")))

    def _is_first(self, target: ast.expr, node: ast.AST) -> bool:
        """Whether nothing was added to a sum before, from which something is taken away."""
        name, line = name_of(target), getattr(node, "lineno", 0)
        before = (one for one in self.trace.scores if one.name == name and one.function == self.scope.function)
        return all(one.line == line for one in before)

    def _added_to_array(self, known: Value, value: Value, *, held: bool = False) -> bool:
        """An array stays the same array; the counts of one batch may be added to a table.

        What an object has held says nothing of the token that comes.
        """
        if not isinstance(known.ref, Array):
            return False
        added = remembered(Value(value.all_labels()))
        labels = (held_later(added) if held else added).labels
        self._learnt(Value(frozenset(known.ref.labels)), labels)
        known.ref.labels |= labels
        self._summed_up(known, value)
        return True

    def _summed_up(self, known: Value, value: Value) -> None:
        """The counts of one batch that are added to a table are changes of the table."""
        if isinstance(known.ref, Array) and isinstance(value.ref, Array) and known.ref is not value.ref:
            known.ref.writes += [event for event in value.ref.writes if event not in known.ref.writes]

    def _learnt(self, known: Value, labels: Labels) -> None:
        if labels - known.labels:
            self.changes += 1


def _is_made(value: Value, node: ast.AST) -> bool:
    """Whether a value of which nothing is known is what a call gave, and no number of things."""
    made = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
    if not isinstance(made, ast.Call) or value.known or value.items is not None or value.ref is not None:
        return False
    return not value.labels - {STORED} and getattr(made.func, "attr", getattr(made.func, "id", "")) not in _COUNTS


def remembered(value: Value) -> Value:
    """What sums or objects remember of losses is of earlier turns: it may weigh what comes later."""
    return value.plus({STATE}) if NLL in value.labels else value


def held_later(value: Value) -> Value:
    """The same as an object keeps it: what it was made of says nothing of the token that comes then."""
    if TARGET in value.labels or any(isinstance(label, Aim) for label in value.labels):
        return unaimed(value).plus({HELD})
    return value


def terms_of(target: ast.expr, given: ast.expr) -> list[tuple[ast.expr, ast.operator]]:
    """What is added to a target that is bound to itself and more, with the operators; [] where it is not."""
    terms: list[tuple[ast.expr, ast.operator]] = []
    part = given
    while isinstance(part, ast.BinOp) and isinstance(part.op, (ast.Add, ast.Sub)):
        terms.insert(0, (part.right, part.op))
        part = part.left
    if not terms or not isinstance(target, (ast.Name, ast.Attribute)):
        return []
    if _is_same(part, target):
        return terms
    last, op = terms[-1]
    if isinstance(op, ast.Add) and _is_same(last, target):  # `loss + total`
        return [(part, op), *terms[:-1]]
    return []


def _adds_inside(target: ast.expr, given: ast.expr) -> bool:
    """Whether a name is bound to several things, of which one is a part of what it was and more."""
    if not isinstance(target, ast.Name) or not isinstance(given, (ast.Tuple, ast.List, ast.Call)):
        return False
    given_to = (
        [*given.args, *(keyword.value for keyword in given.keywords)] if isinstance(given, ast.Call) else given.elts
    )
    sums = (part.left for part in given_to if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add))
    parts = (part for part in sums if isinstance(part, (ast.Attribute, ast.Subscript)))
    return any(isinstance(root := root_of(part), ast.Name) and root.id == target.id for part in parts)


def _is_same(one: ast.expr, other: ast.Name | ast.Attribute) -> bool:
    return type(one) is type(other) and text_of(one) == text_of(other)


def is_zero(value: Value) -> bool:
    """Whether a sum that is bound to it begins anew."""
    if isinstance(value.ref, Array):
        return value.ref.zero
    return value.known and value.const == 0 and not isinstance(value.const, (bool, str))
