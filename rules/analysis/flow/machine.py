"""The walker: statements in order, branches by the settings, loops twice, calls inlined."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from rules.analysis.configuration import Configuration, Origin
from rules.analysis.flow.base import Leave
from rules.analysis.flow.branches import Branches
from rules.analysis.flow.events import Block, Event, Kind, Trace
from rules.analysis.flow.labels import NONE, Labels
from rules.analysis.flow.objects import Class, Function, Library, ModuleOf, Scope
from rules.analysis.flow.plain import read_setting
from rules.analysis.flow.remainder import returned
from rules.analysis.flow.values import NOTHING, UNKNOWN, Value, constant
from rules.submission import SourceFile

MOST_STEPS = 400_000
MOST_DEPTH = 24
EMPTY: Mapping[ast.If, bool] = MappingProxyType({})


class CutError(Exception):
    """The walk takes too long."""


class Inside:
    """What happens while it is entered is part of a block."""

    __slots__ = ("_made", "_trail")

    def __init__(self, trail: list[Block], made: Block) -> None:
        self._trail, self._made = trail, made
        trail[-1].children.append(made)

    def __enter__(self) -> Block:
        self._trail.append(self._made)
        return self._made

    def __exit__(self, *_: object) -> None:
        self._trail.pop()


_LIBRARIES = {"np": "numpy", "F": "torch.nn.functional"}


class Machine(Branches):
    """Walks a program. One for each walk."""

    def __init__(
        self, configuration: Configuration, modules: dict[str, SourceFile], seen: Mapping[ast.If, bool] = EMPTY
    ) -> None:
        self.configuration = configuration
        self.seen = seen
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
        self.once = False
        self.bases = 0
        self.places: dict[object, int] = {}
        self.smaller = False
        self.loops = 0
        self.times: dict[ast.AST, int] = {}
        self.printers: dict[ast.AST, bool] = {}
        self.asked: dict[ast.expr, list[str]] = {}
        self.trail: list[Block] = []
        self.turning: list[ast.AST] = []
        self.scope: Scope = Scope(next(iter(modules.values())))
        self.returned: list[list[Value]] = []
        self.left: list[list[dict[str, Value]]] = []

    def run(self, source: SourceFile) -> Trace:
        """Walk the entry."""
        root = self.trace.root = Block("program", source, 1)
        self.trail = [root]
        self.scope = Scope(source)
        self.scope.names["__name__"] = constant("__main__")
        self.made["__main__"] = self.module_here()
        try:
            self.body(source.tree.body if source.tree else [])
        except Leave:
            pass
        except CutError as error:
            self.trace.cut = str(error)
        except RecursionError:
            self.trace.cut = "nested too deeply"
        except Exception as error:  # a fault of ours: what was seen so far stands, and that it is not all is said
            self.trace.cut = f"a fault of the walk ({type(error).__name__}: {error})"[:200]
        self.trace.steps = self.steps
        return self.trace

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

    def block(self, what: str, node: ast.AST, name: str = "", labels: Labels = NONE) -> Inside:
        """What happens inside is put together."""
        return Inside(self.trail, Block(what, self.scope.source, getattr(node, "lineno", 1), name, labels))

    def leave_safely(self, statements: Sequence[ast.stmt]) -> None:
        """Walk the body of a function up to its end, however it ends."""
        with suppress(Leave):
            self.body(statements)

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
        value = self.assigned(node.targets[0], node.value, node)
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
            self.returned[-1].append(returned(value, self.trail))
        raise Leave

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
        self.trace.holders.append(self.scope)

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
            fields=tuple(
                s.target.id for s in node.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)
            ),
        )
        outer, self.scope = self.scope, Scope(self.scope.source, self.scope, node.name)
        try:
            self.body(node.body)
        except Leave:
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
        self.trace.holders.append(made)

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
            except Leave:
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
