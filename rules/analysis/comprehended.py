"""Comprehensions over a vocabulary, laid side by side as one loop that stores what each of them gives.

text = [surface(sp, i) for i in ids]                   for i in ids:
sizes = torch.tensor([len(t) for t in text])               text[i] = surface(sp, i)
                                                           sizes[i] = len(text[i])
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rules.analysis.nodes import nodes_of
from rules.analysis.turn import PIECES
from rules.submission import SourceFile
from rules.syntax import walk

_Comprehension = ast.ListComp | ast.GeneratorExp
_PIECE = "piece#"  # the number of the piece, which nothing else is called


def laid_out(source: SourceFile) -> Iterator[ast.For]:
    """A loop for each body of statements in which comprehensions ask a tokenizer for its pieces."""
    functions = list(nodes_of(source, ast.FunctionDef))
    asking = {function.name for function in functions if _asks(function, frozenset())}
    for body in (source.tree.body if source.tree else [], *(function.body for function in functions)):
        stores: list[ast.stmt] = []
        tables: set[str] = set()
        asks = False
        for statement in body:
            name, found = _table(statement)
            if found is not None:
                stores += _stored(name, found, tables)
                tables.add(name)
                asks = asks or _asks(statement, asking)
        if asks:
            place = stores[0].lineno
            loop = ast.For(ast.Name(_PIECE, ast.Store()), ast.Constant(None), stores, [], lineno=place, col_offset=0)
            yield loop


def _asks(node: ast.AST, helpers: frozenset[str] | set[str]) -> bool:
    """Whether the tokenizer is asked for a piece, here or by a function of the file that does."""
    return any(
        (isinstance(one, ast.Attribute) and one.attr in PIECES) or (isinstance(one, ast.Name) and one.id in helpers)
        for one in walk(node)
    )


def _table(statement: ast.stmt) -> tuple[str, _Comprehension | None]:
    """The name that is bound, and the comprehension that it is made of, None where there is none or it is another."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, value = statement.targets[0], statement.value
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        target, value = statement.target, statement.value
    else:
        return "", None
    found = next((one for one in walk(value) if isinstance(one, _Comprehension)), None)
    name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
    if not name or found is None or len(found.generators) != 1 or found.generators[0].ifs:
        return "", None
    return name, found


def _stored(name: str, made: _Comprehension, tables: set[str]) -> Iterator[ast.stmt]:
    """The statements of one turn: what the variables are, and what is stored under the table's name."""
    over, target = made.generators[0].iter, made.generators[0].target
    parts, targets = [over], [target]
    if isinstance(over, ast.Call) and isinstance(over.func, ast.Name) and isinstance(target, ast.Tuple):
        parts = [ast.Constant(None), *over.args] if over.func.id == "enumerate" else list(over.args)
        targets = list(target.elts)
    for part, variable in zip(parts, targets, strict=False):
        if isinstance(variable, ast.Name) and isinstance(part, ast.Name) and part.id in tables:
            yield _bound(variable, _at(part.id), made)
    yield _bound(_at(name, ast.Store()), made.elt, made)


def _at(table: str, how: ast.expr_context | None = None) -> ast.Subscript:
    return ast.Subscript(ast.Name(table, ast.Load()), ast.Name(_PIECE, ast.Load()), how or ast.Load())


def _bound(target: ast.expr, value: ast.expr, made: ast.expr) -> ast.Assign:
    return ast.Assign([target], value, lineno=made.lineno, col_offset=0)
