"""The words that lines of a log begin with."""

from __future__ import annotations

from rules.reading.logs import read_log
from rules.reading.logs.openings import opening_of


def openings(text: str) -> dict[str, int]:
    return dict(read_log("train.log", "0" * 40, text.encode())[0].openings)


def test_words_end_at_the_first_sign_or_digit() -> None:
    assert opening_of("Compiling the model (stride=64)") == "Compiling the model"
    assert opening_of("  applying the average of 12 checkpoints") == "applying the average of"


def test_short_words_tell_nothing() -> None:
    assert opening_of("step 1") == ""
    assert opening_of("12 checkpoints were averaged") == ""


def test_each_opening_is_kept_with_its_first_line() -> None:
    text = "val_loss:2.1 val_bpb:1.2\nCompiling the model (1)\nnothing\nCompiling the model (2)\n"
    assert openings(text)["Compiling the model"] == 2


def test_the_number_of_openings_is_bounded() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    lines = [f"words that begin with {a}{b}{c}\n" for a in letters for b in letters for c in letters[:3]]
    assert len(openings("val_loss:2.1 val_bpb:1.2\n" + "".join(lines))) == 500
