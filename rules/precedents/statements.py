"""Source text cut into statements that are compared as tokens.

Comments, white space, line breaks, docstrings, the kind of quotes, commas before a closing bracket and brackets around
a whole right-hand side are left out: a formatter may change them. Linear in the text, whatever it holds. Pieces that
end as they began are remembered: scripts share most of their lines.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

from rules.reading.pieces import Pieces
from rules.submission import Language

MOST_TOKENS = 20_000  # of one statement; a longer one is cut into several
_HEADERS = {"if", "elif", "else", "for", "while", "with", "def", "class", "try", "except", "finally", "async"}
_BEFORE_A_WRAP = {"=", "+=", "-=", "*=", "/=", "//=", "%=", "**=", "@=", "&=", "|=", "^=", ">>=", "<<=", ":="}
_BEFORE_A_WRAP |= {"return", "if", "elif", "while", "assert", "in"}
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
_MARKS = _OPEN | _CLOSE | {":", ";"}
_WRAPS = 4

# Every quantifier is possessive and an open string ends with its line or the text, so nothing is read twice.
_DOUBLE = r'"{3}(?:[^"\\]|\\[\s\S]|"(?!""))*+(?:"{3}|\Z)|"(?:[^"\\\n]|\\[\s\S])*+"?'
_SINGLE = r"'{3}(?:[^'\\]|\\[\s\S]|'(?!''))*+(?:'{3}|\Z)|'(?:[^'\\\n]|\\[\s\S])*+'?"
_STRING = rf"[rRbBuUfFtT]{{0,3}}(?:{_DOUBLE}|{_SINGLE})"
_WORD = r"\d[\w.]*+|\w++"
_OPERATOR = r"\*\*=?|//=?|>>=?|<<=?|->|:=|[-+*/%@&|^=!<>]=|[^\s\w]"
_PYTHON = re.compile(rf"(?P<skip>#[^\n]*+|\\\r?\n)|(?P<line>\n)|(?P<string>{_STRING})|(?P<word>{_WORD}|{_OPERATOR})")
_C = re.compile(
    r"(?P<skip>//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)|\\\r?\n)|(?P<line>\n)"
    r"""|(?P<string>"(?:[^"\\\n]|\\[\s\S])*+"?|'(?:[^'\\\n]|\\[\s\S])*+'?)"""
    rf"|(?P<word>{_WORD}|&&|\|\||{_OPERATOR})"
)
_QUOTED = re.compile(r"""([rbuft]{0,3})(?:'([^'"\\\n]*)'|'''([^'"\\]*)'''|\"\"\"([^'"\\]*)\"\"\")""")


class Statement(NamedTuple):
    """One statement: the digest of its tokens, how many there are, and the lines that it takes."""

    digest: int
    tokens: int
    first: int
    last: int


def statements(text: str, language: Language) -> Iterator[Statement]:
    """The statements of a text in their order."""
    if language is Language.PYTHON:
        return _Cutter(_PYTHON, by_line=True).run(text)
    if language in (Language.C, Language.CUDA):
        return _Cutter(_C, by_line=False).run(text)
    return _Cutter(_PYTHON, by_line=True, nested=False).run(text)


_KNOWN: defaultdict[tuple[bool, bool], Pieces[tuple[list[Statement], int]]] = defaultdict(Pieces)


class _Cutter:
    """Reads tokens and ends a statement where its language does.

    `by_line`: a line's end outside of brackets ends it, else `;` and braces do. `nested`: brackets go over lines.
    """

    def __init__(self, pattern: re.Pattern[str], *, by_line: bool, nested: bool = True) -> None:
        self._pattern, self._by_line, self._nested = pattern, by_line, nested
        self._known = _KNOWN[by_line, nested]
        self._words: list[str] = []
        self._first = self._last = 1
        self._only_strings = True
        self._depth = 0

    def run(self, text: str) -> Iterator[Statement]:
        """Cut the text."""
        line, position = 1, 0
        while position < len(text):
            known = self._known.find(text, position)
            if known is None:
                start = position
                found, lines, position = self._piece(text, start)
                if position < len(text):
                    self._known.keep(text[start:position], (found, lines))
            else:
                position, (found, lines) = known
            for digest, tokens, first, last in found:
                yield Statement(digest, tokens, line + first, line + last)
            line += lines

    def _piece(self, text: str, position: int) -> tuple[list[Statement], int, int]:
        """The statements up to the first line's end that none goes over, how many lines, and the position there.

        Their lines count from 0, the first of the piece. Written out: it looks at every word that is new.
        """
        done: list[Statement] = []
        line = 0
        for found in self._pattern.finditer(text, position):
            kind, word = found.lastgroup, found[0]
            if kind == "word" or kind == "string":
                if not self._words:
                    self._first = line
                self._last = line
                ends = False
                if kind == "string":
                    self._words.append(_plain(word))
                    line += word.count("\n")
                    self._last = line
                else:
                    self._only_strings = False
                    if word in _MARKS:
                        self._mark(word)
                        ends = self._ends(word)
                    else:
                        self._words.append(word.replace("_", "") if word[0].isdecimal() else word)
                if ends or len(self._words) >= MOST_TOKENS:
                    done += self._finish()
            elif kind == "line":
                if self._by_line and (self._depth == 0 or not self._nested):
                    done += self._finish()
                line += 1
                if not self._words:
                    return done, line, found.end()
            else:
                line += word.count("\n")
        return [*done, *self._finish()], line, len(text)

    def _mark(self, word: str) -> None:
        """Take a bracket, a colon or a semicolon."""
        if word in _OPEN:
            self._depth += 1
        elif word in _CLOSE:
            self._depth = max(0, self._depth - 1)
            if self._words and self._words[-1] == ",":
                self._words.pop()
        self._words.append(word)

    def _ends(self, word: str) -> bool:
        """Whether a mark is the last of its statement."""
        if not self._by_line:
            return word in (";", "{", "}")
        if self._depth:
            return False
        if word == ":":
            return self._words[0] in _HEADERS and "lambda" not in self._words
        return word == ";"

    def _finish(self) -> Iterator[Statement]:
        words, self._words = self._words, []
        only_strings, self._only_strings = self._only_strings, True
        self._depth = 0
        while words and words[-1] == ";":
            words.pop()
        if words and not only_strings:
            told = _unwrapped(words)
            digest = blake2b("\0".join(told).encode("utf-8", "surrogatepass"), digest_size=8).digest()
            yield Statement(int.from_bytes(digest, "big"), len(told), self._first, self._last)


def _plain(string: str) -> str:
    """A string constant in double quotes, where that says the same."""
    found = _QUOTED.fullmatch(string)
    if found is None:
        return string
    prefix, *bodies = found.groups()
    body = next((one for one in bodies if one is not None), "")
    return string if "\n" in body else f'{prefix.lower()}"{body}"'


def _unwrapped(words: list[str]) -> list[str]:
    """Without brackets around everything that follows `=`, `return`, `if` and the like."""
    for _ in range(_WRAPS):
        end = len(words) - 1 - (words[-1] == ":")
        if end < 1 or words[end] != ")":
            return words
        depth, start = 0, end
        while start >= 0:
            depth += (words[start] in _CLOSE) - (words[start] in _OPEN)
            if depth == 0:
                break
            start -= 1
        if start < 1 or words[start - 1] not in _BEFORE_A_WRAP:
            return words
        words = words[:start] + words[start + 1 : end] + words[end + 1 :]
    return words
