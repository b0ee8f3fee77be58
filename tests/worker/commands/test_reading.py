from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.commands.reading import lines_of

LINE = "/fairway accept"


@pytest.mark.parametrize(
    "comment",
    [
        LINE,
        f"Looks fine.\n{LINE}\nThanks.",
        f"Looks fine.\r\n\r\n{LINE}\r\n",
        f"> what they said\n\n{LINE}",
        f"- a point\n\n{LINE}",
        f"```\n{LINE} is talk\n```\n{LINE}",
        f"A line  \n{LINE}",
        f"A line\\\n{LINE}",
        f"   {LINE}",
        f"`code` and *more*\n{LINE}",
        f"[a link](https://example.org)\n{LINE}",
        f"<!-- a note -->\n\n{LINE}",
        f"# A title\n{LINE}",
    ],
)
def test_a_line_of_a_plain_paragraph_counts(comment: str) -> None:
    assert lines_of(comment) == [LINE]


@pytest.mark.parametrize(
    "comment",
    [
        f"> {LINE}",
        f">{LINE}",
        f"> quoted\n{LINE}",  # still in the quote, as Markdown reads it
        f"> > {LINE}",
        f"> [!NOTE]\n> {LINE}",
        f"`{LINE}`",
        f"``\n{LINE}\n``",
        f"`a\n{LINE}\nb`",
        f"```\n{LINE}\n```",
        f"```\n{LINE}",
        f"~~~text\n{LINE}\n~~~",
        f"    {LINE}",
        f"\t{LINE}",
        f"<!-- {LINE} -->",
        f"<!--\n{LINE}\n-->",
        f"<!--\n\n{LINE}\n\n-->",
        f"a <!--\n{LINE}\n--> b",
        f"<pre>\n{LINE}\n\n{LINE}\n</pre>",
        f"<details>\n{LINE}\n</details>",
        f"<a title='\n{LINE}\n'>x</a>",
        f"- {LINE}",
        f"1. {LINE}",
        f"- a point\n  {LINE}",
        f"# {LINE}",
        f"{LINE}\n===",
        f"{LINE} | x\n--- | ---\n{LINE} | y",
        f"[a\n{LINE}\nb](c)",
        f'[a](b "\n{LINE}\n")',
        f"![a\n{LINE}\nb](c)",
        f"**a\n{LINE}\nb**",
        f'[x]: y "\n{LINE}\n"',
        rf"\{LINE}",
        f"&#47;{LINE[1:]}",
        f"say {LINE}",
        f"**{LINE}**",
        f"\u200b{LINE}",
    ],
)
def test_quotes_code_html_and_everything_else_does_not(comment: str) -> None:
    assert lines_of(comment) == []


def test_what_follows_the_command_stays_as_it_was_written() -> None:
    line = "/fairway reject F04 see *this*, `that` and [there](https://example.org/a_b_c) &amp; \\*"
    assert lines_of(f"Well.\n{line}  \n{LINE}") == [line, LINE]


@given(
    st.lists(st.sampled_from([LINE, "`", "```", "> ", "\n", "<!--", "-->", "[", "](", "*", "    ", "- ", "|", "\\"]))
)
def test_no_text_breaks_the_reader_and_only_whole_lines_are_found(pieces: list[str]) -> None:
    comment = "".join(pieces)
    for line in lines_of(comment):
        assert line.startswith("/fairway")
        assert line in {part.strip() for part in comment.split("\n")}


@given(st.text(max_size=500), st.text(max_size=100))
def test_any_text_around_a_command_can_be_read(before: str, after: str) -> None:
    for line in lines_of(f"{before}\n{LINE} {after}"):
        assert line.lower().startswith("/fairway")


@pytest.mark.parametrize(
    "hostile",
    [
        "[" * 65_000,
        "*a **b " * 9_000,
        "".join("`" * n + " " for n in range(350)),
        ">" * 65_000,
        "<!--" * 16_000,
        "[a](<b" * 10_000,
        "\\\n" * 30_000,
        f"{LINE}\n" * 4_000,
        "|a" * 3_000 + "\n" + "|-" * 3_000 + "\n" + ("|b" * 30 + "\n") * 800,
    ],
    ids=range(9),
)
def test_a_hostile_comment_is_read_and_hides_no_command_before_it(hostile: str) -> None:
    assert lines_of(f"{LINE}\n\n{hostile}")[0] == LINE
