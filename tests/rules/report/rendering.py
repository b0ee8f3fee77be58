"""Read Markdown back with a real parser, as tests of the report need it."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

WRITTEN = frozenset({"paragraph", "heading", "bullet_list", "list_item", "strong", "inline", "text", "code_inline"})
LAID_OUT = WRITTEN | {"em", "table", "thead", "tbody", "tr", "th", "td", "link", "html_block", "softbreak"}

NASTY = st.lists(
    st.sampled_from(
        [
            *("@everyone", "#123", "GH-12", "owner/name#5", "name@example.org", "http://a.example", "www.a.example"),
            *("![x](http://a.example/x.png)", "[x](javascript:alert(1))", "<script>alert(1)</script>", "<!--", "-->"),
            *(
                "<img src=x>",
                "</details>",
                "<https://a.example>",
                "`",
                "``",
                "```",
                "~~~",
                "|",
                "\\",
                "\n",
                "\n\n",
                "\r",
            ),
            *("# big", "> quoted", "- item", "1. item", "---", "===", "***", "**b**", "_i_", "~~s~~", "$x$", "$`x`$"),
            *("/fairway accept", "[a]: http://a.example", "[^1]", "&lt;", "&#64;", ":tada:", "\u202e", "\x1b[31m", " "),
            *("a", "é", "0", "word", "\t", "\u200b", "|---|", "\n    code"),
        ]
    ),
    max_size=30,
).map("".join)


def parser() -> MarkdownIt:
    """CommonMark with GitHub's tables and strikethrough, and HTML let through, as GitHub lets it."""
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def tokens(markdown: str) -> Iterator[Token]:
    """All tokens, those inside of inline content too."""
    for token in parser().parse(markdown):
        yield token
        yield from token.children or ()


def kinds(markdown: str) -> set[str]:
    return {token.type.removesuffix("_open").removesuffix("_close") for token in tokens(markdown)}


def rendered_codes(markdown: str) -> list[str]:
    return [token.content for token in tokens(markdown) if token.type == "code_inline"]


def plain_text_of(markdown: str, allowed: frozenset[str] = WRITTEN) -> str:
    """The text outside of code, which GitHub searches for mentions, references and addresses.

    Fails where anything but the allowed kinds of tokens came out.
    """
    unexpected = kinds(markdown) - allowed
    assert not unexpected, unexpected
    return "\n".join(token.content for token in tokens(markdown) if token.type == "text")


def links(markdown: str) -> list[str]:
    return [str(token.attrs["href"]) for token in tokens(markdown) if token.type == "link_open"]


def html(markdown: str) -> list[str]:
    return [token.content.strip() for token in tokens(markdown) if token.type in ("html_block", "html_inline")]
