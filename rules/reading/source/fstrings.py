"""Find f-strings by the rules of Python 3.12, where a replacement field may hold anything.

Python 3.11 ends an f-string at its first quote and allows neither backslash nor comment inside a field. This scanner
knows the newer grammar: it says where each f-string lies, of which pieces it consists, and whether 3.11 reads it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DEPTH = 40  # f-strings inside fields of f-strings
_STRING = r"(?:(?<!\w)(?P<prefix>[rRbBuUfF]|[rR][bBfF]|[bBfF][rR]))?(?P<quote>'''|\"\"\"|'|\")"
_CODE = re.compile(rf"#[^\n]*|{_STRING}")
_FIELD = re.compile(rf"#[^\n]*|{_STRING}|!=|[=<>!]=|[()\[\]{{}}:!=]")
_TO_QUOTE = {
    '"': re.compile(r'[^"\\\n]*(?:\\.[^"\\\n]*)*"', re.DOTALL),
    "'": re.compile(r"[^'\\\n]*(?:\\.[^'\\\n]*)*'", re.DOTALL),
    '"""': re.compile(r'[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"""', re.DOTALL),
    "'''": re.compile(r"[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''", re.DOTALL),
}
_LITERAL = re.compile(r"\\N\{[^}\n]{0,100}\}|\\(?![{}]).|\{\{|\}\}|[{}]|'''|\"\"\"|['\"\n]", re.DOTALL)
_RAW_LITERAL = re.compile(r"\\(?![{}]).|\{\{|\}\}|[{}]|'''|\"\"\"|['\"\n]", re.DOTALL)
_DEBUG_TAIL = re.compile(r"\s*(?:[}:]|!(?!=))")
_BLANK = re.compile(r"\s*")
_CONVERSION = re.compile(r"!\s*([rsa])\s*(?=[:}])")


class MalformedError(ValueError):
    """No f-string of any version that we read."""


@dataclass(frozen=True, slots=True)
class Text:
    """Literal text between fields, as offsets into the code."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Field:
    """One replacement field: where its expression lies, `{x=}`'s echo, its conversion and its format."""

    start: int
    end: int
    echo_end: int  # 0 where the expression is not echoed
    conversion: str
    format: tuple[Text | Field, ...] | None


@dataclass(frozen=True, slots=True)
class FString:
    """An f-string from its prefix to its closing quote. `modern` means that only Python 3.12 reads it."""

    start: int
    end: int
    raw: bool
    pieces: tuple[Text | Field, ...]
    modern: bool


@dataclass(frozen=True, slots=True)
class Skipped:
    """A comment or a plain string: nothing in it is code."""

    start: int
    end: int


def scan(code: str) -> list[FString | Skipped]:
    """All f-strings, plain strings and comments of `code`, outermost only, in order. Raises MalformedError."""
    found: list[FString | Skipped] = []
    position = 0
    while (match := _CODE.search(code, position)) is not None:
        item = _item(code, match, 0)
        found.append(item)
        position = item.end
    return found


def _item(code: str, match: re.Match[str], depth: int) -> FString | Skipped:
    """What begins at `match`: a comment, a plain string or an f-string."""
    quote, prefix = match["quote"], match["prefix"] or ""
    if quote is None:
        return Skipped(match.start(), match.end())
    if "f" in prefix.lower():
        return _Scanner(code, quote, "r" in prefix.lower(), depth).read(match.start(), match.end())
    closed = _TO_QUOTE[quote].match(code, match.end())
    if closed is None:
        raise MalformedError("a string without end")
    return Skipped(match.start(), closed.end())


class _Scanner:
    """Reads one f-string. `modern` is set as soon as something is met that Python 3.11 does not read."""

    def __init__(self, code: str, quote: str, raw: bool, depth: int) -> None:
        if depth > DEPTH:
            raise MalformedError("f-strings nested too deeply")
        self._code = code
        self._quote = quote
        self._raw = raw
        self._depth = depth
        self._modern = False

    def read(self, start: int, position: int) -> FString:
        pieces, end = self._pieces(position, in_format=False)
        return FString(start, end, self._raw, tuple(pieces), self._modern)

    def _pieces(self, position: int, *, in_format: bool, level: int = 0) -> tuple[list[Text | Field], int]:
        """Text and fields up to the closing quote (or, in a format, up to the closing brace) and the end of it."""
        pieces: list[Text | Field] = []
        pattern = _RAW_LITERAL if self._raw else _LITERAL
        start = position
        while (match := pattern.search(self._code, position)) is not None:
            sign, position = match[0], match.end()
            if sign in ("{{", "}}") and in_format:
                sign, position = sign[0], match.start() + 1
            if sign == "{":
                pieces.append(Text(start, match.start()))
                field, position = self._field(position, level)
                pieces.append(field)
                start = position
            elif sign == "}":
                if not in_format:
                    raise MalformedError("a single closing brace")
                pieces.append(Text(start, match.start()))
                return pieces, match.start()
            elif self._closes(sign, match.start()):
                if in_format:
                    raise MalformedError("a field without end")
                pieces.append(Text(start, match.start()))
                return pieces, match.start() + len(self._quote)
            elif sign[0] in "'\"":
                position = match.start() + 1
            elif sign == "\n" and len(self._quote) == 1:
                raise MalformedError("an f-string without end")
        raise MalformedError("an f-string without end")

    def _closes(self, sign: str, position: int) -> bool:
        return sign[0] in "'\"" and self._code.startswith(self._quote, position)

    def _field(self, start: int, level: int) -> tuple[Field, int]:
        """The field whose expression begins at `start`, and the offset after its closing brace."""
        if level > DEPTH:
            raise MalformedError("formats nested too deeply")
        end, echoed = self._expression_end(start)
        position = end
        if echoed:
            position = _BLANK.match(self._code, end + 1).end()  # type: ignore[union-attr]  # it matches always
        field_end = position
        conversion = ""
        if (match := _CONVERSION.match(self._code, position)) is not None:
            conversion, position = match[1], match.end()
        layout: tuple[Text | Field, ...] | None = None
        if self._code.startswith(":", position):
            pieces, position = self._pieces(position + 1, in_format=True, level=level + 1)
            layout = tuple(pieces)
        if not self._code.startswith("}", position):
            raise MalformedError("a field without end")
        self._modern = self._modern or level > 1 or self._needs_modern(self._code[start:position])
        return Field(start, end, field_end if echoed else 0, conversion, layout), position + 1

    def _needs_modern(self, field: str) -> bool:
        newline = "\n" in field and len(self._quote) == 1
        return newline or "\\" in field or "#" in field or self._quote in field

    def _expression_end(self, position: int) -> tuple[int, bool]:
        """Where the expression that begins at `position` ends, and whether an equals sign asks for its echo."""
        depth = 0
        while (match := _FIELD.search(self._code, position)) is not None:
            sign, position = match[0], match.end()
            if match["quote"] is not None or sign[0] == "#":
                item = _item(self._code, match, self._depth + 1)
                self._modern = self._modern or (isinstance(item, FString) and item.modern)
                position = item.end
            elif depth == 0 and (sign in ":!}" or (sign == "=" and _DEBUG_TAIL.match(self._code, position))):
                return match.start(), sign == "="
            elif sign in "([{":
                depth += 1
            elif sign in ")]}":
                depth -= 1
                if depth < 0:
                    raise MalformedError("a closing bracket too many")
        raise MalformedError("a field without end")
