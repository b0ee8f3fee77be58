"""What calls of arrays and tensors give: tables that are read and written, losses that are put together."""

from __future__ import annotations

import ast
from dataclasses import replace

from rules.analysis.flow.aims import aims, blended, hinted, mixed_beside, picked, weighed
from rules.analysis.flow.base import Asked, labels_of
from rules.analysis.flow.blends import chosen_by_itself
from rules.analysis.flow.events import Kind
from rules.analysis.flow.labels import (
    AGAIN,
    BEST,
    BETTER,
    DATA,
    ENTROPY,
    GAP,
    LEAST,
    LOGITS,
    LOGP,
    MATCHED,
    NLL,
    NONE,
    SCALED,
    SEEN,
    SHIFTED,
    TOP,
    TRAIN,
    VAL,
    Labels,
)
from rules.analysis.flow.learning import Learning
from rules.analysis.flow.marks import exponent, matched
from rules.analysis.flow.objects import (
    Array,
    Bound,
    Function,
    Library,
    array_of,
    owners,
)
from rules.analysis.flow.ordinary import NUMBERS
from rules.analysis.flow.pseudo import beside, top_of
from rules.analysis.flow.rivals import (
    LARGEST,
    SMALLEST,
    STACKS,
    best_of,
    chooses_better,
    kept_beside,
    picked_by_best,
    rectified,
    rivalry,
    side_by_side,
)
from rules.analysis.flow.trust import SQUASHES, moved_on, owned, squashed
from rules.analysis.flow.values import NOTHING, Value
from rules.analysis.flow.windows import of_shifts, windows_of

TABLE_WRITES = {"scatter_add_": 1, "index_add_": 1, "index_put_": 0, "put_": 0, "scatter_": 1, "index_copy_": 1}
TABLE_READS = {"gather": 1, "index_select": 1, "take": 0, "take_along_dim": 0, "take_along_axis": 0}
MOST_FOLDED = 16
_NORMALISE = frozenset({"softmax", "log_softmax", "logsumexp", "logaddexp"})
MULTIPLIES, DIVIDES = frozenset({"mul", "multiply"}), frozenset({"div", "divide", "true_divide"})
INNER_PRODUCTS = frozenset({"dot", "vdot", "inner", "matmul", "mv"})


class Arrays(Learning):
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

    def at_token(self, answer: Labels, came: Labels, node: ast.AST) -> Labels:
        """Labels of what an answer has at a token of the text."""
        return answer | came | {NLL} | self.lost(node, answer | came) | picked(answer, came, node, self)

    def _inner_product(self, asked: Asked) -> Value | None:
        """`torch.dot(losses, weights)`."""
        return self._product(asked) if NLL in asked.labels else None

    def _product(self, asked: Asked) -> Value | None:
        """`losses.mul(0.97)`, `torch.div(losses, count)`."""
        if len(asked.arguments) != 2:
            return None
        op = ast.Div() if asked.last in DIVIDES else ast.Mult()
        return self.arithmetic(asked.arguments[0], asked.arguments[1], op, asked.node)

    def _put_out(self, asked: Asked, found: Value | None) -> None:
        """`np.fmin(one, other, out=array[begin:end])` stores what it gives."""
        for keyword in getattr(asked.node, "keywords", ()):
            if keyword.arg == "out" and isinstance(keyword.value, (ast.Subscript, ast.Attribute)):
                self.store(keyword.value, Value(asked.labels) if found is None else found, asked.node)

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

    def _equal(self, asked: Asked) -> Value | None:
        """`torch.eq(hint, target)`, `hint.ne(target)`."""
        if len(asked.arguments) < 2:
            return None
        one, other = asked.arguments[:2]
        return Value(asked.labels | matched(one.all_labels(), other.all_labels()) | hinted(one, other))

    def _exponent(self, asked: Asked) -> Value | None:
        found = exponent(asked.labels)
        if found and VAL in asked.labels:
            self.note(Kind.SPREAD, asked.node, asked.last, asked.labels)
        return Value((asked.labels - {SCALED, SHIFTED, LOGP}) | found)

    def _repeated(self, asked: Asked) -> Value | None:
        """`rows.repeat(epochs, 1)`, `np.tile(order, epochs)`: the same several times, one after the other."""
        times = asked.argument(1, "repeats")
        if not asked.arguments or times is NOTHING or times.const == 1 or asked.labels & {NLL, LOGITS}:
            return None
        whole = asked.argument(0)
        return Value(asked.labels | {AGAIN}, place=whole.place)

    def _entropies(self, asked: Asked) -> Value | None:
        """`torch.xlogy(p, p)`, `torch.einsum("tv,tv->t", p, log_p)`."""
        answers = [labels for one in asked.arguments if LOGITS in (labels := one.all_labels()) and NLL not in labels]
        return Value(asked.labels | {ENTROPY}) if len(answers) == 2 and NLL not in asked.labels else None

    def _log_prob(self, asked: Asked) -> Value | None:
        """`Categorical(logits=logits).log_prob(came)`."""
        answer, came = asked.argument(0).all_labels(), asked.argument(1).all_labels()
        if not asked.is_method or LOGITS not in answer or not came & DATA:
            return None
        return Value(self.at_token(answer, came, asked.node) | {LOGP})

    def _entropy(self, asked: Asked) -> Value | None:
        """`torch.special.entr(p)`, `Categorical(logits=logits).entropy()`."""
        return Value(asked.labels | {ENTROPY}) if LOGITS in asked.labels and NLL not in asked.labels else None

    def _logarithm(self, asked: Asked) -> Value | None:
        """What was made smaller was a probability; what is normalised over tokens is an answer, whoever gave it."""
        if asked.last in _NORMALISE:
            self.trace.shared(asked.labels)
        if asked.last in ("log_softmax", "softmax") and asked.labels & DATA and NLL not in asked.labels:
            return Value((asked.labels - {TOP}) | {LOGITS} | ({LOGP} if asked.last == "log_softmax" else NONE))
        if asked.last == "logaddexp" and not asked.is_method and len(asked.arguments) == 2 and NLL not in asked.labels:
            return Value(weighed(asked.labels, *asked.arguments, asked.node, self))
        pair = asked.arguments if asked.last == "logaddexp" else ()
        mark = beside(pair, asked.node, self, asked.last) | mixed_beside(pair, asked.node, self)
        if mark:
            return Value((asked.labels - {SCALED, SHIFTED}) | mark)
        found = squashed(asked, self) if asked.last in SQUASHES else NONE
        return Value((asked.labels - {SCALED, SHIFTED}) | found) if found or asked.labels & {SCALED, SHIFTED} else None

    def _squashed(self, asked: Asked) -> Value | None:
        found = squashed(asked, self)
        return Value(asked.labels | found) if found else None

    def _moved_on(self, asked: Asked) -> Value | None:
        return moved_on(asked)

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

    def _added_up(self, asked: Asked) -> Value | None:
        """`sum(weight * share for ...)` over a few things: one after the other, as by hand."""
        items = asked.arguments[0].items if asked.arguments and not asked.is_method else None
        if not items or len(items) > MOST_FOLDED or all(item.known for item in items):
            return None
        total = asked.argument(1, "start", items[0])
        for item in items[1:] if total is items[0] else items:
            total = self.arithmetic(total, item, ast.Add(), asked.node)
        return total.plus(beside(items, asked.node, self, asked.last))

    def _windows(self, asked: Asked) -> Value | None:
        return windows_of(asked, self)

    def _stacked(self, asked: Asked) -> Value | None:
        windows = of_shifts(asked, self) if asked.last == "stack" else None
        if windows is not None:
            return windows
        found = side_by_side(asked, self.trace) if asked.last in STACKS else NONE
        return Value(asked.labels | found) if found else None

    def _blended(self, asked: Asked) -> Value | None:
        """`torch.lerp(one, other, weight)`."""
        weight = asked.argument(2, "weight")
        found = blended(asked.labels, asked.arguments[:2], weight, asked.node, self)
        mark = owned(Value(labels_of(asked.arguments[:2], {})), weight, ast.Mult(), asked.node, self)
        return Value((asked.labels if found is None else found) | mark) if found is not None or mark else None

    def _least(self, asked: Asked) -> Value | None:
        """The best of several losses, where it stands, or all of them in order."""
        found = best_of(asked, self)
        if found:
            return Value((asked.labels - rivalry(asked.labels)) | found)
        if asked.last in LARGEST | SMALLEST and rectified(asked):
            return self._rectified(asked)
        if asked.last in LARGEST | SMALLEST | {"topk"} and asked.arguments:
            found = beside(asked.arguments, asked.node, self, asked.last) or top_of(asked.arguments[0])
            return Value(asked.labels | found) if found else None
        return self._listed(asked) if asked.last == "sorted" else None

    def _rectified(self, asked: Asked) -> Value | None:
        found = rectified(asked)
        if found:
            return Value((asked.labels - {GAP}) | found)
        return self._number(asked) if asked.last in NUMBERS else None

    def _reduced(self, asked: Asked) -> Value | None:
        """`functools.reduce(torch.minimum, losses)`, `np.minimum.reduce(losses)`."""
        of_ufunc = asked.name.rpartition(".")[0].rpartition(".")[2] in SMALLEST | LARGEST
        if of_ufunc and not asked.is_method:
            return self._least(replace(asked, last="amin"))
        function = asked.argument(0)
        if asked.is_method or len(asked.arguments) < 2 or not isinstance(function.ref, (Function, Bound, Library)):
            return None
        over, items = asked.arguments[1], asked.arguments[1].items
        if items is not None and len(items) <= MOST_FOLDED:
            first = asked.arguments[2:3] or items[:1]
            for item in items if len(asked.arguments) > 2 else items[1:]:
                first = (self.apply(function, (*first, item), {}, asked.node),)
            return first[0] if first else NOTHING
        inner = self.element(over)
        found = self.apply(function, (asked.argument(2, default=inner), inner), {}, asked.node)
        if len(asked.arguments) > 2 and NLL in found.all_labels() - asked.arguments[2].all_labels():
            found = found.plus(self.scored(asked.node, "", found.all_labels(), "added"))
        return found

    def _where(self, asked: Asked) -> Value | None:
        if len(asked.arguments) == 3:
            found = blended(asked.labels, asked.arguments[1:], asked.arguments[0], asked.node, self)
            if found is not None:
                return Value(found)
        if len(asked.arguments) == 3 and all(NLL in one.all_labels() for one in asked.arguments):
            self.note(Kind.LEAST, asked.node, asked.last, asked.labels, detail="where")
            test, *sides = (one.all_labels() for one in asked.arguments)
            if BEST in test or chooses_better(test, *sides) or _is_comparison(asked.node):
                return Value((asked.labels - {BETTER}) | {LEAST})
        mark = chosen_by_itself(asked, self)
        return Value(asked.labels | mark) if mark else None


def _is_comparison(node: ast.AST) -> bool:
    """Whether `where(a < b, a, b)` picks the smaller of the two that it compares."""
    arguments = getattr(node, "args", [])
    if len(arguments) != 3 or not isinstance(arguments[0], ast.Compare) or len(arguments[0].comparators) != 1:
        return False
    compared = {ast.dump(arguments[0].left), ast.dump(arguments[0].comparators[0])}
    return compared == {ast.dump(arguments[1]), ast.dump(arguments[2])}


def _receiver(node: ast.AST) -> str:
    func = getattr(node, "func", None)
    owner = func.value if isinstance(func, ast.Attribute) else None
    while isinstance(owner, ast.Subscript):
        owner = owner.value
    if isinstance(owner, ast.Attribute):
        return owner.attr
    return owner.id if isinstance(owner, ast.Name) else ""
