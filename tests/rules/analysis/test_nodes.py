from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from rules import syntax
from rules.analysis import nodes
from rules.submission import Language, SourceFile

WITHOUT_PLACE = (ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)
EVERY_KIND = """
import a.b as c
from d import e as f, g
def h(x: int, /, y=1, *z: str, k, l=2, **m) -> None:
    global n
    match x:
        case {"a": 1, **rest}: pass
        case A(b=C()) | [*_, None]: pass
    try:
        return {**m, 1: not x, **rest}
    except* E as failure:
        raise failure from None
    finally:
        x[1:2, ...] += -y @ (yield)
async def o(): return [p async for p in q if r and s or t]
with u as v, w: del v.x
class Y(Z, metaclass=M): field: int = 3
lambda *a, b=1: f"{a!r:>{b}}" if (a := b) < 2 <= 3 else a[0]
"""


@pytest.mark.parametrize("text", [EVERY_KIND, *(p.read_text() for p in sorted(Path("rules").rglob("*.py"))[:40])])
def test_the_quick_walk_gives_what_the_library_gives(text: str) -> None:
    tree = ast.parse(text)
    expected = [id(node) for node in ast.walk(tree) if not isinstance(node, WITHOUT_PLACE)]
    assert [id(node) for node in syntax.walk(tree)] == expected


def test_the_parts_of_a_node_are_those_that_the_library_gives() -> None:
    for node in ast.walk(ast.parse(EVERY_KIND)):
        expected = [id(part) for part in ast.iter_child_nodes(node) if not isinstance(part, WITHOUT_PLACE)]
        assert [id(part) for part in syntax.parts_of(node)] == expected


def test_every_node_is_listed_under_its_kind() -> None:
    tree = ast.parse(EVERY_KIND)
    source = SourceFile("train_gpt.py", "0" * 40, 1, Language.PYTHON, EVERY_KIND, EVERY_KIND, tree=tree)
    kinds = Counter(type(node) for node in ast.walk(tree) if not isinstance(node, WITHOUT_PLACE))
    assert {kind: len(nodes.nodes_of(source, kind)) for kind in kinds} == kinds
