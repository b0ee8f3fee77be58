"""What a program prints, as far as it is known before it runs: to tell which call printed a line of a log."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from rules.analysis.flow.formatting import OPEN, opened
from rules.analysis.flow.objects import Written
from rules.analysis.flow.values import NOTHING, Value

_BRACED = re.compile(r"\{[^{}]*\}")
MOST_TEXT = 400
_FEWEST_LETTERS = 5
_OWN_END = 0.2  # how much more certain a call is that prints all of a line than one that prints its beginning


def written(node: ast.JoinedStr, value: Callable[[ast.expr], Value]) -> Written:
    """A formatted text as a value, for those who print it later."""
    return Written("".join(_parts(node, value))[:MOST_TEXT])


def template(
    node: ast.AST, value: Callable[[ast.expr], Value], given: Sequence[Value] = (), *, fields: bool = False
) -> str:
    """The text that a call prints, with `{}` for each part that is not known.

    `given`: what its arguments are; `fields`: whether it prints the names and values of those that have a name.
    """
    if not isinstance(node, ast.Call):
        return ""
    texts = ["".join(_parts(argument, value)) for argument in node.args]
    plain = len(given) >= len(texts) and not any(isinstance(argument, ast.Starred) for argument in node.args)
    made = given[len(given) - len(texts) :] if plain else [NOTHING] * len(texts)
    shown = [_made(*one) for one in zip(texts, made, strict=True)]
    if fields:
        shown.append("".join(_fields(((one.arg, one.value) for one in node.keywords), value)))
    return " ".join(shown)[:MOST_TEXT]


def _made(text: str, given: Value) -> str:
    """The text of an argument, or where it is called for, what the call gave: `print(report(loss))`."""
    return given.ref.text if text == OPEN and isinstance(given.ref, Written) else text


def _parts(node: ast.expr, value: Callable[[ast.expr], Value]) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.JoinedStr):
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                yield _known(part.value, value) if part.format_spec is None else OPEN
            else:
                yield from _parts(part, value)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from _parts(node.left, value)
        yield from _parts(node.right, value)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant):
        yield opened(str(node.left.value))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        yield _BRACED.sub(OPEN, "".join(_parts(node.func.value, value)))
    elif isinstance(node, ast.Call) and node.args and getattr(node.func, "attr", "") == "dumps":
        yield from _parts(node.args[0], value)
    elif isinstance(node, ast.Dict):
        named = ((getattr(key, "value", None), one) for key, one in zip(node.keys, node.values, strict=True))
        yield from _fields(named, value)
    elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "dict" and not node.args:
        yield from _fields(((one.arg, one.value) for one in node.keywords), value)
    else:
        yield _known(node, value)


def _fields(named: Iterable[tuple[object, ast.expr]], value: Callable[[ast.expr], Value]) -> Iterator[str]:
    """Names and values in their order, whatever stands between them: `{"val_bpb": bpb}`, `log(val_bpb=bpb)`."""
    for name, node in named:
        yield name if isinstance(name, str) else ""
        yield OPEN
        yield from _parts(node, value)
        yield OPEN


def _known(node: ast.expr, value: Callable[[ast.expr], Value]) -> str:
    """The text of a name that is bound to one plain value; nothing is called."""
    if isinstance(node, ast.Name):
        found = value(node)
        if found.known and isinstance(found.const, (str, int)) and not isinstance(found.const, bool):
            return str(found.const)
        if isinstance(found.ref, Written):
            return found.ref.text
    return OPEN


def likeness(printed: str, line: str) -> float:
    """How many letters of a line a template gives, 0 where it cannot have printed it.

    A line may begin with a time or a step that a logging function puts before it.
    """
    letters, pattern = _pattern(printed)
    if letters < _FEWEST_LETTERS:
        return 0
    found = pattern.search(" ".join(line.split()))
    if found is None:
        return 0
    return letters + (_OWN_END if found.start() == 0 else 0)


@lru_cache(maxsize=2048)  # scripts print much the same, and several rules ask
def _pattern(printed: str) -> tuple[int, re.Pattern[str]]:
    """How many letters a template gives, and the lines that it may print."""
    letters = sum(character.isalpha() for character in printed.replace(OPEN, ""))
    pieces = [re.escape(" ".join(piece.split())) for piece in printed.split(OPEN)]
    return letters, re.compile(r"[\S ]*?".join(pieces).replace(r"\ ", r"\s*"))
