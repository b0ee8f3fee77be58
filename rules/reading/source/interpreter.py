"""Follow a launcher without running it, to learn which texts it executes.

Only names, constants and the pure functions of `functions` and `methods` are evaluated; files exist in memory alone.
Executing, compiling, importing and starting programs are noted in `launches`, never done.
"""

from __future__ import annotations

import ast
from bisect import bisect_left, bisect_right
from collections.abc import Mapping

from rules.reading.source.evaluation import Frame
from rules.reading.source.executing import ACTIONS, Executing
from rules.reading.source.files import VirtualFiles
from rules.reading.source.functions import PURE
from rules.reading.source.inflate import TooLargeError
from rules.reading.source.methods import call_method
from rules.reading.source.values import (
    UNKNOWN,
    Budget,
    Engine,
    ExhaustedError,
    Function,
    Handle,
    Loader,
    Method,
    Origin,
    Symbol,
    Value,
)
from rules.syntax import walk

_CALL_DEPTH = 16
_HARMLESS = (
    *("builtins.", "fcntl.", "tempfile.", "linecache.", "atexit.", "warnings.", "time.", "types.", "importlib."),
    *("os.makedirs", "os.mkdir", "os.remove", "os.unlink", "os.path.", "os.chmod", "os.close", "os.getpid", "os.chdir"),
    *("sys.path", "sys.argv", "sys.exit", "sys.modules", "sys.stdout", "hashlib.", "pathlib.", "contextlib."),
)


class Interpreter(Executing):
    """Follows one script. What it executes is in `launches` afterwards."""

    def __init__(self, budget: Budget, files: VirtualFiles) -> None:
        super().__init__(budget, files)
        self.followed: set[ast.AST] = set()
        self._active: list[ast.AST] = []
        self._argv: list[Value] = [files.own_path]  # an entry is scored without arguments

    def follow(self, tree: ast.Module, *, thoroughly: bool = True) -> None:
        """Follow the module and, if `thoroughly`, functions that execute something and were not called."""
        executions = _executions(tree) if thoroughly else []
        try:
            self.run(tree.body, Frame(self.module, self.module))
            self.called = False
            for function in _around(tree, executions):
                if function not in self.followed:
                    self._inline(Function(function, self.module), [], {}, known=False)
        except (ExhaustedError, RecursionError) as error:
            self.reason = str(error) if isinstance(error, ExhaustedError) else "calls nested too deeply"
            self.limited = True
        for node in executions:
            if isinstance(node, ast.Call) and node not in self.followed:
                self.fail(node, "the text that is executed is not known")

    def symbol(self, name: str) -> Value:
        """What a full name stands for; the arguments of the program are those of a scored run."""
        return self._argv if name == "sys.argv" else super().symbol(name)

    def call(
        self, function: Value, args: list[Value], keywords: dict[str, Value], node: ast.Call, _frame: Frame
    ) -> Value:
        """Call a symbol, a method or a function of the script; anything else is an effect that is not known."""
        self.followed.add(node)
        if isinstance(function, Symbol):
            return self._call_symbol(_plain_name(function.name), args, keywords, node)
        if isinstance(function, Method):
            return self._call_method(function, args, keywords, node)
        if isinstance(function, Function):
            return self._inline(function, args, keywords)
        self.launches.effects = True
        return UNKNOWN

    def _call_symbol(self, name: str, args: list[Value], keywords: dict[str, Value], node: ast.Call) -> Value:
        action = ACTIONS.get(name)
        if action is not None:
            return action(self, args, keywords, node)
        if name in PURE:
            return self._pure(name, args, keywords, node)
        value = self.opened(name, args, keywords, node)
        if value is not NotImplemented:
            return value
        if not name.startswith(_HARMLESS):
            self.launches.effects = True
        return UNKNOWN

    def _pure(self, name: str, args: list[Value], keywords: Mapping[str, Value], node: ast.Call) -> Value:
        """Call a pure function; why it fails is remembered, for it may be why a payload stays unknown."""
        if UNKNOWN in args[:1]:
            return UNKNOWN
        form, function = PURE[name]
        try:
            result = function(self.budget, *args, **keywords)
        except (ExhaustedError, RecursionError):
            raise
        except TooLargeError as error:
            self.reason, self.limited = f"{name}: {error}", True
            return UNKNOWN
        except Exception as error:  # what a function raises on hostile arguments cannot be foreseen
            if form:
                self.reason = f"{name}: {type(error).__name__}: {str(error)[:100]}"
            return UNKNOWN
        if form and args and not isinstance(args[0], (str, bytes)):
            return result
        if form and self.origins.of(args[0]) is None:
            self.origins.put(args[0], Origin(node.lineno))
        return self.derived(result, *args[:1], form=form)

    def _call_method(self, method: Method, args: list[Value], keywords: dict[str, Value], node: ast.Call) -> Value:
        owner, name = method.owner, method.name
        if isinstance(owner, Loader):
            if name in ("exec_module", "load_module"):
                self._run_file(owner.path, node, main=owner.name == "__main__")
            return UNKNOWN
        if isinstance(owner, Engine):
            return self._engine_method(owner, name, args, node)
        value = self.method_of_file(owner, name, args, keywords, node)
        if value is not NotImplemented:
            return value
        result = call_method(self.budget, owner, name, args, keywords)
        return self.derived(result, owner, *args)

    def _inline(
        self, function: Function, args: list[Value], keywords: dict[str, Value], *, known: bool = True
    ) -> Value:
        """Follow a function of the script; without `known` its parameters are anything."""
        node = function.node
        if node in self._active or len(self._active) >= _CALL_DEPTH:
            return UNKNOWN
        self.followed.add(node)
        names = {} if function.scope is self.module else dict(function.scope)
        self.budget.step(1 + len(names) // 32)
        frame = Frame(names, self.module)
        self._bind_parameters(node.args, args, keywords, frame, known=known)
        self._active.append(node)
        try:
            if isinstance(node, ast.Lambda):
                return self.value(node.body, frame)
            self.run(node.body, frame)
        finally:
            self._active.pop()
        results = frame.result
        return results[0] if len(results) == 1 else None if not results else UNKNOWN

    def _bind_parameters(
        self, node: ast.arguments, args: list[Value], keywords: Mapping[str, Value], frame: Frame, *, known: bool
    ) -> None:
        outer = Frame(self.module, self.module)
        parameters = [*node.posonlyargs, *node.args]
        defaults = dict(zip(reversed(parameters), reversed(node.defaults), strict=False))
        defaults.update({p: d for p, d in zip(node.kwonlyargs, node.kw_defaults, strict=True) if d is not None})
        for position, parameter in enumerate([*parameters, *node.kwonlyargs]):
            if position < len(args) and position < len(parameters):
                value = args[position]
            elif parameter.arg in keywords:
                value = keywords[parameter.arg]
            else:
                value = self.value(defaults[parameter], outer) if known and parameter in defaults else UNKNOWN
            frame.names[parameter.arg] = value
        if node.vararg is not None:
            frame.names[node.vararg.arg] = tuple(args[len(parameters) :]) if known else UNKNOWN
        if node.kwarg is not None:
            frame.names[node.kwarg.arg] = UNKNOWN

    def _engine_method(self, owner: Engine, name: str, args: list[Value], node: ast.Call) -> Value:
        """A decompressor object: it gives all that it has at the first call."""
        if name == "decompressobj":
            return owner
        if name == "stream_reader":
            source = args[0].content if args and isinstance(args[0], Handle) else UNKNOWN
            return Handle("", False, self._pure(owner.function, [source], {}, node))
        if name in ("decompress", "process"):
            return self._pure(owner.function, [*args[:1], *owner.args], owner.keywords, node)
        return b"" if name in ("flush", "finish") else UNKNOWN


def _plain_name(name: str) -> str:
    """The full name without detours through `__builtins__`."""
    name = name.replace(".__builtins__.", ".").replace(".__dict__.", ".")
    return name.removeprefix("builtins.") if name.startswith("builtins.builtins.") else name


def _executions(tree: ast.Module) -> list[ast.expr]:
    """Calls of `exec` by that name, and other words that execute something."""
    return [node for node in walk(tree) if isinstance(node, ast.expr) and _is_execution(node)]


def _is_execution(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "exec"
    if isinstance(node, ast.Name):
        return node.id in ("runpy", "marshal")
    return isinstance(node, ast.Attribute) and node.attr in ("exec_module", "load_module", "run_path")


def _around(tree: ast.Module, nodes: list[ast.expr]) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions in which one of the nodes stands, outermost first."""
    if not nodes:
        return []
    functions = [n for n in walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    lines = sorted(node.lineno for node in nodes)
    return [f for f in functions if bisect_left(lines, f.lineno) < bisect_right(lines, f.end_lineno or f.lineno)]
