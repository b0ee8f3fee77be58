"""Parse the grammar of Python 3.12 and newer on Python 3.11, line for line.

An f-string that only 3.12 reads gives way to `f"{name}"`, which stays a string to its neighbours and keeps its
newlines; its fields are parsed by themselves and laid into the tree where that name stands. Type parameters
(`def f[T](x)`) and the word `type` of `type X = int` are left out: no reader here needs them.
"""

from __future__ import annotations

import ast
import codecs
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rules.reading.source.fstrings import Field, FString, MalformedError, Skipped, Text, scan

STRINGS = 5_000  # f-strings in need of a rewriting, per file
_GENERIC = re.compile(r"\b(?:def|class)[ \t]+\w+[ \t]*(\[)")
_ALIAS = re.compile(r"(?:^|(?<=[;:]))[ \t]*(type[ \t]+)(?=\w+[ \t]*(\[)?)", re.MULTILINE)
_ALIAS_TAIL = re.compile(r"\w+[ \t]*=(?!=)")
_BRACKET = re.compile(r"[\[\]]")
_EQUALS = re.compile(r"[ \t]*=(?!=)")
_BRACES = re.compile(r"\{\{|\}\}")
_CONVERSIONS = {"": -1, "s": 115, "r": 114, "a": 97}
_Edit = tuple[int, int, str]


def parse_modern(code: str) -> ast.Module:
    """Parse `code` by the grammar of Python 3.12. Raises what `ast.parse` raises, and SyntaxError for bad f-strings."""
    tree = _Rewriting(code).parse("exec")
    assert isinstance(tree, ast.Module)
    return tree


@dataclass(frozen=True, slots=True)
class _Stand:
    """What stands at a placeholder: the pieces of the f-string that it replaced."""

    pieces: list[ast.expr]


class _Rewriting:
    """One text on its way to a tree: the edits that 3.11 needs, and what is to be laid into the tree afterwards."""

    def __init__(self, code: str) -> None:
        self._code = code
        self._newlines = [match.start() for match in re.finditer("\n", code)]
        self._mark = "_modern"
        while self._mark in code:
            self._mark += "_"
        self._stands: dict[str, _Stand] = {}

    def parse(self, mode: str) -> ast.AST:
        """The tree of the text, `mode` as for `ast.parse`."""
        try:
            items = scan(self._code)
        except MalformedError as error:
            raise SyntaxError(str(error)) from error
        edits = [*self._string_edits(items), *_type_edits(_masked(self._code, items))]
        tree = ast.parse(_edited(self._code, edits), mode=mode)
        if self._stands:
            _Splice(self._stands).visit_all(tree)
        return tree

    def _string_edits(self, items: Sequence[FString | Skipped]) -> Iterator[_Edit]:
        """Replace each f-string that 3.11 does not read by a placeholder over as many lines."""
        modern = [item for item in items if isinstance(item, FString) and item.modern]
        if len(modern) > STRINGS:
            raise MemoryError(f"more than {STRINGS} f-strings of Python 3.12")
        for number, item in enumerate(modern):
            name = f"{self._mark}{number}"
            self._stands[name] = _Stand(self._pieces(item.pieces, item.raw))
            newlines = "\n" * self._code.count("\n", item.start, item.end)
            yield item.start, item.end, f"f'''{{{name}{newlines}}}'''"

    def _line(self, position: int) -> int:
        return bisect_right(self._newlines, position - 1) + 1

    def _pieces(self, pieces: Sequence[Text | Field], raw: bool) -> list[ast.expr]:
        found: list[ast.expr] = []
        for piece in pieces:
            if isinstance(piece, Text):
                text = _literal(self._code[piece.start : piece.end], raw)
                if text:
                    found.append(self._placed(ast.Constant(text), piece.start, piece.end))
            else:
                found += self._field(piece, raw)
        return found

    def _field(self, field: Field, raw: bool) -> Iterator[ast.expr]:
        """The echo of `{x=}`, if any, and the value."""
        if field.echo_end:
            echo = self._code[field.start : field.echo_end]
            yield self._placed(ast.Constant(echo), field.start, field.echo_end)
        conversion = _CONVERSIONS[field.conversion]
        if field.echo_end and field.format is None and not field.conversion:
            conversion = _CONVERSIONS["r"]
        layout = None
        if field.format is not None:
            layout = self._placed(ast.JoinedStr(self._pieces(field.format, raw)), field.end, field.end)
        value = self._expression(field)
        yield self._placed(ast.FormattedValue(value, conversion, layout), field.start, field.end)

    def _expression(self, field: Field) -> ast.expr:
        """The tree of a field's expression on its own lines."""
        text = self._code[field.start : field.end]
        inner = _Rewriting(f"({text}\n)").parse("eval")
        assert isinstance(inner, ast.Expression)
        ast.increment_lineno(inner, self._line(field.start) - 1)
        return inner.body

    def _placed(self, node: ast.expr, start: int, end: int) -> ast.expr:
        node.lineno, node.end_lineno = self._line(start), self._line(end)
        node.col_offset = node.end_col_offset = 0
        return node


class _Splice:
    """Lays the pieces of the replaced f-strings into the tree."""

    def __init__(self, stands: dict[str, _Stand]) -> None:
        self._stands = stands

    def visit_all(self, tree: ast.AST) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                node.values = _joined(list(self._values(node)))

    def _values(self, node: ast.JoinedStr) -> Iterator[ast.expr]:
        for value in node.values:
            inner = value.value if isinstance(value, ast.FormattedValue) else None
            stand = self._stands.get(inner.id) if isinstance(inner, ast.Name) else None
            yield from [value] if stand is None else stand.pieces


def _joined(values: list[ast.expr]) -> list[ast.expr]:
    """The same with neighbouring texts made one, as the parser leaves them."""
    found: list[ast.expr] = []
    for value in values:
        last = found[-1] if found else None
        if isinstance(value, ast.Constant) and isinstance(last, ast.Constant):
            merged = ast.Constant(str(last.value) + str(value.value))
            found[-1] = ast.copy_location(merged, last)
        else:
            found.append(value)
    return found


def _literal(text: str, raw: bool) -> str:
    """The characters that the text of an f-string stands for."""
    text = _BRACES.sub(lambda match: match[0][0], text)
    if raw or "\\" not in text:
        return text
    body = text.rstrip("\\")
    if (len(text) - len(body)) % 2:  # a backslash before a field is itself
        text += "\\"
    return codecs.decode(text.encode("latin-1", "backslashreplace"), "unicode_escape")


def _masked(code: str, items: Sequence[FString | Skipped]) -> str:
    """The code with strings and comments blanked out, of the same length."""
    parts: list[str] = []
    position = 0
    for item in items:
        parts += [code[position : item.start], " " * (item.end - item.start)]
        position = item.end
    return "".join(parts) + code[position:]


def _type_edits(masked: str) -> Iterator[_Edit]:
    """Leave out type parameters and the word that begins a type alias."""
    generics = [match.start(1) for match in _GENERIC.finditer(masked)]
    aliases = list(_ALIAS.finditer(masked))
    closings = _closings(masked) if generics or aliases else {}
    done = 0
    for start in generics:
        if start in closings and start >= done:
            done = closings[start]
            yield _without_brackets(masked, start, done)
    for match in aliases:
        start = match.start(2) if match[2] else -1
        if start < 0:
            if _ALIAS_TAIL.match(masked, match.end()):
                yield match.start(1), match.end(1), ""
        elif start in closings and _EQUALS.match(masked, closings[start]):
            yield match.start(1), match.end(1), ""
            yield _without_brackets(masked, start, closings[start])


def _closings(masked: str) -> dict[int, int]:
    """Where the bracket that opens at an offset is closed again: the offset behind it."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for match in _BRACKET.finditer(masked):
        if match[0] == "[":
            opened.append(match.start())
        elif opened:
            found[opened.pop()] = match.end()
    return found


def _without_brackets(masked: str, start: int, end: int) -> _Edit:
    """Drop a bracket with what it holds; its lines become continued ones."""
    return start, end, "\\\n" * masked.count("\n", start, end)


def _edited(code: str, edits: Sequence[_Edit]) -> str:
    """Apply edits that do not overlap."""
    parts: list[str] = []
    position = 0
    for start, end, text in sorted(edits):
        if start < position:
            continue
        parts += [code[position:start], text]
        position = end
    return "".join(parts) + code[position:]
