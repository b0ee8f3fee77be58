from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.commands.grammar import (
    MOST_LINE,
    PREFIX,
    VERBS,
    Accept,
    Command,
    Explain,
    Help,
    Hold,
    Mistake,
    NeedsChanges,
    Reject,
    Reproduce,
    Rerun,
    Status,
    Waive,
    is_command,
    parse,
    text_of,
)
from worker.rulings import KINDS, MOST_REASON

codes = st.lists(st.from_regex(r"[A-Z][0-9]{2}", fullmatch=True), min_size=1, max_size=5, unique=True).map(tuple)
words = st.lists(st.from_regex(r"[a-z@`<>*/\U0001f600é]{4,12}", fullmatch=True), min_size=1, max_size=8).map(" ".join)
written: st.SearchStrategy[Command] = st.one_of(
    st.sampled_from([Help(), Status(), Rerun(), Accept()]),
    st.builds(Explain, words.map(lambda text: text.split()[0])),
    st.builds(Reject, codes, words),
    st.builds(Waive, codes, words),
    st.builds(NeedsChanges, st.one_of(st.just(""), words)),
    st.builds(Hold, st.one_of(st.just(""), words)),
    st.builds(Reproduce, st.sampled_from(KINDS)),
)


@given(written)
def test_what_is_written_is_read(command: Command) -> None:
    assert is_command(text_of(command))
    assert parse(text_of(command)) == command


@given(written, st.sampled_from([" ", "\t", "  \u2003"]))
def test_case_and_blanks_of_the_command_do_not_matter(command: Command, blank: str) -> None:
    prefix, verb, *rest = text_of(command).split(" ")
    assert parse(blank.join([prefix.upper(), verb.title(), *rest])) == command


@given(st.text(max_size=300))
def test_any_text_is_a_command_or_a_mistake_with_advice(text: str) -> None:
    found = parse(f"{PREFIX} {text}")
    assert not isinstance(found, Mistake) or "`" in found.message


@given(st.sampled_from(VERBS), st.text(max_size=300))
def test_any_argument_is_a_command_or_a_mistake_with_advice(verb: str, text: str) -> None:
    found = parse(f"{PREFIX} {verb} {text}")
    if isinstance(found, Mistake):
        assert f"`{PREFIX}" in found.message
    else:
        assert parse(text_of(found)) == found


@pytest.mark.parametrize("line", [PREFIX, f"{PREFIX} x", f"{PREFIX}\tx", PREFIX.upper()])
def test_the_prefix_is_a_word_of_its_own(line: str) -> None:
    assert is_command(line)


@pytest.mark.parametrize(
    "line", ["", "fairway x", "/fairways x", "/fairway-x", "/fairway: x", "x /fairway", "//fairway"]
)
def test_what_only_looks_like_the_prefix_is_none(line: str) -> None:
    assert not is_command(line)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (
            "/fairway reject a01, F04: E05. the targets are in the key",
            Reject(("A01", "F04", "E05"), "the targets are in the key"),
        ),
        ("/fairway reject F04 f04 twice", Reject(("F04",), "twice")),
        ("/fairway reject F04 as E05 says", Reject(("F04",), "as E05 says")),
        ("/fairway Needs-Changes", NeedsChanges()),
        ("/fairway reproduce", Reproduce("smoke")),
        ("/fairway reproduce FULL", Reproduce("full")),
        ("/fairway explain ngram-target-in-lookup-key", Explain("ngram-target-in-lookup-key")),
    ],
)
def test_forms_that_people_use(line: str, command: Command) -> None:
    assert parse(line) == command


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("/fairway", "`/fairway help` lists them"),
        ("/fairway rejct F04 why", "there is no command `rejct`; did you mean `/fairway reject`?"),
        ("/fairway needs_changes", "did you mean `/fairway needs-changes`?"),
        ("/fairway please", "there is no command `please`; `/fairway help` lists the commands"),
        ("/fairway `x`", "there is no command `'x'`"),
        ("/fairway accept if the logs are there", "`/fairway accept` stands alone on its line"),
        ("/fairway rerun now", "`/fairway rerun` stands alone on its line"),
        ("/fairway reject", "has to say under which rules"),
        ("/fairway reject because", "has to say under which rules"),
        ("/fairway waive F04", "has to say why"),
        ("/fairway reproduce twice", "takes one of `smoke`, `probe`, `seed`, `full`"),
        ("/fairway explain", "takes one rule by its code"),
        ("/fairway explain F04 E05", "takes one rule by its code"),
        (f"/fairway hold {'x' * (MOST_REASON + 1)}", "at most 2,000 are kept"),
        (f"/fairway reject F04 {'x' * (MOST_REASON + 1)}", "at most 2,000 are kept"),
        (f"/fairway hold {'x' * MOST_LINE}", "longer than 4,000 characters"),
    ],
)
def test_mistakes_say_what_to_write(line: str, says: str) -> None:
    found = parse(line)
    assert isinstance(found, Mistake)
    assert says in found.message
