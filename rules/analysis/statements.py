"""How the pass of `rules.analysis.indexing` takes each kind of statement."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rules.analysis.scopes import Binding, Import, Scope, ScopeKind

if TYPE_CHECKING:
    from rules.analysis.indexing import Builder


def argument_names(arguments: ast.arguments) -> tuple[str, ...]:
    """All parameters in the order of the signature, those with stars last."""
    plain = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return (*plain, *(a.arg for a in (arguments.vararg, arguments.kwarg) if a is not None))


def _function(builder: Builder, scope: Scope, node: Any) -> None:
    builder.expressions(scope, [*node.decorator_list, *node.args.defaults, *node.args.kw_defaults])
    made = builder.enter(ScopeKind.FUNCTION, node.name, node, scope, args=argument_names(node.args))
    builder.later(made, node.body)


def _class(builder: Builder, scope: Scope, node: Any) -> None:
    builder.expressions(scope, [*node.decorator_list, *node.bases, *(k.value for k in node.keywords)])
    builder.later(builder.enter(ScopeKind.CLASS, node.name, node, scope), node.body)


def _assign(builder: Builder, scope: Scope, node: Any) -> None:
    builder.target = target_name(node.targets[0])
    builder.expressions(scope, [node.value])
    for target in node.targets:
        _bind(builder, scope, target, node.value)


def _bind(builder: Builder, scope: Scope, target: Any, value: ast.expr | None) -> None:
    """Record what a target of an assignment receives; pairs of equal length are taken apart."""
    if isinstance(target, ast.Name):
        scope.bindings.append(Binding(target.id, value, target.lineno, "name"))
    elif isinstance(target, ast.Attribute):
        scope.bindings.append(Binding(target.attr, value, target.lineno, "attribute"))
        builder.expressions(scope, [target.value])
    elif isinstance(target, ast.Subscript):
        builder.parts.settings.stored(scope, target, value)
        builder.expressions(scope, [target.value, target.slice])
    elif isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
        if len(target.elts) == len(value.elts) and not any(isinstance(e, ast.Tuple) for e in target.elts):
            for one, its in zip(target.elts, value.elts, strict=True):
                _bind(builder, scope, one, its)
            return
        builder.expressions(scope, [target])
    else:
        builder.expressions(scope, [target])


def target_name(target: ast.expr) -> str:
    """The name or attribute that an assignment to one target binds, else ""."""
    if isinstance(target, ast.Name):
        return target.id
    return target.attr if isinstance(target, ast.Attribute) else ""


def _annotated(builder: Builder, scope: Scope, node: Any) -> None:
    builder.target = target_name(node.target)
    if node.value is not None:
        builder.expressions(scope, [node.value])
    _bind(builder, scope, node.target, node.value)


def _augmented(builder: Builder, scope: Scope, node: Any) -> None:
    builder.expressions(scope, [node.value])
    _bind(builder, scope, node.target, None)


def _expression(builder: Builder, scope: Scope, node: Any) -> None:
    if node.value.__class__ is not ast.Constant:  # a docstring does nothing
        builder.expressions(scope, [node.value])


def _for(builder: Builder, scope: Scope, node: Any) -> None:
    builder.expressions(scope, [node.target, node.iter])
    builder.later(scope, node.body)
    builder.later(scope, node.orelse)


def _while(builder: Builder, scope: Scope, node: Any) -> None:
    builder.expressions(scope, [node.test])
    builder.later(scope, node.body)
    builder.later(scope, node.orelse)


def _with(builder: Builder, scope: Scope, node: Any) -> None:
    builder.expressions(scope, [e for i in node.items for e in (i.context_expr, i.optional_vars)])
    builder.later(scope, node.body)


def _try(builder: Builder, scope: Scope, node: Any) -> None:
    for handler in node.handlers:
        if handler.type is not None:
            builder.expressions(scope, [handler.type])
        if handler.name:
            scope.bindings.append(Binding(handler.name, None, handler.lineno, "other"))
        builder.later(scope, handler.body)
    for body in (node.body, node.orelse, node.finalbody):
        builder.later(scope, body)


def _match(builder: Builder, scope: Scope, node: Any) -> None:
    builder.expressions(scope, [node.subject])
    for case in node.cases:
        if case.guard is not None:
            builder.expressions(scope, [case.guard])
        builder.later(scope, case.body)


def _import(builder: Builder, scope: Scope, node: Any) -> None:
    module = "." * node.level + (node.module or "") if isinstance(node, ast.ImportFrom) else ""
    for item in node.names:
        alias = item.asname or item.name.split(".", 1)[0]
        whole = isinstance(node, ast.Import)
        made = Import(item.name if whole else module, "" if whole else item.name, alias, node.lineno, scope.qualname)
        builder.parts.imports.append(made)
        scope.bindings.append(Binding(alias, None, node.lineno, "other"))


def _nothing(builder: Builder, scope: Scope, node: Any) -> None:
    """Statements that hold no expression."""


HANDLERS: dict[type[ast.AST], Callable[[Builder, Scope, Any], None]] = {
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Expr: _expression,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.Match: _match,
    ast.Import: _import,
    ast.ImportFrom: _import,
    ast.Global: _nothing,
    ast.Nonlocal: _nothing,
    ast.Pass: _nothing,
    ast.Break: _nothing,
    ast.Continue: _nothing,
}
