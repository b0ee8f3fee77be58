"""Follow the statements of a script in order, as far as their effect on names is known.

Where a condition is not known, both branches are followed; a name that they bind to different values is unknown
afterwards. A loop over something unknown is followed once.
"""

from __future__ import annotations

import ast
from abc import abstractmethod
from collections.abc import Callable, Sequence
from enum import Enum, auto

from rules.reading.source.evaluation import Frame
from rules.reading.source.expressions import Expressions
from rules.reading.source.operators import combine
from rules.reading.source.values import UNKNOWN, Symbol, Value, is_scalar

_UNBOUND = object()
_NAMES_PER_STEP = 32  # names that cost as much to copy as one expression to evaluate


class Flow(Enum):
    """How a block ended."""

    NEXT = auto()
    BREAK = auto()
    CONTINUE = auto()
    RETURN = auto()


class Statements(Expressions):
    """Follows statements. A subclass says what calls and imports do."""

    @abstractmethod
    def imported(self, module: str, node: ast.stmt) -> None:
        """Called for each module that is imported, at its statement."""

    @abstractmethod
    def entered(self, value: Value) -> Value:
        """What `with value as …` binds."""

    def run(self, body: Sequence[ast.stmt], frame: Frame) -> Flow:
        """Follow a block."""
        for statement in body:
            self.budget.step()
            handler = _HANDLERS.get(type(statement))
            if handler is not None and (flow := handler(self, statement, frame)) is not Flow.NEXT:
                return flow
        return Flow.NEXT

    def _expression(self, node: ast.Expr, frame: Frame) -> Flow:
        self.value(node.value, frame)
        return Flow.NEXT

    def _assign(self, node: ast.Assign, frame: Frame) -> Flow:
        value = self.value(node.value, frame)
        for target in node.targets:
            self.bind(target, value, frame)
        return Flow.NEXT

    def _annotated(self, node: ast.AnnAssign, frame: Frame) -> Flow:
        if node.value is not None:
            self.bind(node.target, self.value(node.value, frame), frame)
        return Flow.NEXT

    def _augmented(self, node: ast.AugAssign, frame: Frame) -> Flow:
        before = self.value(node.target, frame)
        try:
            added = self.value(node.value, frame)
            value = self.derived(combine(self.budget, node.op, before, added), before, added)
        except (TypeError, ValueError, ArithmeticError, MemoryError):
            value = UNKNOWN
        self.bind(node.target, value, frame)
        return Flow.NEXT

    def _imports(self, node: ast.Import, frame: Frame) -> Flow:
        for alias in node.names:
            self.imported(alias.name, node)
            name = alias.name if alias.asname else alias.name.split(".")[0]
            frame.names[alias.asname or name] = Symbol(name)
        return Flow.NEXT

    def _imports_from(self, node: ast.ImportFrom, frame: Frame) -> Flow:
        module = node.module or ""
        self.imported(module, node)
        for alias in node.names:
            frame.names[alias.asname or alias.name] = self.symbol(f"{module}.{alias.name}")
        return Flow.NEXT

    def _define(self, node: ast.FunctionDef | ast.AsyncFunctionDef, frame: Frame) -> Flow:
        frame.names[node.name] = self.function(node, frame)
        return Flow.NEXT

    def _share(self, node: ast.Global, frame: Frame) -> Flow:
        frame.shared.update(node.names)
        return Flow.NEXT

    def _define_class(self, node: ast.ClassDef, frame: Frame) -> Flow:
        names = {} if frame.names is frame.module else dict(frame.names)
        self.budget.step(1 + len(names) // _NAMES_PER_STEP)
        self.run(node.body, Frame(names, frame.module))
        frame.names[node.name] = UNKNOWN
        return Flow.NEXT

    def _branch(self, node: ast.If, frame: Frame) -> Flow:
        test = self.value(node.test, frame)
        if is_scalar(test):
            return self.run(node.body if test else node.orelse, frame)
        return self._fork(frame, (node.body, node.orelse))

    def _fork(self, frame: Frame, blocks: Sequence[Sequence[ast.stmt]]) -> Flow:
        """Follow each block from the same names; what they disagree about is unknown."""
        before = dict(frame.names)
        self.budget.step(len(blocks) * (1 + len(before) // _NAMES_PER_STEP))
        ends: list[dict[str, Value]] = []
        flows: set[Flow] = set()
        names = frame.names
        for block in blocks:
            names.clear()
            names.update(before)
            flows.add(self.run(block, frame))
            ends.append(dict(names))
        for end in ends[:-1]:
            for name in [name for name, value in end.items() if names.get(name, _UNBOUND) is not value]:
                if name not in names:
                    names[name] = end[name]
                elif not _same(names[name], end[name]):
                    names[name] = UNKNOWN
        return flows.pop() if len(flows) == 1 else Flow.NEXT

    def _loop(self, node: ast.For | ast.AsyncFor, frame: Frame) -> Flow:
        items = self.items(self.value(node.iter, frame))
        for item in [UNKNOWN] if items is None else items:
            self.bind(node.target, item, frame)
            flow = self.run(node.body, frame)
            if flow is Flow.BREAK:
                return Flow.NEXT
            if flow is Flow.RETURN and items is not None:
                return flow
        return self.run(node.orelse, frame)

    def _repeat(self, node: ast.While, frame: Frame) -> Flow:
        while True:
            test = self.value(node.test, frame)
            if is_scalar(test) and not test:
                return self.run(node.orelse, frame)
            flow = self.run(node.body, frame)
            if flow is Flow.RETURN:
                return flow
            if flow is Flow.BREAK or not is_scalar(test) or isinstance(node.test, ast.Constant):
                return Flow.NEXT

    def _context(self, node: ast.With | ast.AsyncWith, frame: Frame) -> Flow:
        for item in node.items:
            value = self.entered(self.value(item.context_expr, frame))
            if item.optional_vars is not None:
                self.bind(item.optional_vars, value, frame)
        return self.run(node.body, frame)

    def _attempt(self, node: ast.Try | ast.TryStar, frame: Frame) -> Flow:
        """The body counts; what a handler binds fills gaps only, since nothing is known to fail."""
        flow = self.run(node.body, frame)
        bound = dict(frame.names)
        for handler in node.handlers:
            self.run(handler.body, frame)
        frame.names.update(bound)
        if flow is Flow.NEXT:
            flow = self.run(node.orelse, frame)
        last = self.run(node.finalbody, frame)
        return flow if last is Flow.NEXT else last

    def _returns(self, node: ast.Return, frame: Frame) -> Flow:
        frame.result.append(self.value(node.value, frame))
        return Flow.RETURN

    def _match(self, node: ast.Match, frame: Frame) -> Flow:
        self.value(node.subject, frame)
        return self._fork(frame, [case.body for case in node.cases])


def _same(first: Value, second: Value) -> bool:
    """Whether two values are known to be equal; containers are compared by identity alone."""
    return is_scalar(first) and is_scalar(second) and type(first) is type(second) and bool(first == second)


_HANDLERS: dict[type[ast.stmt], Callable[..., Flow]] = {
    ast.Expr: Statements._expression,
    ast.Assign: Statements._assign,
    ast.AnnAssign: Statements._annotated,
    ast.AugAssign: Statements._augmented,
    ast.Import: Statements._imports,
    ast.ImportFrom: Statements._imports_from,
    ast.FunctionDef: Statements._define,
    ast.AsyncFunctionDef: Statements._define,
    ast.Global: Statements._share,
    ast.ClassDef: Statements._define_class,
    ast.If: Statements._branch,
    ast.For: Statements._loop,
    ast.AsyncFor: Statements._loop,
    ast.While: Statements._repeat,
    ast.With: Statements._context,
    ast.AsyncWith: Statements._context,
    ast.Try: Statements._attempt,
    ast.TryStar: Statements._attempt,
    ast.Return: Statements._returns,
    ast.Match: Statements._match,
    ast.Break: lambda _self, _node, _frame: Flow.BREAK,
    ast.Continue: lambda _self, _node, _frame: Flow.CONTINUE,
    ast.Raise: lambda _self, _node, _frame: Flow.RETURN,
}
