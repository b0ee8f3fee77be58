"""What calls give that make losses out of answers, put losses together, or choose among them."""

from __future__ import annotations

import ast
from dataclasses import replace

from rules.analysis.flow.aims import blended, hinted, mixed_beside, picked, weighed
from rules.analysis.flow.base import Asked, labels_of
from rules.analysis.flow.blends import chosen_by_itself
from rules.analysis.flow.chunks import least_along
from rules.analysis.flow.events import Kind
from rules.analysis.flow.labels import (
    BEST,
    BETTER,
    DATA,
    ENTROPY,
    GAP,
    HOT,
    LEAST,
    LOGITS,
    LOGP,
    NLL,
    NONE,
    SCALED,
    SHIFTED,
    TARGET,
    TOP,
    VAL,
    Labels,
)
from rules.analysis.flow.learning import Learning
from rules.analysis.flow.marks import exponent, matched
from rules.analysis.flow.objects import (
    Bound,
    Function,
    Library,
)
from rules.analysis.flow.ordinary import NUMBERS
from rules.analysis.flow.pseudo import beside, top_of
from rules.analysis.flow.rivals import (
    LARGEST,
    SMALLEST,
    best_of,
    chooses_better,
    rectified,
    rivalry,
)
from rules.analysis.flow.trust import SQUASHES, moved_on, owned, squashed
from rules.analysis.flow.values import NOTHING, Value

MOST_FOLDED = 16
_NORMALISE = frozenset({"softmax", "log_softmax", "logsumexp", "logaddexp"})
INNER_PRODUCTS = frozenset({"dot", "vdot", "inner", "matmul", "mv"})
MULTIPLIES, DIVIDES = frozenset({"mul", "multiply"}), frozenset({"div", "divide", "true_divide"})


class Losses(Learning):
    """Answers, losses, and what becomes of them."""

    def at_token(self, answer: Labels, came: Labels, node: ast.AST) -> Labels:
        """Labels of what an answer has at a token of the text."""
        return answer | came | {NLL} | self.lost(node, answer | came) | picked(answer, came, node, self)

    def _inner_product(self, asked: Asked) -> Value | None:
        """`torch.dot(losses, weights)`."""
        return self._product(asked) if NLL in asked.labels else None

    def _one_hot(self, asked: Asked) -> Value | None:
        """`F.one_hot(target, vocabulary)`: a product with it picks what stands at the target."""
        return Value(asked.labels | ({HOT} if {VAL, TARGET} <= asked.labels else NONE))

    def _product(self, asked: Asked) -> Value | None:
        """`losses.mul(0.97)`, `torch.div(losses, count)`."""
        if len(asked.arguments) != 2:
            return None
        op = ast.Div() if asked.last in DIVIDES else ast.Mult()
        return self.arithmetic(asked.arguments[0], asked.arguments[1], op, asked.node)

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

    def _added_up(self, asked: Asked) -> Value | None:
        """`sum(weight * share for ...)` over a few things: one after the other, as by hand."""
        items = asked.arguments[0].items if asked.arguments and not asked.is_method else None
        if not items or len(items) > MOST_FOLDED or all(item.known for item in items):
            return None
        total = asked.argument(1, "start", items[0])
        for item in items[1:] if total is items[0] else items:
            total = self.arithmetic(total, item, ast.Add(), asked.node)
        return total.plus(beside(items, asked.node, self, asked.last))

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
        if asked.last == "min" and (least := least_along(asked)) is not asked.labels:
            return Value(least)
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
