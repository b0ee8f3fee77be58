from __future__ import annotations

from dataclasses import replace

from rules.competition import builtin
from rules.lineage.news import OUTSIDE, Change, News, parent_script, text_diff, what_is_new
from rules.report.console import print_report
from rules.report.contract import news_entry
from rules.report.sections import news_of
from rules.screening import screen
from rules.submission import Submission
from rules.techniques import Technique, techniques_of
from tests.rules.harness import submission_of

PARENT = """
import os
import torch

MATRIX_LR = float(os.environ.get("MATRIX_LR", 0.02))
STEPS = int(os.environ.get("STEPS", 100))


def muon(grad):
    return grad / grad.norm()


def gone(x):
    return x


class Model(torch.nn.Module):
    def forward(self, x):
        x = x + 1
        return x
"""
CHILD = '''
import os
import torch

MATRIX_LR = float(os.environ.get("MATRIX_LR", 0.03))
STEPS = int(os.environ.get("STEPS", 1e2))
XSA_LAST_N = int(os.environ.get("XSA_LAST_N", 4))


def muon(grad):
    """Words do not count."""
    return grad / grad.norm()


def xsa(y, v):
    unit = v
    return y - unit


class Model(torch.nn.Module):
    def forward(self, x):
        x = x + 2
        return x
'''


def made(code: str, number: int) -> Submission:
    return submission_of({"files": {"train_gpt.py": code}, "pull_request": {"number": number}})


def news(child: str = CHILD, parent: str = PARENT) -> News:
    own = replace(made(child, 9), parent=parent_script(made(parent, 3)))
    found = what_is_new(own, techniques_of(own))
    assert found is not None
    return found


def test_functions_are_added_removed_and_changed_with_their_lines() -> None:
    found = {f.name: (f.change, f.lines) for f in news().functions}
    assert found["xsa"] == (Change.ADDED, 3)
    assert found["gone"] == (Change.REMOVED, 2)
    assert found["Model.forward"] == (Change.CHANGED, 1)
    assert "muon" not in found
    assert found[OUTSIDE][0] is Change.CHANGED


def test_a_function_is_told_with_its_line_in_the_submission() -> None:
    place = next(f.location for f in news().functions if f.name == "xsa")
    assert place is not None
    assert CHILD.split("\n")[(place.line or 0) - 1] == "def xsa(y, v):"


def test_settings_are_told_with_both_values_and_the_same_number_is_no_change() -> None:
    found = {s.name: (s.before, s.after) for s in news().settings}
    assert found["matrix_lr"] == ("0.02", "0.03")
    assert found["xsa_last_n"] == (None, "4")
    assert "steps" not in found


def test_nothing_is_new_in_a_copy() -> None:
    found = news(PARENT, PARENT)
    assert found.nothing
    assert list(news_of(found)) == [("difference", "none was found in functions, settings and techniques")]


def test_techniques_are_gained_and_lost() -> None:
    own = made(CHILD, 9)
    parent = parent_script(made(PARENT, 3))
    assert parent is not None
    own = replace(own, parent=replace(parent, techniques={"swa": "", "muon": ""}))
    used = [Technique("muon", "Muon", None), Technique("xsa", "XSA", None, "last 4 layers")]
    found = what_is_new(own, used)
    assert found is not None
    assert (found.gained, found.lost) == (("xsa (last 4 layers)",), ("swa",))


def test_what_the_limit_leaves_out_is_counted() -> None:
    many = "".join(f"def f{i}(x):\n    return x + {i}\n" for i in range(60))
    found = news(PARENT + many, PARENT)
    assert (len(found.functions), found.more_functions) == (40, 20)


def test_a_script_that_does_not_parse_is_compared_as_one_text() -> None:
    found = news("def broken(:\n    x = 1\n", PARENT)
    assert {f.name for f in found.functions} >= {"muon", OUTSIDE}


def test_without_a_parent_or_a_script_there_is_no_news() -> None:
    assert what_is_new(made(CHILD, 9), ()) is None
    assert parent_script(submission_of({"files": {"README.md": "# Words\n"}})) is None


def test_the_diff_of_the_texts_is_limited() -> None:
    child, parent = made(CHILD, 9).script, made(PARENT, 3).script
    assert child is not None
    assert parent is not None
    assert '+MATRIX_LR = float(os.environ.get("MATRIX_LR", 0.03))' in text_diff(child, parent).split("\n")
    long = made("".join(f"x{i} = {i}\n" for i in range(5_000)) + "y = '" + "z" * 9_000 + "'\n", 9).script
    assert long is not None
    diff = text_diff(long, parent)
    assert len(diff.split("\n")) == 1_501
    assert diff.endswith("lines more")


def test_the_report_and_the_entry_tell_it() -> None:
    own = replace(made(CHILD, 9), parent=parent_script(made(PARENT, 3)))
    triage = screen(own, builtin())
    assert triage.news is not None
    assert news_entry(triage.news)["against"] == 3
    from io import StringIO

    from rich.console import Console

    from rules.report.markdown import render

    page = StringIO()
    print_report(triage, builtin(), Console(file=page, width=200))
    assert "against #3, settings changed: matrix_lr 0.02 → 0.03" in page.getvalue()
    text = render(triage, builtin())
    assert "**New against `#3`:**" in text
    assert "- settings changed: `matrix_lr` 0.02 → 0.03" in text
