"""What calls of Python's own functions give: numbers, ranges, containers, functions given to functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rules.analysis.flow.base import Arguments, Asked, labels_of
from rules.analysis.flow.labels import (
    ANYWHERE,
    BYTES,
    CLOCK,
    DATA,
    LENGTH,
    NONE,
    RAMP,
    RAND,
    RANK,
    TRAIN,
    VAL,
    Label,
    Labels,
    Token,
    Turn,
    begins,
)
from rules.analysis.flow.marks import before_own
from rules.analysis.flow.namespaces import Namespaces
from rules.analysis.flow.objects import (
    UNBOUNDED,
    Array,
    Bound,
    Class,
    Count,
    Function,
    Instance,
    Span,
)
from rules.analysis.flow.picking import several_of, tries
from rules.analysis.flow.plain import of_text, type_of
from rules.analysis.flow.remainder import begins_at
from rules.analysis.flow.sparse import sliced, steps_of
from rules.analysis.flow.values import NOTHING, Value, constant

_DRAWS = frozenset({"sample", "choice", "choices"})
_DISTRIBUTES = frozenset({"DistributedDataParallel", "DDP"})  # only networks are
SAME = frozenset(
    {
        "to",
        "cuda",
        "cpu",
        "contiguous",
        "float",
        "double",
        "half",
        "bfloat16",
        "long",
        "int",
        "detach",
        "clone",
        "item",
        "view",
        "reshape",
        "unsqueeze",
        "squeeze",
        "flatten",
        "eval",
        "train",
        "requires_grad_",
        "pin_memory",
        "numpy",
        "copy",
        "astype",
        "tolist",
        "share_memory_",
        "ravel",
        "type",
        "module",
        "expand",
        "transpose",
        "permute",
        "result",
    }
)
NUMBERS: dict[str, Callable[[Any], Any]] = {
    "int": int,
    "float": float,
    "bool": bool,
    "str": str,
    "abs": abs,
    "round": round,
}


class Ordinary(Namespaces):
    """Calls that every program has."""

    def _same_value(self, asked: Asked) -> Value | None:
        return asked.arguments[0] if asked.is_method and asked.arguments else None

    def _number(self, asked: Asked) -> Value | None:
        if asked.is_method:  # `counts.float()` are the counts still
            return self._same_value(asked) if asked.last in SAME else None
        if len(asked.arguments) == 1 and asked.arguments[0].known:
            try:
                given = asked.arguments[0].const
                if isinstance(given, str) and asked.last != "str":  # a log prints a switch as what it became
                    given = {"true": True, "false": False}.get(given.strip().lower(), given)
                return Value(asked.arguments[0].labels, NUMBERS[asked.last](given))
            except (TypeError, ValueError, OverflowError):
                return NOTHING
        return None

    def _size(self, asked: Asked) -> Value | None:
        if asked.last == "len" and asked.arguments and asked.arguments[0].items is not None:
            return constant(len(asked.arguments[0].items))
        return Value(frozenset({LENGTH})) if asked.last == "len" and BYTES in asked.labels else NOTHING

    def _type(self, asked: Asked) -> Value | None:
        """`type(value)`, or a tensor of another type."""
        if asked.is_method or len(asked.arguments) != 1:
            return self._same_value(asked)
        return type_of(asked.arguments[0]) or NOTHING

    def _range(self, asked: Asked) -> Value | None:
        """Positions; where the bounds are plain, so many."""
        labels = labels_of(asked.arguments, asked.named)
        turns = _turns(labels) | before_own(NOTHING if len(asked.arguments) < 2 else asked.arguments[0], _stop(asked))
        times = None
        if (
            asked.last == "range"
            and asked.arguments
            and all(one.known and isinstance(one.const, int) for one in asked.arguments)
        ):
            try:
                times = len(range(*[one.const for one in asked.arguments]))
            except (TypeError, ValueError, OverflowError):
                times = None
        turns |= steps_of(asked) | ({RAMP} if asked.last == "arange" else NONE)
        if len(asked.arguments) > 1:
            turns |= begins_at(asked.arguments[0])
        return Value(turns, place=self.place_of(asked.node), ref=Count(times, _span(asked.arguments)))

    def _sliced(self, asked: Asked) -> Value | None:
        return sliced(asked)

    def _clock(self, asked: Asked) -> Value | None:
        return None if asked.is_method and asked.last == "time" else Value(asked.labels | {CLOCK})

    def _rank(self, _: Asked) -> Value | None:
        return Value(frozenset({RANK}))

    def _random(self, asked: Asked) -> Value | None:
        found = (asked.labels & {VAL, TRAIN}) | {RAND}
        return Value(found | {ANYWHERE} if VAL in found and asked.last in _DRAWS else found)

    def _available(self, asked: Asked) -> Value | None:
        """The run that is claimed had its accelerators."""
        return constant(True) if asked.name == "torch.cuda.is_available" else None

    def _container(self, asked: Asked) -> Value | None:
        array = self.array(asked.node, container=True)
        if asked.arguments and asked.last in ("list", "set", "deque", "Counter"):
            if asked.last == "list" and asked.arguments[0].items is not None:
                return asked.arguments[0]
            array.take(self.element(asked.arguments[0]))
            array.labels |= several_of(asked.arguments[0])
        if asked.last == "defaultdict" and asked.arguments:
            made = self.apply(asked.arguments[0], (), {}, asked.node)
            array.element = made if isinstance(made.ref, Array) else NOTHING
        if asked.last == "dict":
            array.fields = dict(asked.named)
            array.labels |= frozenset[Label]().union(*(one.all_labels() for one in asked.arguments))
        if asked.last == "Counter" and asked.arguments and asked.labels & DATA:
            self.wrote(Value(ref=array), asked.arguments[0], asked.node)
        return Value(ref=array)

    def _listed(self, asked: Asked) -> Value | None:
        """What stands in a container, in another order, or with its keys."""
        owner = asked.arguments[0] if asked.arguments else NOTHING
        if not isinstance(owner.ref, Array) or not owner.ref.container:
            return None
        inner = self.element(owner)
        if asked.last == "items" and asked.is_method:
            inner = Value(inner.labels, items=(NOTHING, inner))
        return Value(owner.labels, ref=self.array(asked.node, element=inner, container=True))

    def _zip(self, asked: Asked) -> Value | None:
        if asked.is_method:
            return None
        if asked.last == "zip" and any(one.items == () for one in asked.arguments):
            return Value(items=())
        elements = tuple(self.element(one) for one in asked.arguments)
        if asked.last == "enumerate":
            self.bases += 1
            few = asked.arguments[0].items if asked.arguments else None
            count = None if few is None else Count(len(few), Span(0, len(few) - 1))
            elements = (Value(place=Token(self.bases, 0), ref=count), *elements[:1])
        array = self.array(asked.node, element=Value(items=elements))
        array.few = _rows(asked)
        return Value(ref=array)

    def _partial(self, asked: Asked) -> Value | None:
        if asked.arguments and asked.arguments[0].ref is not None:
            return Value(ref=Bound(asked.arguments[0].ref, tuple(asked.arguments[1:]), dict(asked.named)))
        return None

    def _mapped(self, asked: Asked) -> Value | None:
        """`map(function, things)`: what the function gives for each."""
        function = asked.argument(0)
        if asked.is_method or len(asked.arguments) != 2 or not isinstance(function.ref, (Function, Bound)):
            return None
        over = asked.arguments[1]
        found = self.apply(function, (self.element(over),), {}, asked.node)
        found = found.plus(tries(over, found.all_labels()))
        return Value(found.labels, ref=self.array(asked.node, element=found, container=True))

    def _submitted(self, asked: Asked) -> Value | None:
        """Work given to a pool: it is done here, and its `result()` is what it gives."""
        if not asked.is_method or len(asked.arguments) < 2 or not isinstance(asked.arguments[1].ref, (Function, Bound)):
            return None
        return self.apply(asked.arguments[1], asked.arguments[2:], asked.named, asked.node)

    def _text(self, asked: Asked) -> Value | None:
        return of_text(asked)

    def _wrapped(self, asked: Asked) -> Value | None:
        if not asked.arguments or asked.is_method:
            return None
        wrapped = asked.arguments[0]
        if asked.last in _DISTRIBUTES and wrapped.ref is None and not wrapped.known:
            return Value(ref=Instance(Class("", {}, module=True)))
        return wrapped


def _rows(asked: Asked) -> tuple[Value, ...] | None:
    """What `zip` or `enumerate` of a few known things gives, one by one; None where they are not known."""
    columns = [one.items for one in asked.arguments if one.items is not None]
    if not columns or len(columns) != len(asked.arguments):
        return None
    numbers = [tuple(map(constant, range(len(columns[0]))))] if asked.last == "enumerate" else []
    return tuple(Value(items=row) for row in zip(*numbers, *columns, strict=False))


def _span(bounds: Arguments) -> Span:
    """The least and the largest number of a range, as far as its bounds are plain."""
    plain = [one.const if one.known and isinstance(one.const, int) else None for one in bounds]
    if not 0 < len(plain) < 4:
        return UNBOUNDED
    start, stop = (0, *plain)[-2:] if len(plain) < 3 else plain[:2]
    step = plain[2] if len(plain) == 3 else 1
    if step == 1:
        return Span(start, None if stop is None else stop - 1)
    return Span(None if stop is None else stop + 1, start) if step == -1 else UNBOUNDED


def _stop(asked: Asked) -> Value:
    """The bound that a range ends before."""
    return asked.arguments[min(1, len(asked.arguments) - 1)] if asked.arguments else NOTHING


def _turns(labels: Labels) -> Labels:
    return frozenset(label for label in labels if isinstance(label, Turn) or begins(label))
