"""Branches that a log shows to have run."""

from __future__ import annotations

from rules.analysis.flow.events import Kind
from rules.analysis.flow.walk import trace_of
from rules.submission import Submission
from tests.rules.harness import submission_of

SCRIPT = """
import os

import torch

tokens = torch.load("data/fineweb_val_000000.bin")


def evaluate():
    torch.save(tokens, "scored_twice.pt")
    print("second_scoring_pass tokens:12")


{before}if int(os.environ.get("SECOND", "0")):
    {inside}
else:
    torch.save(tokens, "scored_once.pt")
"""
LOG = """
seed: 42
stopping_early: wallclock_cap train_time:600012ms step:9000/20000
{line}
final_int8_zlib_roundtrip_exact val_loss:1.94172691 val_bpb:1.15000000
"""


def saved(script: str, line: str = "") -> list[str]:
    """What a program writes, whose log has this line."""
    files = {"train_gpt.py": script, "train.log": LOG.format(line=line), "submission.json": '{"val_bpb": 1.15}'}
    return _saved(submission_of({"files": files}))


def _saved(submission: Submission) -> list[str]:
    trace = trace_of(submission)
    assert trace is not None
    lines = trace.root.source.code.split("\n")
    return [lines[event.line - 1].split('"')[1] for event in trace.all(Kind.SAVE)]


def test_a_line_that_only_one_side_prints_shows_that_it_ran() -> None:
    script = SCRIPT.format(before="", inside="evaluate()")
    assert saved(script, "second_scoring_pass tokens:12") == ["scored_twice.pt"]


def test_without_the_line_the_default_holds() -> None:
    assert saved(SCRIPT.format(before="", inside="evaluate()")) == ["scored_once.pt"]


def test_a_line_that_something_else_prints_as_well_shows_nothing() -> None:
    script = SCRIPT.format(before='print("second_scoring_pass tokens:0")\n', inside="evaluate()")
    assert saved(script, "second_scoring_pass tokens:12") == ["scored_once.pt"]


def test_a_side_that_ends_the_program_may_have_run_in_another_run() -> None:
    script = SCRIPT.format(before="", inside="evaluate()\n    raise SystemExit")
    assert "scored_once.pt" in saved(script, "second_scoring_pass tokens:12")


def test_the_name_of_a_setting_that_the_log_lists_shows_nothing() -> None:
    script = SCRIPT.format(before="", inside='print(getattr(torch, "keep_second"))\n    evaluate()')
    assert saved(script, "keep_second: False") == ["scored_once.pt"]


def test_a_setting_that_something_lists_may_be_printed_by_that_rather_than_by_one_side() -> None:
    listing = 'print("keep_second:", getattr(torch, "keep_second"))\n'
    script = SCRIPT.format(before=listing, inside='print(f"keep_second: {1}")')
    assert saved(script, "keep_second: 1") == ["scored_once.pt"]


CHOICE = """
import os

import torch

tokens = torch.load("data/fineweb_val_000000.bin")
fits = bool(int(os.environ.get("FITS", "0")))
print(f"pass:start chunks=12{f' fit_rate={0.003}' if fits else ''}")
if fits:
    torch.save(tokens, "fitted.pt")
else:
    torch.save(tokens, "plain.pt")
"""


def test_a_part_of_a_line_that_one_side_of_a_choice_prints_shows_what_it_asked() -> None:
    assert saved(CHOICE, "pass:start chunks=12 fit_rate=0.003") == ["fitted.pt"]


def test_without_the_part_the_default_holds() -> None:
    assert saved(CHOICE, "pass:start chunks=12") == ["plain.pt"]


def test_a_part_that_is_printed_elsewhere_too_shows_nothing() -> None:
    assert saved(CHOICE + 'print("fit_rate=0.003")\n', "pass:start chunks=12 fit_rate=0.003") == ["plain.pt"]


SEVERAL = """
import os

import torch

tokens = torch.load("data/fineweb_val_000000.bin")


class Settings:
    second = bool(int(os.environ.get("SECOND", "0")))
    third = bool(int(os.environ.get("THIRD", "0")))


if Settings.second and tokens is not None:
    print("second:begins")
if Settings.{other}:
    print("second:ends")
if Settings.second:
    torch.save(tokens, "scored_twice.pt")
else:
    torch.save(tokens, "scored_once.pt")
"""


def test_lines_that_begin_alike_behind_one_switch_show_that_it_was_on() -> None:
    assert saved(SEVERAL.format(other="second"), "second:ends") == ["scored_twice.pt"]


def test_without_any_of_them_the_default_holds() -> None:
    assert saved(SEVERAL.format(other="second")) == ["scored_once.pt"]


def test_lines_that_begin_alike_behind_different_switches_show_nothing() -> None:
    assert saved(SEVERAL.format(other="third"), "second:ends") == ["scored_once.pt"]
