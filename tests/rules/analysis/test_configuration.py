"""With which settings a run was made: logs before commands before the README before the script."""

from __future__ import annotations

import ast

import pytest

from rules.analysis.commands import settings_in_markdown, settings_in_shell
from rules.analysis.configuration import Configuration, Origin, configuration_of
from rules.rule import Location
from rules.submission import (
    BaseKind,
    Language,
    PullRequest,
    Readme,
    Scope,
    Setting,
    SourceFile,
    Submission,
    TrainLog,
)

SCRIPT = """\
import os
class Hyperparameters:
    xsa_last_n = int(os.environ.get("XSA_LAST_N", 4))
    rounds = int(os.environ.get("TTT_EPOCHS", 3))
    width = 512
STRIDE = 64
"""


def python(code: str, path: str = "records/x/train_gpt.py") -> SourceFile:
    return SourceFile(path, "0" * 40, len(code), Language.PYTHON, code, code, tree=ast.parse(code))


def shell(code: str) -> SourceFile:
    return SourceFile("records/x/run.sh", "0" * 40, len(code), Language.SHELL, code, code)


def log(**settings: str) -> TrainLog:
    place = Location("records/x/train.log", 3)
    return TrainLog("records/x/train.log", "0" * 40, 1, settings={k: Setting(k, v, place) for k, v in settings.items()})


def configuration(
    script: str = SCRIPT, *, logs: tuple[TrainLog, ...] = (), run: str = "", readme: str = "", helper: str = ""
) -> Configuration:
    entry = python(script)
    sources = [entry, *([shell(run)] if run else []), *([python(helper, "records/x/model.py")] if helper else [])]
    page = Readme("records/x/README.md", readme) if readme else None
    scope = Scope("records/x", None, BaseKind.NONE)
    return configuration_of(
        Submission(PullRequest(1, ""), scope, sources=tuple(sources), script=entry, logs=logs, readme=page)
    )


def test_the_default_of_the_script_holds_where_nothing_else_speaks() -> None:
    found = configuration()
    assert found.value("xsa_last_n") == Setting("XSA_LAST_N", "4", Location("records/x/train_gpt.py", 3))
    assert found.origin("XSA_LAST_N") is Origin.SCRIPT


def test_a_log_speaks_before_commands_the_readme_and_the_script() -> None:
    command, readme = "XSA_LAST_N=2 torchrun train_gpt.py", "```\nXSA_LAST_N=1 python train_gpt.py\n```\n"
    steps = [
        (configuration(logs=(log(xsa_last_n="11"),), run=command, readme=readme), "11", Origin.LOG),
        (configuration(run=command, readme=readme), "2", Origin.COMMAND),
        (configuration(readme=readme), "1", Origin.README),
        (configuration(), "4", Origin.SCRIPT),
    ]
    for found, value, origin in steps:
        setting = found.value("XSA_LAST_N")
        assert setting is not None
        assert (setting.value, found.origin("xsa_last_n")) == (value, origin)


def test_a_word_in_a_log_is_no_value_where_the_script_has_a_number() -> None:
    found = configuration(logs=(log(rounds="start"),), run="TTT_EPOCHS=5 python train_gpt.py")
    assert (found.number("rounds"), found.origin("rounds")) == (5, Origin.COMMAND)


def test_a_switch_that_a_log_prints_as_a_word_keeps_its_value() -> None:
    assert (
        configuration("import os\nX = bool(int(os.environ.get('X', 1)))\n", logs=(log(x="False"),)).flag("x") is False
    )


def test_a_variable_and_the_name_that_it_is_bound_to_are_one_setting() -> None:
    assert configuration(run="TTT_EPOCHS=5 python train_gpt.py").number("rounds") == 5
    assert configuration(logs=(log(rounds="7"),)).number("TTT_EPOCHS") == 7


def test_a_name_that_takes_two_variables_stands_for_neither() -> None:
    script = 'import os\nlr = os.environ.get("A_LR", 1)\nlr = os.environ.get("B_LR", 2)\n'
    assert configuration(script).value("lr") is None
    assert configuration(script).number("a_lr") == 1


def test_constants_of_classes_and_of_the_module_are_settings() -> None:
    found = configuration()
    assert found.number("width") == 512
    assert found.number("stride") == 64
    assert found.value("STRIDE") == Setting("STRIDE", "64", Location("records/x/train_gpt.py", 6))


def test_a_helper_that_the_entry_imports_counts_and_another_does_not() -> None:
    helper = 'import os\nDEPTH = int(os.environ.get("DEPTH", 11))\n'
    assert configuration("import model\n", helper=helper).number("depth") == 11
    assert configuration("import numpy\n", helper=helper).number("depth") is None


def test_what_the_script_stores_comes_before_the_default_of_a_read() -> None:
    script = 'import os\nos.environ["A"] = "1"\na = os.environ.get("A", "0")\n'
    assert configuration(script).flag("a") is True


def test_names_that_nothing_gives_are_unknown() -> None:
    found = configuration()
    assert found.value("absent") is None
    assert found.origin("absent") is None
    assert found.number("absent") is None
    assert found.flag("absent") is None
    assert not found.is_off("absent")
    assert not found.is_on("absent")


@pytest.mark.parametrize(
    ("text", "off", "number", "flag"),
    [
        ("0", True, 0, False),
        ("0.0", True, 0, False),
        ("False", True, 0, False),
        ("None", True, None, False),
        ("''", True, None, False),
        ("-1", True, -1, True),
        ("[]", True, None, False),
        ("1", False, 1, True),
        ("True", False, 1, True),
        ("0.15", False, 0.15, True),
        ("524_288", False, 524288, True),
        ("last_4", False, None, None),
    ],
)
def test_what_counts_as_off_as_a_number_and_as_a_switch(
    text: str, off: bool, number: float | None, flag: bool | None
) -> None:
    found = configuration(logs=(log(x=text),))
    assert found.is_off("x") is off
    assert found.is_on("x") is not off
    assert found.number("x") == number
    assert found.flag("x") is flag


def test_a_log_without_a_headline_does_not_hide_another() -> None:
    found = configuration(logs=(log(a="1"), log(b="2")))
    assert (found.number("a"), found.number("b")) == (1, 2)


def test_settings_in_force_are_listed_once() -> None:
    found = configuration(logs=(log(width="768"),))
    assert [s.value for s in found.settings() if s.name == "width"] == ["768"]


def test_a_shell_script_gives_what_stands_before_the_run_and_what_it_exports() -> None:
    text = (
        "#!/bin/bash\n"
        "export FOO=1  # why\n"
        "SEED=${SEED:-1337}\n"
        "N=$(nproc)\n"
        "NAME=a_$SEED \\\n"
        '  XSA_LAST_N=4 QUX="a b" \\\n'
        "  torchrun --standalone --nproc_per_node=8 train_gpt.py --lr 0.1 --use-xsa --k=3 && echo done\n"
    )
    assert [(g.name, g.value, g.line, g.script) for g in settings_in_shell(text)] == [
        ("FOO", "1", 2, ""),
        ("SEED", "1337", 3, ""),
        ("NAME", "a_1337", 5, "train_gpt.py"),
        ("XSA_LAST_N", "4", 6, "train_gpt.py"),
        ("QUX", "a b", 6, "train_gpt.py"),
        ("lr", "0.1", 7, "train_gpt.py"),
        ("use_xsa", "True", 7, "train_gpt.py"),
        ("k", "3", 7, "train_gpt.py"),
    ]


def test_a_command_that_runs_the_entry_speaks_first() -> None:
    run = "DEPTH=1 python ablation.py\nexport DEPTH=2\nDEPTH=3 torchrun records/x/train_gpt.py\n"
    assert configuration(run=run).number("depth") == 3
    assert configuration(run=run.replace("train_gpt", "other")).number("depth") == 2


def test_what_only_a_shell_knows_is_left_out() -> None:
    assert settings_in_shell("for s in 1 2; do SEED=$s python3 x.py; done\nA=`date` python3 x.py\n") == []


def test_only_fenced_blocks_that_run_python_count_in_a_readme() -> None:
    text = "A=1 python a.py\n```bash\nB=2 python a.py\n```\n```\nC=3\n```\n~~~\nD=4 python a.py\n~~~\n"
    assert [(g.name, g.line) for g in settings_in_markdown(text)] == [("B", 3), ("D", 9)]


@pytest.mark.parametrize("text", ['A="' * 50_000, "\\\n" * 50_000, "A=1 " * 50_000, "'" * 100_000, "```\n" * 50_000])
def test_hostile_commands_are_read_in_bounded_time(text: str) -> None:
    settings_in_shell(text)
    settings_in_markdown(text)
