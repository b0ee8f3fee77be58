"""The walker's calls: the program's own functions are walked, networks are asked, libraries are known by name."""

from __future__ import annotations

import ast
import math
from itertools import islice

from rules.analysis.configuration import Origin
from rules.analysis.flow import printing
from rules.analysis.flow.aims import aimed, aims
from rules.analysis.flow.base import Answered, Arguments, Named, labels_of
from rules.analysis.flow.events import Kind
from rules.analysis.flow.files import of_split
from rules.analysis.flow.labels import (
    DATA,
    FOREIGN,
    LOGITS,
    NLL,
    PARTS,
    RAMP,
    STORED,
    TARGET,
    TOLD,
    TRAIN,
    TRAIN_FILE,
    VAL,
    VAL_FILE,
    Kept,
    Label,
    Labels,
    Lost,
    Read,
)
from rules.analysis.flow.learning import of_network
from rules.analysis.flow.library import Libraries
from rules.analysis.flow.objects import (
    Array,
    Bound,
    Class,
    Count,
    Foreign,
    Function,
    Instance,
    Library,
    Optimizer,
    Scope,
    array_of,
    owners,
)
from rules.analysis.flow.prints import template
from rules.analysis.flow.trust import by_itself
from rules.analysis.flow.values import NOTHING, Value, joined, without

MOST_DEPTH = 24
MOST_FIELDS = 200  # of a dictionary that may hold settings
FEWEST_PRINTED = 3
MOST_TIMES = 60  # one function is walked; afterwards its result is taken for anything made of its arguments
MOST_READS = 500  # the same for a few plain statements, as helpers have that read one setting
_PLAIN = (ast.Assign, ast.AnnAssign, ast.Return, ast.If, ast.Expr)
_FORWARD = ("forward", "_forward")
MOST_RATIOS = 40
MOST_PLANES = 16  # of tables that are stacked in one
_UNITS = (math.log(2), math.log10(2), math.log10(math.e))
NAMED_VAL = frozenset(
    f"{split}_{what}"
    for split in ("val", "valid", "validation")
    for what in ("tokens", "data", "toks", "ids", "d", "raw", "text", "bytes", "tok", "tokens_raw")
)


class Calls(Libraries):
    """Calls of any kind."""

    def call(self, node: ast.Call) -> Value:
        """The value of a call."""
        called = self.value(node.func)
        arguments, named = self._arguments(node)
        return self.apply(called, arguments, named, node)

    def _arguments(self, node: ast.Call) -> tuple[Arguments, Named]:
        arguments: list[Value] = []
        for item in node.args:
            value = self.value(item)
            if isinstance(item, ast.Starred) and value.items is not None:
                arguments.extend(value.items)
            else:
                arguments.append(value)
        named: Named = {}
        for keyword in node.keywords:
            if keyword.arg is not None:
                named[keyword.arg] = self.value(keyword.value)
        for keyword in node.keywords:
            if keyword.arg is None:
                value = self.value(keyword.value)
                if isinstance(value.ref, Array):
                    named.update({k: v for k, v in value.ref.fields.items() if isinstance(k, str)})
        return tuple(arguments), named

    def apply(self, called: Value, arguments: Arguments, named: Named, node: ast.AST) -> Value:
        """Call a value."""
        ref = called.ref
        given: Arguments = ()
        while isinstance(ref, Bound):
            given, named, ref = (*ref.given, *given), {**ref.named, **named}, ref.function
        arguments = (*given, *arguments)
        if isinstance(ref, Function):
            return self.call_function(ref, arguments, named, node)
        if isinstance(ref, Class):
            return self._make(ref, arguments, named, node)
        if isinstance(ref, Instance):
            return self._ask(called, ref, arguments, named, node)
        if isinstance(ref, Library):
            return self.library(ref.name, arguments, named, node)
        if isinstance(ref, Foreign):
            return self._foreign(ref, arguments, named, node)
        labels = called.all_labels()
        for value in (*arguments, *named.values()):
            labels |= value.all_labels()
        return Value(labels)

    def _make(self, cls: Class, arguments: Arguments, named: Named, node: ast.AST) -> Value:
        """An instance of a class of the program."""
        if cls.optimizer:
            return Value(ref=Optimizer(arguments[0] if arguments else NOTHING, getattr(node, "lineno", 1)))
        instance = Instance(cls)
        made = Value(ref=instance)
        start = cls.find("__init__")
        after = cls.find("__post_init__")
        if start is not None and isinstance(start.ref, Function):
            if not cls.module:
                self.call_function(start.ref, (made, *arguments), named, node)
        else:
            for name, value in (*zip(cls.positions(), arguments, strict=False), *named.items()):
                instance.names[name] = value
            if after is not None and isinstance(after.ref, Function):
                self.call_function(after.ref, (made,), {}, node)
        return made

    def _ask(self, called: Value, instance: Instance, arguments: Arguments, named: Named, node: ast.AST) -> Value:
        """Call an instance: a network answers, another object's `__call__` is walked."""
        if instance.cls.module:
            return self.network(called, arguments, named, node)
        if _named(node) in printing.NAMED:
            self.note(
                Kind.PRINT, node, template(node, self.value, arguments), labels_of(arguments, named), detail=arguments
            )
            return NOTHING
        method = instance.cls.find("__call__")
        if method is not None and isinstance(method.ref, Function):
            return self.call_function(method.ref, (called, *arguments), named, node)
        return Value(labels_of(arguments, named))

    def network(self, called: Value, arguments: Arguments, named: Named, node: ast.AST) -> Value:
        """What a network answers: logits, or a loss where it is given the tokens that come next too."""
        labels = labels_of(arguments, named)
        asked = set[Instance]().union(*(owners(one) for one in (called, *arguments, *named.values())))
        event = self.note(Kind.MODEL, node, _text(node), labels, detail=frozenset(asked))
        data = [found for v in (*arguments, *named.values()) if (found := v.all_labels()) & DATA]
        has_targets = TARGET in labels or len(data) >= 2
        asks = any("logits" in name.casefold() and value.const is True for name, value in named.items())
        if asks or "logits" in _called(node):  # a temperature that was fitted on losses is no target
            has_targets = not asks and any(TARGET in found and not found & {NLL, LOGITS} for found in data)
        elif not has_targets:
            self.answered = Answered(frozenset(asked), len(arguments) + len(named))
            has_targets = bool(data) and any(self.answered.given in instance.cls.losses for instance in asked)
        lost = frozenset[Label]()
        if has_targets:
            self.trace.losses.append(event)
            lost = frozenset({NLL, Lost(len(self.trace.losses) - 1)})
        return Value((labels - {NLL, LOGITS, TOLD}) | {LOGITS} | lost)

    def call_function(self, function: Function, arguments: Arguments, named: Named, node: ast.AST) -> Value:
        """Walk a function of the program with these arguments."""
        if self._is_forward(function):
            return self.network(arguments[0] if arguments else NOTHING, arguments[1:], named, node)
        if self._prints(function):
            shown = template(node, self.value, arguments, fields=function.node.args.kwarg is not None)
            self.note(Kind.PRINT, node, shown, labels_of(arguments, named), detail=arguments)
            return NOTHING
        times = self.times.get(function.node, 0)
        if self.depth >= MOST_DEPTH or times >= _most_times(function) or self._is_running(function):
            return Value(labels_of(arguments, named))
        self.times[function.node] = times + 1
        scope = Scope(function.scope.source, function.scope, function.name)
        self._bind_arguments(function, scope, arguments, named)
        outer, self.scope = self.scope, scope
        self.depth += 1
        self.returned.append([])
        once, parts, result = self.once, self.parts, NOTHING
        try:
            with self.block("call", node, function.name) as made:
                made.detail = function
                result = self._walk(function)
                return result
        finally:
            self.once = once
            self.depth -= 1
            self.returned.pop()
            self.scope = outer
            answers = self.parts > parts or NLL in result.all_labels()  # without a layer of its own, by its weights
            if answers and of_network(made) and not any(map(of_network, self.trail)):
                asked = set[Instance]().union(*map(owners, (*arguments, *named.values())))
                self.note(Kind.MODEL, node, function.name, labels_of(arguments[1:], named), detail=frozenset(asked))

    def _walk(self, function: Function) -> Value:
        if isinstance(function.node, ast.Lambda):
            return self.value(function.node.body)
        self.leave_safely(function.node.body)
        returned = self.returned[-1]
        result = joined(*returned) if returned else NOTHING
        if result.all_labels() & {NLL}:
            self.note(Kind.RETURN, function.node, function.name, result.all_labels())
        return result

    def _prints(self, function: Function) -> bool:
        known = self.printers.get(function.node)
        if known is None:
            known = function.name in printing.NAMED or printing.prints_its_argument(function.node)
            self.printers[function.node] = known
        return known

    def _is_forward(self, function: Function) -> bool:
        owner = function.owner
        return owner is not None and owner.module and function.name.startswith(_FORWARD)

    def _is_running(self, function: Function) -> bool:
        return [block.detail for block in self.trail].count(function) > 1

    def _bind_arguments(self, function: Function, scope: Scope, arguments: Arguments, named: Named) -> None:
        given = function.node.args
        positional = [*given.posonlyargs, *given.args]
        names = scope.names
        for argument, value in zip(positional, arguments, strict=False):
            names[argument.arg] = value
        if given.vararg is not None:
            names[given.vararg.arg] = Value(items=arguments[len(positional) :][:64])
        every = [a.arg for a in (*positional, *given.kwonlyargs)]
        for name in every:
            if name in named:
                names[name] = named[name]
            elif name not in names:
                names[name] = function.defaults.get(name, NOTHING)
            if name in NAMED_VAL and not names[name].all_labels() - {STORED} and not names[name].known:
                names[name] = without(names[name], STORED).plus({VAL})
        if given.kwarg is not None:
            array = self.array(function.node)
            array.fields = {k: v for k, v in named.items() if k not in every}
            names[given.kwarg.arg] = Value(ref=array)

    def _foreign(self, ref: Foreign, arguments: Arguments, named: Named, node: ast.AST) -> Value:
        """Call what is not Python: it may fill any array that it is given from all others."""
        labels = labels_of(arguments, named) | {FOREIGN}
        self.note(Kind.ESCAPE, node, ref.name, labels, detail=ref)
        for value in (*arguments, *named.values()):
            array = array_of(value.ref)
            if array is not None and not array.labels & {VAL, TRAIN}:
                if labels - array.labels:
                    self.changes += 1
                array.labels |= labels
        return Value(labels)

    # -- tables ------------------------------------------------------------------------------------------------------

    def looked_up(self, owner: Value, key: Value, node: ast.AST) -> Value:
        """`array[key]`: a plain key picks a field, one made of data is a look-up in a table."""
        array: Array = owner.ref
        if key.known and isinstance(key.const, (str, int)) and key.const in array.fields:
            field = array.fields[key.const]
            return self.setting(key.const, field) if isinstance(key.const, str) and self._is_settings(array) else field
        labels = key.all_labels()
        inner = array.element
        if not labels & {VAL, TRAIN}:
            held = frozenset(array.labels) | (owner.labels & {VAL_FILE, TRAIN_FILE})  # a list of them, or an empty one
            if array.container and inner is NOTHING and not array.fields:
                return Value(held, optional=True)
            if key.place is not None and held & DATA and not held & {NLL, LOGITS}:
                held |= {key.place}
            if inner is NOTHING and array.fields:
                inner = self.element(owner)
            ref = inner.ref if inner.ref is not None else (None if inner is not NOTHING else array)
            made_of = key.turns | aims(key, self) | aimed(owner.labels)
            return Value(of_split(held | inner.labels, labels) | made_of, items=inner.items, ref=ref)
        if _of_several(key) and not array.container:
            labels |= {PARTS}
        above = {label for label in owner.labels if isinstance(label, Read)}
        labels |= above
        read = self.note(Kind.READ, node, _text(node), labels, detail=array)
        self.trace.reads.append(read)
        found = {Read(len(self.trace.reads) - 1), *above}
        return Value(frozenset(array.labels) | inner.labels | found, ref=inner.ref)

    def _is_settings(self, array: Array) -> bool:
        """Whether a dictionary holds the settings of the run: the logs print most of what it names."""
        names = [name for name in islice(array.fields, MOST_FIELDS) if isinstance(name, str)]
        printed = sum(self.configuration.origin(name) is Origin.LOG for name in names)
        return printed >= FEWEST_PRINTED and 2 * printed >= len(names)

    def wrote(self, owner: Value, key: Value, node: ast.AST) -> None:
        """Note a change of a table at a key made of data."""
        keys = key.all_labels()
        if keys & {VAL, TRAIN} and isinstance(owner.ref, Array):
            event = self.note(Kind.WRITE, node, _text(node), keys, detail=owner.ref)
            owner.ref.writes.append(event)

    def blanked(self, target: ast.expr, condition: ast.expr | None, labels: Labels, node: ast.AST) -> None:
        """Note losses that are set to nothing, by a factor or a place that is made of the token that came."""
        if labels & {TARGET, VAL} and not labels & {NLL, LOGITS}:
            while isinstance(target, ast.Subscript):
                target = target.value
            owner = self.scope.find(target.id) if isinstance(target, ast.Name) else None
            if owner is not None and NLL in owner.all_labels():
                self.note(Kind.BLANK, node, _text(target), labels | owner.all_labels(), detail=condition)

    def divided(self, one: Value, other: Value) -> None:
        """Note what was looked up by what it is divided by: the count of a context stands below what followed it.

        A sum of losses over a sum of bytes is the score itself: it says nothing of what stands in a table.
        """
        below = [label.number for label in other.all_labels() if isinstance(label, Read)]
        if below and len(below) <= MOST_RATIOS:
            labels = one.all_labels()
            if any(isinstance(label, Kept) for label in (*labels, *other.all_labels())):
                return
            above = [label.number for label in labels if isinstance(label, Read)][:MOST_RATIOS]
            self.trace.ratios.update((number, under) for number in above for under in below)

    def scaled(self, one: Value, other: Value, node: ast.AST) -> bool:
        """Note a loss that is multiplied by a plain number, or by one for each place of a text."""
        for loss, factor in ((one, other), (other, one)):
            if NLL in loss.labels and factor.known and isinstance(factor.const, float) and _shrinks(factor.const):
                self.note(Kind.SCALE, node, "", loss.labels, detail=factor.const)
                return True
            labels, of_loss = factor.all_labels(), loss.all_labels()
            if RAMP in labels and NLL in of_loss and not labels & (DATA | {NLL, LOGITS}):
                self.note(Kind.SCALE, node, "", of_loss, detail="numbers that are made of their places")
                return True
        if by_itself(one.all_labels(), other.all_labels(), node, self):
            self.note(Kind.SCALE, node, "", one.all_labels(), detail="something that is made of themselves")
            return True
        return False


def _of_several(key: Value) -> bool:
    """Whether a key has several indices, and not one beside numbers that pick a plane: `tables[0, bucket]`."""
    return key.items is not None and sum(not _picks_plane(item) for item in key.items) > 1


def _picks_plane(index: Value) -> bool:
    """Whether an index is a plain number, or one of a few that a loop counts through."""
    count = index.ref.times if isinstance(index.ref, Count) and index.turns else None
    return index.known or (count is not None and count <= MOST_PLANES)


def _most_times(function: Function) -> int:
    """How often a function is walked: one of a few plain statements more often."""
    body = function.node.body
    few = isinstance(body, list) and len(body) <= 6 and all(isinstance(statement, _PLAIN) for statement in body)
    return MOST_READS if few else MOST_TIMES


def _called(node: ast.AST) -> str:
    """The name of what is called, without what it is a part of."""
    func = getattr(node, "func", None)
    return str(getattr(func, "attr", getattr(func, "id", ""))).casefold()


def _shrinks(factor: float) -> bool:
    """Whether a factor makes a loss smaller, and is no conversion between logarithms."""
    return 0 < factor < 1 and not any(math.isclose(factor, unit, rel_tol=0.001) for unit in _UNITS)


def _named(node: ast.AST) -> str:
    """The last part of the name that is called."""
    func = node.func if isinstance(node, ast.Call) else node
    return getattr(func, "id", getattr(func, "attr", ""))


def _text(node: ast.AST) -> str:
    try:
        return ast.unparse(node)[:160]
    except (RecursionError, ValueError):
        return ""
