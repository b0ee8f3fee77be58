"""The walker's branches and loops: what is taken by the settings, and what may be."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from rules.analysis.flow.aims import aims
from rules.analysis.flow.base import Leave
from rules.analysis.flow.events import Kind, Round
from rules.analysis.flow.files import FILES
from rules.analysis.flow.labels import (
    DATA,
    LOGITS,
    MATCHED,
    NLL,
    NONE,
    SEEN,
    VAL,
    Aim,
    Labels,
    Later,
    Once,
    Past,
    Token,
    Turn,
)
from rules.analysis.flow.objects import Array, Count, Instance
from rules.analysis.flow.order import is_first
from rules.analysis.flow.picking import several_of
from rules.analysis.flow.remainder import leave
from rules.analysis.flow.stores import Stores
from rules.analysis.flow.turning import comes_true
from rules.analysis.flow.values import NOTHING, Value, constant, joined, unaimed

MOST_READERS = 8  # objects within an object that reads data
_SPLITS = DATA | FILES
_ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)


class Branches(Stores):
    """Statements that decide which others run, and how often."""

    def _leave(self, node: ast.stmt) -> None:
        """What holds where a turn of a loop ends early holds after the loop too."""
        if self.left and isinstance(node, (ast.Break, ast.Continue)):
            self.left[-1].append(dict(self.scope.names))
        raise Leave

    def _if(self, node: ast.If) -> None:
        test = self.value(node.test)
        if isinstance(node.body[-1], ast.Raise):  # the run that is claimed did not end here
            self.body(node.orelse)
            return
        truth = self.truth(test)
        if truth is not None:
            ran = self.seen.get(node, truth)
            if ran is truth or self._ran_alone(node):
                if ran and test.known and not test.const and isinstance(node.test, (ast.Name, ast.Attribute)):
                    self.store(node.test, constant(True), node)
                if ran and self._ends_program(node):
                    with suppress(Leave):
                        self.body(node.body)
                    if any(event.kind is Kind.SCORE and VAL in event.labels for event in self.trace.scores):
                        raise Leave
                    ran = False  # the run that is claimed was scored: it did not end here
                self.body(node.body if ran else node.orelse)
                return
        if node in self.seen:
            test = test.plus({SEEN})
        smaller, self.smaller = self.smaller, self.smaller or self._compares_losses(node.test)
        before = dict(self.scope.names) if MATCHED in test.labels else {}
        try:
            self.alternatives([node.body, node.orelse], node, test)
        finally:
            self.smaller = smaller
        self._bound_once(node, test)
        for name, value in list(self.scope.names.items()) if before else ():
            if NLL in value.labels and before.get(name) is not value:  # it is another where a stored token came
                self.scope.names[name] = value.plus({MATCHED})

    def _bound_once(self, node: ast.If, test: Value) -> None:
        """What is bound in the first turn of a loop alone is no later turn's."""
        if not test.turns or node.orelse or not is_first(node.test):
            return
        once = frozenset({Once(label.loop) for label in test.turns if isinstance(label, Turn)})
        names = self.scope.names
        bound = [one for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
        for name in {one.id for one in bound} & names.keys():
            if NLL in names[name].labels:
                names[name] = names[name].plus(once)

    def _ends_program(self, node: ast.If) -> bool:
        """Whether a branch ends the program's main function, as a self-test or a step of preparation does."""
        outermost = self.depth == 1 and all(block.what in ("program", "call") for block in self.trail)
        last = node.body[-1]
        return (
            outermost and isinstance(last, ast.Return) and (last.value is None or isinstance(last.value, ast.Constant))
        )

    def _compares_losses(self, test: ast.expr) -> bool:
        """Whether a loss on validation tokens is compared with another: what is kept then is the smaller."""
        if not isinstance(test, ast.Compare) or len(test.ops) != 1:
            return False
        if not isinstance(test.ops[0], (ast.Lt, ast.LtE, ast.Gt, ast.GtE)):
            return False
        return all({VAL, NLL} <= self.value(side).all_labels() for side in (test.left, *test.comparators))

    def _ran_alone(self, node: ast.If) -> bool:
        """Whether a side that a log shows to have run is the only one: no turn of a loop, nor a way out early."""
        leaves = isinstance(node.body[-1], _ENDS)
        return not leaves and not any(block.what == "loop" for block in self.trail)

    def alternatives(self, bodies: Sequence[Sequence[ast.stmt]], node: ast.AST, test: Value = NOTHING) -> None:
        """Walk bodies of which one is taken; afterwards a name is what it may be after any of them."""
        before = self.scope.names
        after: list[dict[str, Value]] = []
        left = 0
        self.uncertain += 1
        try:
            for number, body in enumerate(bodies):
                self.scope.names = dict(before)
                if isinstance(node, ast.If):
                    self.narrow(node.test, number == 0)
                with self.block("branch", node, labels=test.labels) as made:
                    made.detail = (node, len(after) + left)
                    try:
                        self.body(body)
                        after.append(self.scope.names)
                    except Leave:
                        made.leaves = True
                        left += 1
        finally:
            self.uncertain -= 1
            self.scope.names = before
        if not after:
            raise Leave
        self._merge(after, aims(test, self))
        if isinstance(node, ast.If) and self.turning:
            changed = _changed_over(after)
            if changed and self._comes_true(node):
                self._in_turns(changed)

    def _comes_true(self, node: ast.If) -> bool:
        """Whether both sides run in turns of a loop: a log shows it, or it is the turn that decides."""
        return node in self.seen or comes_true(node.test, self.turning[-1], self.value, self.configuration)

    def _in_turns(self, changed: Sequence[str]) -> None:
        """Names that hold data of one split after one side and of another after the other hold both in the end."""
        for name in changed:
            value = self.scope.names[name]
            self.scope.names[name] = value.plus({SEEN})
            for reader in _readers(value):
                inner = reader.names
                inner.update({key: one.plus({SEEN}) for key, one in inner.items() if one.all_labels() & _SPLITS})

    def _merge(self, states: list[dict[str, Value]], chosen: Labels = NONE) -> None:
        """A name is what it may be in any of the states; what differs was chosen by what the test is made of."""
        merged = dict(states[0])
        for state in states[1:]:
            for name in [name for name, value in state.items() if merged.get(name) is not value]:
                known, value = merged.get(name), state[name]
                merged[name] = value if known is None else joined(known, value)
                if chosen and known is not None and NLL not in merged[name].labels:
                    merged[name] = merged[name].plus(chosen)
        self.scope.names = merged

    def _loop(
        self, body: Sequence[ast.stmt], node: ast.AST, labels: Labels, bind: Any = None, detail: Any = None
    ) -> None:
        """Walk a body twice where the first time changed what the second sees; the last walk is what is kept."""
        parent = self.trail[-1]
        place = len(parent.children)
        rounds = 1 if self.once else 2
        begins = dict(self.scope.names)
        for number in range(rounds):
            if number:
                self._age(begins, node)
            self.trace.again += parent.children[place:]
            del parent.children[place:]
            once, self.once = self.once, self.once or number + 1 < rounds
            changes = self.changes
            before = dict(self.scope.names)
            self.uncertain += 1
            self.turning.append(node)
            try:
                with self.block("loop", node, self.scope.function, labels) as made:
                    made.detail = detail
                    if bind is not None:
                        bind()
                    self.left.append([])
                    with suppress(Leave):
                        self.body(body)
            finally:
                self.uncertain -= 1
                self.once = once
                self.turning.pop()
            after = self.scope.names
            self._merge([before, after, *self.left.pop()])
            if self.changes == changes and _same(before, after):
                break
        leave(self.scope.names, begins, node, detail)

    def _age(self, begins: dict[str, Value], loop: ast.AST) -> None:
        """What a turn has bound to data is left over when the next one begins."""
        past = frozenset({Past(getattr(loop, "lineno", 1))})
        names = self.scope.names
        for name, value in names.items():
            known = begins.get(name)
            if known is None or known is value or _is_carried(known, value):
                continue
            if value.labels & DATA or any(isinstance(o, Aim) for o in value.labels):
                names[name] = unaimed(value).plus(past)

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        over = self.value(node.iter)
        self.loops += 1
        ranges = isinstance(over.ref, Count)
        counts = ranges or (over.items is not None and all(item.known for item in over.items))
        turn = Round(self.loops, times_of(over), counts, _setting_of(node.iter), ranges)
        element = self.turned(self.element(over), turn.number)
        labels = over.all_labels() | several_of(over)
        self._loop(node.body, node, labels, lambda: self.store(node.target, element, node), turn)
        self.body(node.orelse)

    def _while(self, node: ast.While) -> None:
        test = self.value(node.test)
        if self.truth(test) is False:
            return
        self._loop(node.body, node, test.labels, detail=Round(0, None))

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            value = self.value(item.context_expr)
            if item.optional_vars is not None:
                self.store(item.optional_vars, value, node)
        self.body(node.body)

    def _try(self, node: ast.Try) -> None:
        try:
            self.body(node.body)
            self.body(node.orelse)
        except Leave:
            self.body(node.finalbody)
            raise
        if node.handlers:
            for handler in node.handlers:
                self.uncertain += 1
                names = dict(self.scope.names)
                try:
                    with self.block("branch", handler, "except"):
                        self.body(handler.body)
                except Leave:
                    pass
                finally:
                    self.uncertain -= 1
                self._merge([names, self.scope.names])
        self.body(node.finalbody)

    def _match(self, node: ast.Match) -> None:
        self.value(node.subject)
        self.alternatives([case.body for case in node.cases], node)


def _splits_of(value: Value) -> Labels:
    """Of which splits a value is, or an object that reads them."""
    found = value.all_labels() & DATA
    for reader in _readers(value):
        for one in reader.names.values():
            found |= one.all_labels() & _SPLITS
    return found


def _readers(value: Value) -> list[Instance]:
    """An object that is no network, and those that it keeps."""
    found = [value.ref] if isinstance(value.ref, Instance) and not value.ref.cls.module else []
    for reader in found:
        inner = [one.ref for one in reader.names.values() if isinstance(one.ref, Instance)]
        if len(found) + len(inner) <= MOST_READERS:
            found += [one for one in inner if not one.cls.module and one not in found]
    return found


def _changed_over(states: Sequence[Mapping[str, Value]]) -> list[str]:
    """Names that hold data after each of several ways, and not of the same splits."""
    if len(states) < 2:
        return []
    first, *others = states
    found = []
    for name, value in first.items():
        for state in others:
            if state.get(name) is not value:
                break
        else:  # the same after each, as most are
            continue
        held = [_splits_of(state[name]) for state in states if name in state]
        if len(held) == len(states) and all(held) and any(one != held[0] for one in held):
            found.append(name)
    return found


def times_of(value: Value) -> int | None:
    """How often a loop over the value turns, None where that is not known."""
    if isinstance(value.ref, Count):
        return value.ref.times
    if isinstance(value.ref, Array) and value.ref.few is not None:
        return len(value.ref.few)
    return None if value.items is None else len(value.items)


def _setting_of(over: ast.expr) -> str:
    """The name that says how often a loop turns: "epochs" for `range(args.epochs)`."""
    bound = over.args[-1] if isinstance(over, ast.Call) and 0 < len(over.args) < 3 else None
    return str(getattr(bound, "attr", getattr(bound, "id", "")))


def _is_carried(known: Value, value: Value) -> bool:
    """Whether a value is of the same tokens as before the loop, as what goes through the layers of a network is."""
    if value.labels & {NLL, LOGITS}:
        return False
    where = frozenset(label for label in value.labels if label in DATA or isinstance(label, (Token, Later)))
    return bool(where & DATA) and where <= known.labels


def _same(before: dict[str, Value], after: dict[str, Value]) -> bool:
    return all(
        name in before
        and (before[name] is value or (before[name].labels == value.labels and before[name].ref is value.ref))
        for name, value in after.items()
    )
