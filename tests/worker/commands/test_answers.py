from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rules.docs import documented
from worker.commands import answers
from worker.commands.grammar import Mistake, parse
from worker.commands.reading import lines_of
from worker.precedents import Effect


def body(line: str, answer: str, login: str = "pat") -> str:
    return answers.body(7, login, "https://example.org/1", [(line, answer)], 0, 10)


def test_no_page_of_a_rule_gives_a_command() -> None:
    for rule in documented():
        text, known = answers.explained(rule.code)
        assert known
        assert lines_of(body(f"/fairway explain {rule.code}", text)) == []
    assert lines_of(body("/fairway help", answers.HELP)) == []


@given(st.text(max_size=200), st.text(min_size=1, max_size=80))
def test_whatever_is_quoted_stays_in_code(text: str, login: str) -> None:
    line = f"/fairway {text} @all <b> [x](y)"
    found = parse(line)
    assert isinstance(found, Mistake)
    answer = body(line, answers.message(found.message), login)
    assert answer.startswith(answers.marker(7))
    assert lines_of(answer) == []
    shown = [token for block in MarkdownIt("commonmark").parse(answer) for token in block.children or ()]
    plain = "".join(token.content for token in shown if token.type != "code_inline")
    assert "@" not in plain
    assert {token.type for token in shown} <= {
        *("text", "code_inline", "strong_open", "strong_close", "link_open", "link_close", "softbreak")
    }
    assert [token.attrs["href"] for token in shown if token.type == "link_open"] == ["https://example.org/1"]


def test_an_answer_too_long_for_github_is_cut_between_lines() -> None:
    text = body("/fairway status", "\n".join(f"`@line {n}` and more" for n in range(5_000)))
    assert len(text) <= answers.LIMIT
    assert text.count("`") % 2 == 0
    assert "(cut" in text


def test_what_a_ruling_does_to_precedents_is_told_without_a_reference() -> None:
    told = answers.effect(Effect(statements=2, ends=True, again=tuple(range(1, 15)), alike=(40,)))
    assert told == (
        " It is a precedent for later pull requests that keep 2 guilty statements of it."
        " The precedent that stood on this commit ends."
        " Screened again because of it: `#1`, `#2`, `#3`, `#4`, `#5`, `#6`, `#7`, `#8`, `#9`, `#10`, `#11`, `#12` and 2"
        " more. Open ones that hold the same lines today, were opened before and are not touched: `#40`."
    )
    assert answers.effect(Effect()) == answers.effect(Effect(statements=0)) == ""
    assert "it is no precedent" in answers.effect(Effect(statements=0), foreseen=True)
