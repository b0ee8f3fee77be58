"""Where in a comment commands count: lines of plain paragraphs, as GitHub's Markdown sees them.

What stands in quotes, lists, tables, headings, code or HTML is talk about commands and gives none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline, escape, newline
from markdown_it.token import Token

from worker.commands.grammar import PREFIX, is_command

MOST_READ = 65_536  # characters, GitHub's own limit on a comment
_AT = "at"


def lines_of(comment: str) -> list[str]:
    """The lines of a comment that are commands, in their order and without blanks at their ends."""
    text = comment[:MOST_READ]
    if PREFIX not in text.lower():
        return []
    return [line for line in _plain_lines(_parser().parse(text)) if is_command(line)]


def _plain_lines(tokens: list[Token]) -> Iterator[str]:
    """The lines of paragraphs that stand by themselves and begin outside of code, HTML and links."""
    for opening, inline in pairwise(tokens):
        if opening.type == "paragraph_open" and opening.level == 0 and inline.type == "inline":
            breaks = [child.meta[_AT] for child in inline.children or () if _AT in child.meta and child.level == 0]
            for start in (0, *breaks):
                yield inline.content[start:].partition("\n")[0].strip()


def _noting(rule: Callable[[StateInline, bool], bool]) -> Callable[[StateInline, bool], bool]:
    """A rule that may end a line, which then notes where the next one begins."""

    def read(state: StateInline, silent: bool) -> bool:
        start = state.pos
        if not rule(state, silent):
            return False
        if not silent and state.tokens and state.tokens[-1].type in ("softbreak", "hardbreak"):
            state.tokens[-1].meta.setdefault(_AT, state.src.index("\n", start) + 1)
        return True

    return read


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable("table")
    parser.inline.ruler.at("newline", _noting(newline))
    parser.inline.ruler.at("escape", _noting(escape))
    return parser
