"""Settings that run commands give: `FOO=1 BAR=2 torchrun … train_gpt.py --lr 0.1`, `export FOO=1`.

Reads shell scripts and the fenced code blocks of a README. It is no shell: of a value with an expansion only the
default of `${FOO:-1}` and variables set earlier in the same text are known; anything else is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

TEXT_LIMIT = 400_000  # characters of one text that are read
_LINE_LIMIT = 8_000  # characters of one command

# A word with its quoted parts, or a sign that ends a command. Every alternative begins with another character.
_WORD = re.compile(r"""(?:[^\s"'\\;&|()]|\\[^\n]|"(?:[^"\\]|\\.)*"|'[^']*')+|[;&|()]""", re.DOTALL)
_QUOTED = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)""", re.DOTALL)
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_EXPANSION = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::?[-=]([^{}$]*))?\}|\$([A-Za-z_][A-Za-z0-9_]*)")
_FENCE = re.compile(r"[ \t]{0,3}(```|~~~)")


@dataclass(frozen=True, slots=True)
class Given:
    """One setting that a command gives. `script` is the name of the Python file that it runs, "" for a mere export."""

    name: str
    value: str
    line: int
    script: str


def settings_in_shell(text: str, first_line: int = 1) -> list[Given]:
    """Settings of a shell script in the order of its lines."""
    return list(_Reader().read(text[:TEXT_LIMIT], first_line))


def settings_in_markdown(text: str) -> list[Given]:
    """Settings in the fenced blocks that run a Python script, in the order of the page."""
    found: list[Given] = []
    for block, line in _fenced(text[:TEXT_LIMIT]):
        if ".py" in block:
            found += settings_in_shell(block, line)
    return found


def _fenced(text: str) -> Iterator[tuple[str, int]]:
    """Fenced blocks with the number of their first line."""
    lines: list[str] | None = None
    start = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if _FENCE.match(line):
            if lines is not None:
                yield "\n".join(lines), start
            lines, start = ([], number + 1) if lines is None else (None, 0)
        elif lines is not None:
            lines.append(line)


class _Reader:
    """Goes through a text and remembers the variables that it sets."""

    def __init__(self) -> None:
        self._variables: dict[str, str] = {}

    def read(self, text: str, first_line: int) -> Iterator[Given]:
        """Settings of all commands of the text."""
        for number, command in _commands(text, first_line):
            words: list[tuple[str, int]] = []
            for match in _WORD.finditer(command):
                if match[0] in ";&|()":
                    yield from self._simple(words)
                    words = []
                elif match[0].startswith("#"):
                    break
                else:
                    words.append((match[0], number + command.count("\n", 0, match.start())))
            yield from self._simple(words)

    def _simple(self, words: list[tuple[str, int]]) -> Iterator[Given]:
        """Settings of one command: those before the Python script, and the options after it."""
        script = next((i for i, (word, _) in enumerate(words) if word.endswith(".py")), None)
        file = "" if script is None else words[script][0].rsplit("/", 1)[-1].strip("\"'")
        for word, line in words[:script]:
            match = _ASSIGNMENT.match(word)
            if match:
                value = self._value(word[match.end() :])
                if value is not None:
                    if script is None:
                        self._variables[match[1]] = value
                    yield Given(match[1], value, line, file)
        if script is not None:
            yield from self._options(words[script + 1 :], file)

    def _options(self, words: list[tuple[str, int]], script: str) -> Iterator[Given]:
        """`--name value`, `--name=value`, `--switch` and `name=value`."""
        for position, (word, line) in enumerate(words):
            name, equals, rest = word.lstrip("-").partition("=")
            dashes = word.startswith("--")
            if not name.replace("-", "_").isidentifier() or not (dashes or equals):
                continue
            following = words[position + 1][0] if position + 1 < len(words) else "--"
            value: str | None = "True" if following.startswith("--") else self._value(following)
            if equals:
                value = self._value(rest)
            if value is not None:
                yield Given(name.replace("-", "_"), value, line, script)

    def _value(self, word: str) -> str | None:
        """A word without its quotes; None where it holds something that only a shell knows."""
        text = _QUOTED.sub(lambda m: next((g for g in m.groups() if g is not None), ""), word)
        if "'" in word or "$" not in text:
            return None if "`" in text else text
        expanded = _EXPANSION.sub(self._expand, text)
        return None if "$" in expanded or "`" in expanded else expanded

    def _expand(self, match: re.Match[str]) -> str:
        known = self._variables.get(match[1] or match[3])
        if known is None:
            known = match[2]
        return "$" if known is None else known


def _commands(text: str, first_line: int) -> Iterator[tuple[int, str]]:
    """Lines joined where a backslash ends them, each with its number."""
    held: list[str] = []
    start, size = first_line, 0
    for number, line in enumerate(text.split("\n"), start=first_line):
        if not held:
            start, size = number, 0
        held.append(line)
        size += len(line)
        if size > _LINE_LIMIT:
            held = []
        elif not line.rstrip().endswith("\\"):
            yield start, "\n".join(held)
            held = []
