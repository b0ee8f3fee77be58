"""What calls of networks, losses and optimizers give."""

from __future__ import annotations

import ast
from typing import Any

from rules.analysis.flow.aims import picked
from rules.analysis.flow.base import Asked, labels_of
from rules.analysis.flow.events import Block, Kind
from rules.analysis.flow.labels import DATA, GEN, LOGITS, NLL, POOLED
from rules.analysis.flow.objects import (
    Array,
    Bound,
    Function,
    Instance,
    Optimizer,
    array_of,
    leaves,
    owner_of,
    owners,
)
from rules.analysis.flow.storage import Storage
from rules.analysis.flow.values import NOTHING, Value

STACKS = frozenset({"stack", "vstack"})
SUMS = frozenset({"sum", "mean", "fsum", "median", "nanmean", "average"})


class Learning(Storage):
    """Networks that are asked, and what they learn."""

    def asked_part(self, asked: Asked) -> None:
        """A layer that is given data is the network that is asked, where no method of the network itself asks it."""
        owner = owner_of(asked.arguments[0].ref) if asked.arguments else None
        if owner is None or not owner.cls.module or not labels_of(asked.arguments[1:], asked.named) & DATA:
            return
        self.parts += 1
        if not any(of_network(block) for block in self.trail):
            every = set[Instance]().union(*map(owners, (*asked.arguments, *asked.named.values())))
            self.note(Kind.MODEL, asked.node, asked.last, asked.labels, detail=frozenset(every))

    def _loss(self, asked: Asked) -> Value | None:
        answer, came = asked.argument(0, "input").all_labels(), asked.argument(1, "target").all_labels()
        return Value(
            (asked.labels - {LOGITS})
            | {NLL}
            | self.lost(asked.node, asked.labels)
            | picked(answer, came, asked.node, self)
        )

    def _backward(self, asked: Asked) -> Value | None:
        if asked.last == "grad" and not asked.name.endswith("autograd.grad") and not asked.is_method:
            return None
        asked_for = asked.argument(1, "inputs") if asked.last == "grad" else NOTHING
        own = () if owners(asked_for) else tuple(leaves(asked_for))
        self.note(Kind.LEARN, asked.node, asked.last, asked.labels, detail=own)
        if LOGITS in asked.labels and NLL not in asked.labels:
            self.is_loss(self.answered)
        return NOTHING

    def _step(self, asked: Asked) -> Value | None:
        owner = asked.arguments[0].ref if asked.arguments else None
        closure = asked.named.get("closure", asked.arguments[1] if len(asked.arguments) > 1 else NOTHING)
        if isinstance(owner, Optimizer) and isinstance(closure.ref, (Function, Bound)):
            self.apply(closure, (), {}, asked.node)  # it takes the gradients that the step needs
        if isinstance(owner, Optimizer):
            self.note(Kind.STEP, asked.node, asked.last, asked.labels, detail=owner)
        return NOTHING

    def _optimizer(self, asked: Asked) -> Value | None:
        params = asked.arguments[0] if asked.arguments else asked.named.get("params", NOTHING)
        return Value(ref=Optimizer(params, getattr(asked.node, "lineno", 1)))

    def _parameter(self, asked: Asked) -> Value | None:
        array = self.array(asked.node)
        array.leaf = True
        return Value(ref=array)

    def _needs_gradient(self, asked: Asked) -> Value | None:
        """`delta.requires_grad_()` is the same tensor, and gradients are taken for it."""
        array = asked.argument(0).ref if asked.is_method else None
        if isinstance(array, Array) and not array.container and asked.argument(1, "requires_grad").const is not False:
            array.leaf = True
            return asked.argument(0)
        return None

    def _copied_whole(self, asked: Asked) -> Value | None:
        """A deep copy of a network learns for itself."""
        original = owner_of(asked.arguments[0].ref) if asked.arguments else None
        if original is None or not original.cls.module:
            return None
        made = Instance(original.cls, dict(original.names), original)
        self.note(Kind.PUT, asked.node, asked.last, detail=frozenset({made}))  # the weights that the original has now
        return Value(asked.labels, ref=made)

    def _exchanged(self, asked: Asked) -> Value | None:
        """Ranks bring a tensor together; what it gives is as unknown as that of any other call."""
        parts: set[Any] = set()
        for one in asked.arguments:
            array = array_of(one.ref)
            parts |= owners(one) | ({array} if array is not None else set())
        if parts or NLL in asked.labels:
            self.note(Kind.EXCHANGE, asked.node, asked.last, asked.labels, detail=frozenset(parts))
        return None

    def pooled(self, value: Value, asked: Asked) -> Value:
        """What is made of several tensors that were taught one by one: still several, or their sum or mean."""
        taught = taught_one_by_one(asked.argument(0))
        if taught is None:
            return value
        if asked.last in STACKS:
            return Value(value.labels, ref=self.array(asked.node, element=Value(ref=taught)))
        if asked.last not in SUMS:
            return value
        self.note(Kind.POOL, asked.node, asked.last, asked.labels, detail=frozenset({taught}))
        return Value(value.labels | {POOLED})

    def put(self, node: ast.AST, name: str, *given: Value) -> None:
        """Note that networks, or parts of them, are changed in place."""
        into = frozenset(one for one in set[Instance]().union(*map(owners, given)) if one.cls.module)
        if into:
            self.note(Kind.PUT, node, name, detail=into)

    def _sampled(self, asked: Asked) -> Value | None:
        if asked.name.startswith("random."):  # so many of several things, without order
            return self._random(asked)
        return Value(frozenset({GEN})) if LOGITS in asked.labels or asked.last == "multinomial" else None


def of_network(block: Block) -> bool:
    """Whether it is the call of a method of a network."""
    function = block.detail
    return isinstance(function, Function) and function.owner is not None and function.owner.module


def taught_one_by_one(value: Value) -> Array | None:
    """The tensor of which there are several in a list or a stack, each with gradients of its own."""
    inner = value.ref.element.ref if isinstance(value.ref, Array) else None
    return inner if isinstance(inner, Array) and inner.leaf else None
