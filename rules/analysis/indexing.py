"""The one pass over a script's tree that fills its scopes. Used by `rules.analysis.index` alone.

Written for speed: a training script has some 20,000 nodes and there are thousands of scripts. Statements are taken
block by block and expressions from an explicit stack, so that deep nesting costs no Python frames.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rules.analysis.environment import EnvironmentReader
from rules.analysis.scopes import Binding, Call, Import, Scope, ScopeKind, Text
from rules.analysis.statements import HANDLERS, argument_names

_SCOPES = 50_000  # branches beyond this many belong to the scope around them
_FAR = 1 << 60  # beyond every line
_LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_REGISTERING = {"setattr", "register_buffer", "register_parameter", "add_module"}

# Fields that hold expressions, in the order of evaluation; what is not here is treated by name or holds none.
_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {
    ast.Assert: ("test", "msg"),
    ast.Await: ("value",),
    ast.BinOp: ("left", "right"),
    ast.BoolOp: ("values",),
    ast.Compare: ("left", "comparators"),
    ast.Delete: ("targets",),
    ast.Dict: ("keys", "values"),
    ast.DictComp: ("generators", "key", "value"),
    ast.FormattedValue: ("value", "format_spec"),
    ast.GeneratorExp: ("generators", "elt"),
    ast.JoinedStr: ("values",),
    ast.List: ("elts",),
    ast.ListComp: ("generators", "elt"),
    ast.Raise: ("exc", "cause"),
    ast.Return: ("value",),
    ast.Set: ("elts",),
    ast.SetComp: ("generators", "elt"),
    ast.Slice: ("lower", "upper", "step"),
    ast.Starred: ("value",),
    ast.Subscript: ("value", "slice"),
    ast.Tuple: ("elts",),
    ast.UnaryOp: ("operand",),
    ast.Yield: ("value",),
    ast.YieldFrom: ("value",),
    ast.comprehension: ("target", "iter", "ifs"),
}


@dataclass(slots=True)
class Parts:
    """What the pass finds."""

    scopes: list[Scope] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    settings: EnvironmentReader = field(default_factory=EnvironmentReader)


def build(tree: ast.Module) -> Parts:
    """Cut a parsed script into scopes. Linear in its nodes."""
    builder = Builder()
    builder.run(tree)
    return builder.parts


class Builder:
    """The state of one pass."""

    def __init__(self) -> None:
        self.parts = Parts()
        self.blocks: list[tuple[Scope, Sequence[ast.AST], int, str]] = []
        self.target = ""  # what the statement or keyword at hand binds

    def run(self, tree: ast.Module) -> None:
        """Take the whole tree."""
        module = Scope(ScopeKind.MODULE, "", tree, 1, None)
        self.parts.scopes.append(module)
        self.later(module, tree.body)
        while self.blocks:
            self.block(*self.blocks.pop())
        self.parts.settings.settle(self.parts.scopes)

    def later(self, scope: Scope, body: Sequence[ast.AST], start: int = 0, target: str = "") -> None:
        """Put a list of statements, from `start` on, aside as part of `scope`."""
        if body:
            self.blocks.append((scope, body, start, target))

    def enter(self, kind: ScopeKind, name: str, node: Any, parent: Scope, **more: Any) -> Scope:
        """Make a scope inside `parent`."""
        qualname = f"{parent.qualname}.{name}" if parent.qualname else name
        if kind is ScopeKind.BRANCH:
            qualname = parent.qualname
        made = Scope(kind, qualname, node, node.lineno, parent, **more)
        self.parts.scopes.append(made)
        return made

    def branch(self, scope: Scope, node: Any, body: Sequence[ast.AST], holds: bool, start: int = 0) -> None:
        """Put aside what runs only where the truth of `node.test` is `holds`."""
        if len(body) > start:
            if len(self.parts.scopes) < _SCOPES:
                scope = self.enter(ScopeKind.BRANCH, "", node, scope, test=node.test, holds=holds)
            self.later(scope, body, start, self.target)

    def block(self, scope: Scope, body: Sequence[ast.AST], start: int, target: str) -> None:
        """Take one list of statements, or the one expression of a conditional branch that goes to `target`."""
        for position in range(start, len(body)):
            node = body[position]
            self.target = target
            handler = HANDLERS.get(node.__class__)
            if handler is not None:
                handler(self, scope, node)
            elif isinstance(node, ast.If):
                self.branch(scope, node, node.body, True)
                self.branch(scope, node, node.orelse, False)
                self.expressions(scope, [node.test])
                if isinstance(node.body[-1], _LEAVING) and not node.orelse:
                    # What follows `if test: return` runs only where the test fails.
                    self.branch(scope, node, body, False, position + 1)
                    return
            else:
                self.expressions(scope, [node])

    def expressions(self, scope: Scope, stack: list[Any]) -> None:  # noqa: C901 — one loop, for speed
        """Take expressions off the stack until none is left."""
        names, bindings, pop, push = scope.names, scope.bindings, stack.pop, stack.append
        far, fields, load = _FAR, _FIELDS, ast.Load
        while stack:
            node = pop()
            kind = node.__class__
            if kind is ast.Name:
                if node.ctx.__class__ is not load:
                    bindings.append(Binding(node.id, None, node.lineno, "name"))
                elif names.get(node.id, far) > node.lineno:
                    names[node.id] = node.lineno
            elif kind is ast.Attribute:
                if node.ctx.__class__ is not load:
                    bindings.append(Binding(node.attr, None, node.lineno, "attribute"))
                elif names.get(node.attr, far) > node.lineno:
                    names[node.attr] = node.lineno
                push(node.value)
            elif kind is ast.Constant:
                if node.value.__class__ is str:
                    scope.strings.append(Text(node.value, node.lineno))
            elif kind is ast.Call:
                self.call(scope, node, stack)
            elif kind is ast.keyword:
                if node.arg:
                    self.target = node.arg
                    bindings.append(Binding(node.arg, node.value, node.value.lineno, "keyword"))
                push(node.value)
            elif kind in fields:
                for name in fields[kind][::-1]:
                    value = getattr(node, name)
                    if value.__class__ is list:
                        stack.extend(value[::-1])
                    elif value is not None:
                        push(value)
                if kind is ast.Subscript:
                    self.parts.settings.item(scope, node, self.target)
            elif node is not None:  # a dict's key is None for `**rest`
                self.rare(scope, node, stack)

    def rare(self, scope: Scope, node: Any, stack: list[Any]) -> None:
        """Take an expression that holds more than expressions."""
        if isinstance(node, ast.IfExp):
            self.branch(scope, node, [node.body], True)
            self.branch(scope, node, [node.orelse], False)
            stack.append(node.test)
        elif isinstance(node, ast.NamedExpr):
            scope.bindings.append(Binding(node.target.id, node.value, node.lineno, "name"))
            stack.append(node.value)
        elif isinstance(node, ast.Lambda):
            names = argument_names(node.args)
            scope.bindings.extend(Binding(name, None, node.lineno, "other") for name in names)
            stack.extend((*node.args.defaults, *node.args.kw_defaults, node.body))

    def call(self, scope: Scope, node: ast.Call, stack: list[Any]) -> None:
        """Record a call and push its parts. What is called is no name that is read."""
        func: Any = node.func
        name = ""
        if func.__class__ is ast.Name:
            name = func.id
        elif func.__class__ is ast.Attribute:
            name = func.attr
            stack.append(func.value)
        else:
            stack.append(func)
        call = Call(name, node, node.lineno, scope.qualname)
        scope.calls.append(call)
        stack.extend(node.keywords[::-1])
        if node.args:
            stack.extend(node.args[::-1])
            first: Any = node.args[0]
            if first.__class__ is ast.Constant and first.value.__class__ is str:
                if name in _REGISTERING:
                    scope.bindings.append(Binding(first.value, None, node.lineno, "other"))
                else:
                    self.parts.settings.call(call, first.value, self.target)
