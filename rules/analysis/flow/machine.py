"""The walker: statements in order, branches by the settings, loops twice, calls inlined."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import Any

from rules.analysis.configuration import Configuration, Origin
from rules.analysis.flow.aims import aims
from rules.analysis.flow.calls import NAMED_VAL
from rules.analysis.flow.events import Block, Event, Kind, Round, Trace
from rules.analysis.flow.expressions import Expressions
from rules.analysis.flow.objects import Array, Class, Count, Function, Instance, Library, ModuleOf, Scope
from rules.analysis.flow.plain import read_setting
from rules.analysis.flow.turning import comes_true
from rules.analysis.flow.values import (
    DATA,
    HELD,
    LOGP,
    MATCHED,
    NLL,
    NONE,
    NOTHING,
    SEEN,
    STATE,
    STORED,
    TARGET,
    UNKNOWN,
    VAL,
    Aim,
    Labels,
    Past,
    Token,
    Value,
    constant,
    joined,
    unaimed,
    without,
)
from rules.submission import SourceFile

MOST_STEPS = 400_000
MOST_DEPTH = 24
EMPTY: Mapping[ast.If, bool] = MappingProxyType({})
_ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)


class CutError(Exception):
    """The walk takes too long."""


class _Leave(Exception):  # noqa: N818 - control flow of the walk
    """The rest of the block is not reached."""


class Machine(Expressions):
    """Walks a program. One for each walk."""

    def __init__(
        self, configuration: Configuration, modules: dict[str, SourceFile], seen: Mapping[ast.If, bool] = EMPTY
    ) -> None:
        self.configuration = configuration
        self.seen = seen  # which side of a statement a log shows to have run
        self.modules = modules
        self.made: dict[str, Value] = {}
        self.texts: Mapping[str, SourceFile] = {}  # what the program carries as text and runs
        self.loaded: dict[str, Value] = {}
        self.trace = Trace(Block("program", next(iter(modules.values())), 1) if modules else None)  # type: ignore[arg-type]
        self.steps = 0
        self.parts = 0
        self.depth = 0
        self.uncertain = 0
        self.changes = 0
        self.once = False  # loops are walked once only: an outer loop is walked for the first time
        self.bases = 0
        self.places: dict[object, int] = {}
        self.smaller = False
        self.loops = 0
        self.times: dict[ast.AST, int] = {}
        self.printers: dict[ast.AST, bool] = {}
        self.trail: list[Block] = []
        self.turning: list[ast.AST] = []  # the loops around
        self.scope: Scope = Scope(next(iter(modules.values())))
        self.returned: list[list[Value]] = []
        self.left: list[list[dict[str, Value]]] = []

    def run(self, source: SourceFile) -> Trace:
        """Walk the entry."""
        root = self.trace.root = Block("program", source, 1)
        self.trail = [root]
        self.scope = Scope(source)
        self.scope.names["__name__"] = constant("__main__")
        try:
            self.body(source.tree.body if source.tree else [])
        except _Leave:
            pass
        except CutError as error:
            self.trace.cut = str(error)
        except RecursionError:
            self.trace.cut = "nested too deeply"
        except Exception as error:  # a fault of ours: what was seen so far stands, and that it is not all is said
            self.trace.cut = f"a fault of the walk ({type(error).__name__}: {error})"[:200]
        self.trace.steps = self.steps
        return self.trace

    # -- events ------------------------------------------------------------------------------------------------------

    def note(self, kind: Kind, node: ast.AST, name: str = "", labels: Labels = NONE, detail: Any = None) -> Event:
        """Write down what happens here."""
        event = Event(
            kind,
            self.scope.source,
            getattr(node, "lineno", 1),
            name,
            labels,
            self.scope.function,
            detail,
            tuple(self.trail),
        )
        self.trail[-1].children.append(event)
        return event

    @contextmanager
    def block(self, what: str, node: ast.AST, name: str = "", labels: Labels = NONE) -> Iterator[Block]:
        """What happens inside is put together."""
        made = Block(what, self.scope.source, getattr(node, "lineno", 1), name, labels)
        self.trail[-1].children.append(made)
        self.trail.append(made)
        try:
            yield made
        finally:
            self.trail.pop()

    def leave_safely(self, statements: Sequence[ast.stmt]) -> None:
        """Walk the body of a function up to its end, however it ends."""
        with suppress(_Leave):
            self.body(statements)

    # -- statements --------------------------------------------------------------------------------------------------

    def body(self, statements: Sequence[ast.stmt]) -> None:
        """Walk statements in order; what follows an unconditional end is not reached."""
        for statement in statements:
            self.steps += 1
            if self.steps > MOST_STEPS:
                raise CutError(f"more than {MOST_STEPS:,} steps")
            handler = _STATEMENTS.get(type(statement))
            if handler is not None:
                handler(self, statement)

    def _expression(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.value(node.value)

    def _assign(self, node: ast.Assign) -> None:
        value = self.value(node.value)
        for target in node.targets:
            self.store(target, value, node)

    def _annotated(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.store(node.target, self.value(node.value), node)

    def _augmented(self, node: ast.AugAssign) -> None:
        added = self.value(node.value)
        self.added(node.target, added, node)

    def _return(self, node: ast.Return) -> None:
        value = NOTHING if node.value is None else self.value(node.value)
        if self.returned:
            self.returned[-1].append(value)
        raise _Leave

    def _leave(self, node: ast.stmt) -> None:
        """What holds where a turn of a loop ends early holds after the loop too."""
        if self.left and isinstance(node, (ast.Break, ast.Continue)):
            self.left[-1].append(dict(self.scope.names))
        raise _Leave

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
                    with suppress(_Leave):
                        self.body(node.body)
                    if any(event.kind is Kind.SCORE and VAL in event.labels for event in self.trace.scores):
                        raise _Leave
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
        for name, value in list(self.scope.names.items()) if before else ():
            if NLL in value.labels and before.get(name) is not value:  # it is another where a stored token came
                self.scope.names[name] = value.plus({MATCHED})

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
                    except _Leave:
                        made.leaves = True
                        left += 1
        finally:
            self.uncertain -= 1
            self.scope.names = before
        if not after:
            raise _Leave
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
            if isinstance(value.ref, Instance) and not value.ref.cls.module:  # a reader of both
                inner = value.ref.names
                inner.update({key: one.plus({SEEN}) for key, one in inner.items() if one.all_labels() & DATA})

    def _merge(self, states: list[dict[str, Value]], chosen: Labels = NONE) -> None:
        """A name is what it may be in any of the states; what differs was chosen by what the test is made of."""
        merged = dict(states[0])
        for state in states[1:]:
            for name, value in state.items():
                known = merged.get(name)
                merged[name] = value if known is None or known is value else joined(known, value)
                if chosen and known is not None and known is not value and NLL not in merged[name].labels:
                    merged[name] = merged[name].plus(chosen)
        self.scope.names = merged

    def _loop(
        self, body: Sequence[ast.stmt], node: ast.AST, labels: Labels, bind: Any = None, detail: Any = None
    ) -> None:
        """Walk a body twice where the first time changed what the second sees; the last walk is what is kept."""
        parent = self.trail[-1]
        place = len(parent.children)
        rounds = 1 if self.once else 2
        begins = self.scope.names
        for number in range(rounds):
            if number:
                self._age(begins, node)
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
                    with suppress(_Leave):
                        self.body(body)
            finally:
                self.uncertain -= 1
                self.once = once
                self.turning.pop()
            after = self.scope.names
            self._merge([before, after, *self.left.pop()])
            if self.changes == changes and _same(before, after):
                break

    def _age(self, begins: dict[str, Value], loop: ast.AST) -> None:
        """What a turn has bound to data is left over when the next one begins."""
        past = frozenset({Past(getattr(loop, "lineno", 1))})
        names = self.scope.names
        for name, value in names.items():
            if begins.get(name) is not value and (value.labels & DATA or any(isinstance(o, Aim) for o in value.labels)):
                names[name] = unaimed(value).plus(past)

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        over = self.value(node.iter)
        self.loops += 1
        counts = isinstance(over.ref, Count) or (over.items is not None and all(item.known for item in over.items))
        turn = Round(self.loops, times_of(over), counts, _setting_of(node.iter))
        element = self.turned(self.element(over), turn.number)
        self._loop(node.body, node, over.all_labels(), lambda: self.store(node.target, element, node), turn)
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
        except _Leave:
            self.body(node.finalbody)
            raise
        if node.handlers:
            for handler in node.handlers:
                self.uncertain += 1
                names = dict(self.scope.names)
                try:
                    with self.block("branch", handler, "except"):
                        self.body(handler.body)
                except _Leave:
                    pass
                finally:
                    self.uncertain -= 1
                self._merge([names, self.scope.names])
        self.body(node.finalbody)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        made = Function(node, self.scope, node.name)
        arguments = node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        for argument, default in zip(
            positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=False
        ):
            made.defaults[argument.arg] = self.value(default)
        for argument, given in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if given is not None:
                made.defaults[argument.arg] = self.value(given)
        self.scope.home(node.name).names[node.name] = Value(ref=made)

    def _class(self, node: ast.ClassDef) -> None:
        bases = [self.value(base) for base in node.bases]
        known = tuple(base.ref for base in bases if isinstance(base.ref, Class))
        texts = [ast.unparse(base) for base in node.bases]
        made = Class(
            node.name,
            {},
            known,
            module=any(base.module for base in known)
            or any(text.endswith("Module") or ".nn." in text for text in texts),
            optimizer=any(base.optimizer for base in known) or any(text.endswith("Optimizer") for text in texts),
        )
        outer, self.scope = self.scope, Scope(self.scope.source, self.scope, node.name)
        try:
            self.body(node.body)
        except _Leave:
            pass
        finally:
            made.names, self.scope = self.scope.names, outer
        for name, value in list(made.names.items()):
            if isinstance(value.ref, Function):
                value.ref.owner = made
                value.ref.scope = outer
            elif not made.module:
                made.names[name] = self.setting(name, value)
        self.scope.names[node.name] = Value(ref=made)

    def setting(self, name: str, value: Value) -> Value:
        """A class attribute that the logs print with its value has that value, whatever its default is."""
        if value.ref is not None or self.configuration.origin(name) is not Origin.LOG:
            return value
        printed = self.configuration.value(name)
        if printed is None:
            return value
        read = read_setting(printed.value)
        return Value(value.labels, read) if read is not UNKNOWN else value

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.split(".")[0]
            dotted = alias.name if alias.asname else alias.name.split(".")[0]
            self.scope.names[name] = self.imported(dotted)

    def _import_from(self, node: ast.ImportFrom) -> None:
        module = self.imported(node.module or "")
        for alias in node.names:
            if alias.name == "*":
                if isinstance(module.ref, ModuleOf):
                    self.scope.names.update(module.ref.scope.names)
                continue
            self.scope.names[alias.asname or alias.name] = self.attribute_of(module, alias.name)

    def imported(self, name: str) -> Value:
        """A module: a file of the program, walked when it is first imported, or one of a library."""
        if name in self.made:
            return self.made[name]
        source = self.modules.get(name) or self.modules.get(name.rpartition(".")[2])
        if source is None:
            return Value(ref=Library(_LIBRARIES.get(name, name)))
        known = self.loaded.get(source.path)
        if known is None:
            scope = Scope(source)
            scope.names["__name__"] = constant(name)
            known = self.loaded[source.path] = Value(ref=ModuleOf(scope))
            outer, self.scope = self.scope, scope
            try:
                self.body(source.tree.body if source.tree else [])
            except _Leave:
                pass
            finally:
                self.scope = outer
        return known

    def executed(self, text: str, where: Value) -> bool:
        """Walk a text that the program runs, where it was read as one of the submission's sources."""
        source = self.texts.get(text.strip())
        if source is None or source.tree is None or self.depth >= MOST_DEPTH:
            return False
        outer, self.scope = self.scope, where.ref.scope if isinstance(where.ref, ModuleOf) else self.scope
        own, self.scope.source = self.scope.source, source
        try:
            self.leave_safely(source.tree.body)
        finally:
            self.scope.source = own
            self.scope = outer
        return True

    def _outer(self, node: ast.Global | ast.Nonlocal) -> None:
        self.scope.outer.update(node.names)

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.scope.names.pop(target.id, None)

    def _match(self, node: ast.Match) -> None:
        self.value(node.subject)
        self.alternatives([case.body for case in node.cases], node)

    # -- stores ------------------------------------------------------------------------------------------------------

    def store(self, target: ast.expr, value: Value, node: ast.AST) -> None:
        """Bind a target."""
        if isinstance(target, ast.Name):
            self._bind(target, value, node)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target, value, node)
        elif isinstance(target, ast.Attribute):
            self._set_attribute(target, value)
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
        names = self.scope.home(target.id).names
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

    def _set_attribute(self, target: ast.Attribute, value: Value) -> None:
        owner = self.value(target.value)
        if target.attr == "data" and owner.ref is None:
            self.note(Kind.PUT, target, target.attr, detail=frozenset())
        elif not value.known:
            self.put(target, target.attr, owner)
        names = getattr(owner.ref, "names", None)
        if isinstance(owner.ref, ModuleOf):
            names = owner.ref.scope.names
        if not isinstance(names, dict):
            return
        known = names.get(target.attr)
        if is_zero(value):
            self.note(Kind.RESET, target, target.attr)
        value = remembered(value)
        if TARGET in value.labels or any(isinstance(label, Aim) for label in value.labels):
            value = unaimed(value).plus({HELD})
        if known is not None and self.uncertain:
            value = joined(known, value)
        if known is None or (value.labels - known.labels):
            self.changes += 1
        names[target.attr] = value

    def _set_item(self, target: ast.Subscript, value: Value, node: ast.AST) -> None:
        owner = self.value(target.value)
        key = self.value(target.slice)
        labels = value.all_labels()
        if is_zero(value):
            self.blanked(target, target.slice, key.all_labels(), node)
        if not key.known and not getattr(owner.ref, "container", False):
            value = self.picked(value)
            labels = value.all_labels()
        if NLL in labels and not isinstance(getattr(node, "value", None), ast.JoinedStr):  # a text is shown, not kept
            value = value.plus(self.scored(node, name_of(target), labels, "kept"))
        labels = value.all_labels() | self.cuts(target.slice) | (key.all_labels() & {MATCHED})
        if isinstance(owner.ref, Array):
            array = owner.ref
            if labels - array.labels:
                self.changes += 1
            if key.known and isinstance(key.const, (str, int)):
                known = array.fields.get(key.const)
                array.fields[key.const] = value if known is None or not self.uncertain else joined(known, value)
            array.take(value)
            array.labels |= labels
            self.wrote(owner, key, node)
        else:
            self.mixed_in(target.value, labels)

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
            if isinstance(names, dict) and not self._added_to_array(known, value):
                self._learnt(known, labels)
                names[target.attr] = remembered(self.arithmetic(known, value, op))

    def _is_first(self, target: ast.expr, node: ast.AST) -> bool:
        """Whether nothing was added to a sum before, from which something is taken away."""
        name, line = name_of(target), getattr(node, "lineno", 0)
        before = (one for one in self.trace.scores if one.name == name and one.function == self.scope.function)
        return all(one.line == line for one in before)

    def _added_to_array(self, known: Value, value: Value) -> bool:
        """An array stays the same array; the counts of one batch may be added to a table."""
        if not isinstance(known.ref, Array):
            return False
        labels = value.all_labels()
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


def _changed_over(states: Sequence[Mapping[str, Value]]) -> list[str]:
    """Names that hold data after each of several ways, and not of the same splits."""
    if len(states) < 2:
        return []
    first, *others = states
    found = []
    for name, value in first.items():
        if all(value is state.get(name) for state in others):
            continue
        held = [state[name].all_labels() & DATA for state in states if name in state]
        if len(held) == len(states) and all(held) and any(one != held[0] for one in held):
            found.append(name)
    return found


def _is_made(value: Value, node: ast.AST) -> bool:
    """Whether a value of which nothing is known is what a call gave, and no number of things."""
    made = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
    if not isinstance(made, ast.Call) or value.known or value.items is not None or value.ref is not None:
        return False
    return not value.labels - {STORED} and getattr(made.func, "attr", getattr(made.func, "id", "")) not in _COUNTS


def remembered(value: Value) -> Value:
    """What sums or objects remember of losses is of earlier turns: it may weigh what comes later."""
    return value.plus({STATE}) if NLL in value.labels else value


def is_logarithm(node: ast.AST | None) -> bool:
    """Whether a term is a log-probability, which is taken away from a sum to score it."""
    while node is not None:
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if "log" in name.casefold():
                return True
            node = node.args[0] if node.args else getattr(node.func, "value", None)
        elif isinstance(node, ast.BinOp):
            if is_logarithm(node.right):
                return True
            node = node.left
        elif isinstance(node, ast.Name):
            return "log" in node.id.casefold()
        else:
            node = getattr(node, "value", getattr(node, "operand", None))
    return False


def is_zero(value: Value) -> bool:
    """Whether a sum that is bound to it begins anew."""
    if isinstance(value.ref, Array):
        return value.ref.zero
    return value.known and value.const == 0 and not isinstance(value.const, (bool, str))


def times_of(value: Value) -> int | None:
    """How often a loop over the value turns, None where that is not known."""
    if isinstance(value.ref, Count):
        return value.ref.times
    return None if value.items is None else len(value.items)


def _setting_of(over: ast.expr) -> str:
    """The name that says how often a loop turns: "epochs" for `range(args.epochs)`."""
    bound = over.args[-1] if isinstance(over, ast.Call) and 0 < len(over.args) < 3 else None
    return str(getattr(bound, "attr", getattr(bound, "id", "")))


def name_of(node: ast.expr) -> str:
    """The name that is changed: `nll` for `self.nll[i]`."""
    while isinstance(node, ast.Subscript):
        node = node.value
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _same(before: dict[str, Value], after: dict[str, Value]) -> bool:
    return all(
        name in before
        and (before[name] is value or (before[name].labels == value.labels and before[name].ref is value.ref))
        for name, value in after.items()
    )


_COUNTS = frozenset({"int", "float", "len", "min", "max", "sum", "round", "numel", "size", "item"})
_LIBRARIES = {"np": "numpy", "F": "torch.nn.functional"}

_STATEMENTS: dict[type[ast.stmt], Any] = {
    ast.Expr: Machine._expression,
    ast.Assign: Machine._assign,
    ast.AnnAssign: Machine._annotated,
    ast.AugAssign: Machine._augmented,
    ast.Return: Machine._return,
    ast.Raise: Machine._leave,
    ast.Break: Machine._leave,
    ast.Continue: Machine._leave,
    ast.If: Machine._if,
    ast.For: Machine._for,
    ast.AsyncFor: Machine._for,
    ast.While: Machine._while,
    ast.With: Machine._with,
    ast.AsyncWith: Machine._with,
    ast.Try: Machine._try,
    ast.FunctionDef: Machine._function,
    ast.AsyncFunctionDef: Machine._function,
    ast.ClassDef: Machine._class,
    ast.Import: Machine._import,
    ast.ImportFrom: Machine._import_from,
    ast.Global: Machine._outer,
    ast.Nonlocal: Machine._outer,
    ast.Delete: Machine._delete,
    ast.Match: Machine._match,
}
