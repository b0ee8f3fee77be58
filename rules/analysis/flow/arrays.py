"""What calls of arrays and tensors give: tables that are read and written, things put side by side."""

from __future__ import annotations

import ast

from rules.analysis.expressions import name_of
from rules.analysis.flow.aims import aims, mixed_beside
from rules.analysis.flow.base import Asked, labels_of
from rules.analysis.flow.events import Kind
from rules.analysis.flow.labels import (
    AGAIN,
    DATA,
    LOGITS,
    MATCHED,
    NLL,
    NONE,
    SEEN,
    TRAIN,
    VAL,
)
from rules.analysis.flow.losses import Losses
from rules.analysis.flow.objects import (
    Array,
    array_of,
    owners,
)
from rules.analysis.flow.pseudo import beside
from rules.analysis.flow.rivals import (
    STACKS,
    kept_beside,
    picked_by_best,
    side_by_side,
)
from rules.analysis.flow.values import NOTHING, Value
from rules.analysis.flow.windows import of_shifts, windows_of

TABLE_WRITES = {"scatter_add_": 1, "index_add_": 1, "index_put_": 0, "put_": 0, "scatter_": 1, "index_copy_": 1}
TABLE_READS = {"gather": 1, "index_select": 1, "take": 0, "take_along_dim": 0, "take_along_axis": 0}


class Arrays(Losses):
    """Arrays, tensors and tables."""

    def _empty(self, asked: Asked) -> Value | None:
        array = self.array(asked.node)
        grad = asked.named.get("requires_grad")
        array.leaf = bool(grad is not None and grad.known and grad.const)
        array.zero = asked.last in ("zeros", "zeros_like", "new_zeros")
        return Value(ref=array)

    def _converted(self, asked: Asked) -> Value | None:
        """A table is the same table as a tensor or as an array."""
        one = asked.argument(0)
        if asked.is_method or not isinstance(one.ref, Array) or one.ref.container or not one.ref.writes:
            return self._stacked(asked)
        return one

    def _emptied(self, asked: Asked) -> Value | None:
        """A table that is used again begins anew."""
        array = array_of(asked.argument(0).ref) if asked.is_method else None
        if array is None or (asked.last == "fill_" and asked.argument(1).const != 0):
            return None
        self.note(Kind.RESET, asked.node, "", detail=array)
        return asked.argument(0)

    def _copied(self, asked: Asked) -> Value | None:
        if asked.last == "update" and self.bound_in_module(asked) is not None:
            return NOTHING
        if asked.last == "fill_":
            self._emptied(asked)
        if asked.last == "copy_" and asked.is_method and asked.arguments and asked.arguments[0].ref is None:
            self.note(Kind.PUT, asked.node, asked.name, detail=frozenset())
        elif asked.last == "copy_":
            self.put(asked.node, asked.name, *asked.arguments[:1])
        if asked.last == "copy_" and len(asked.arguments) == 2 and owners(asked.arguments[1]):
            taken = owners(asked.arguments[0])  # weights are put back, one by one
            if taken:
                self.note(Kind.LOAD, asked.node, asked.name, asked.labels, detail=frozenset(taken))
        if asked.is_method and asked.arguments and isinstance(asked.arguments[0].ref, Array):
            asked.arguments[0].ref.labels |= self.picked(Value(labels_of(asked.arguments[1:], asked.named))).labels
            return asked.arguments[0]
        return None

    def _filled(self, asked: Asked) -> Value | None:
        """`warmth.masked_fill_(begins_word[came], 0.9)`: what is put there, and not the mask, is what it holds."""
        if not asked.is_method or len(asked.arguments) < 3:
            return None
        owner, places, value = asked.arguments[0], asked.arguments[-2], asked.arguments[-1]
        chosen = aims(places, self)
        self.chosen_places(getattr(getattr(asked.node, "func", None), "value", None), owner, places)
        if not chosen or not isinstance(owner.ref, Array):
            return None
        owner.ref.labels |= value.all_labels() | (places.all_labels() & {MATCHED})
        return owner.plus(chosen)

    def _grown(self, asked: Asked) -> Value | None:
        if not asked.is_method or len(asked.arguments) < 2:
            return None
        owner, value = self._as_list(asked), asked.arguments[-1]
        inner = value.all_labels()
        if NLL in inner:
            inner |= self.scored(asked.node, _receiver(asked.node), inner, "kept")
        if isinstance(owner.ref, Array):
            inner |= kept_beside(owner.ref, inner, self) | beside((owner, value), asked.node, self, asked.last)
            if inner - owner.ref.labels:
                self.changes += 1
            owner.ref.take(value if asked.last != "extend" else self.element(value))
            owner.ref.labels |= inner
        return NOTHING

    def _as_list(self, asked: Asked) -> Value:
        """The list that something is put in: one of a few things is a container from then on."""
        owner, target = asked.arguments[0], getattr(getattr(asked.node, "func", None), "value", None)
        if owner.items is None or not isinstance(target, ast.Name):
            return owner
        array = self.array(asked.node, container=True)
        array.fields = dict(enumerate(owner.items))
        self.scope.home(target.id).names[target.id] = made = Value(owner.labels, ref=array)
        return made

    def _add_at(self, asked: Asked) -> Value | None:
        if asked.is_method or len(asked.arguments) < 2 or (asked.last == "at" and not asked.name.endswith("add.at")):
            return None
        self.wrote(asked.arguments[0], asked.arguments[1], asked.node)
        if isinstance(asked.arguments[0].ref, Array):
            asked.arguments[0].ref.labels |= labels_of(asked.arguments[2:], {})
        return NOTHING

    def _counted(self, asked: Asked) -> Value | None:
        array = self.array(asked.node)
        if asked.arguments and asked.labels & DATA:
            self.wrote(Value(ref=array), asked.arguments[0], asked.node)
        return Value(asked.labels, ref=array)

    def _table_write(self, asked: Asked) -> Value | None:
        if not asked.is_method or not asked.arguments:
            return None
        place = 1 + TABLE_WRITES[asked.last]
        owner, key = (
            asked.arguments[0],
            asked.arguments[place] if len(asked.arguments) > place else asked.named.get("index", NOTHING),
        )
        if isinstance(owner.ref, Array):
            self.wrote(owner, key, asked.node)
            put = labels_of(asked.arguments[place + 1 :], asked.named)
            if NLL in put:
                put |= self.scored(asked.node, _receiver(asked.node), put, "added" if "add" in asked.last else "kept")
            owner.ref.labels |= put
        return owner

    def _table_read(self, asked: Asked) -> Value | None:
        place = TABLE_READS[asked.last] + 1
        if not asked.arguments:
            return None
        owner, key = (
            asked.arguments[0],
            asked.arguments[place] if len(asked.arguments) > place else asked.named.get("index", NOTHING),
        )
        if isinstance(owner.ref, Array) and not owner.all_labels() & {NLL, LOGITS}:
            return self.looked_up(owner, key, asked.node)
        found = owner.all_labels()
        if LOGITS in found and key.all_labels() & DATA:
            best = picked_by_best(owner, key, asked.node, self)
            return Value(self.at_token(found, key.all_labels(), asked.node) | best)
        return self.item(owner, key, asked.node)

    def _put_out(self, asked: Asked, found: Value | None) -> None:
        """`np.fmin(one, other, out=array[begin:end])` stores what it gives."""
        for keyword in getattr(asked.node, "keywords", ()):
            target = keyword.value if keyword.arg == "out" else None
            if isinstance(target, ast.Name) and isinstance(self.value(target).ref, Array):  # a view
                target = ast.Subscript(target, ast.Slice(), ast.Store())
            if isinstance(target, (ast.Name, ast.Subscript, ast.Attribute)):
                self.store(target, Value(asked.labels) if found is None else found, asked.node)

    def _summed(self, asked: Asked) -> Value | None:
        if not asked.is_method or len(asked.arguments) < 2:
            return None
        owner, inner = asked.arguments[0], asked.arguments[1].all_labels()
        if NLL in inner:
            inner |= self.scored(asked.node, _receiver(asked.node), inner, "added")
        if isinstance(owner.ref, Array):
            owner.ref.labels |= inner
            self.wrote(owner, asked.arguments[1], asked.node)
            return owner
        func = getattr(asked.node, "func", None)
        if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name):
            known = self.scope.find(func.value.id)
            if known is not None and inner - known.labels:
                self.changes += 1
                self.scope.home(func.value.id).names[func.value.id] = known.plus(inner)
        return Value(asked.labels)

    def _repeated(self, asked: Asked) -> Value | None:
        """`rows.repeat(epochs, 1)`, `np.tile(order, epochs)`: the same several times, one after the other."""
        times = asked.argument(1, "repeats")
        if not asked.arguments or times is NOTHING or times.const == 1 or asked.labels & {NLL, LOGITS}:
            return None
        whole = asked.argument(0)
        return Value(asked.labels | {AGAIN}, place=whole.place)

    def _beside(self, asked: Asked) -> Value | None:
        """Put side by side: losses of the token that came, and something that is none."""
        items = (asked.arguments[0].items if asked.arguments else None) or ()
        labels = [item.all_labels() for item in items]
        mark = beside(items, asked.node, self, asked.last)
        if all(NLL in one for one in labels):
            mark |= mixed_beside(items, asked.node, self)
        if mark:
            return Value(asked.labels | mark)
        splits = [one & {VAL, TRAIN} for one in labels]
        if any(one != splits[0] for one in splits) and asked.labels >= {VAL, TRAIN}:
            return Value(asked.labels | {SEEN})  # texts of both splits, one after the other
        return self._stacked(asked)

    def _windows(self, asked: Asked) -> Value | None:
        return windows_of(asked, self)

    def _stacked(self, asked: Asked) -> Value | None:
        windows = of_shifts(asked, self) if asked.last == "stack" else None
        if windows is not None:
            return windows
        found = side_by_side(asked, self.trace) if asked.last in STACKS else NONE
        return Value(asked.labels | found) if found else None


def _receiver(node: ast.AST) -> str:
    func = getattr(node, "func", None)
    return name_of(func.value) if isinstance(func, ast.Attribute) else ""
