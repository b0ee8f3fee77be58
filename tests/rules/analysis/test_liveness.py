"""What of a program runs under its settings."""

from __future__ import annotations

import ast
import textwrap
import time

import pytest

from rules.analysis.configuration import Configuration, Origin
from rules.analysis.index import SourceIndex
from rules.analysis.liveness import live_parts
from rules.rule import Location
from rules.submission import Setting


def settled(given: dict[str, str], defaults: dict[str, str], printed: tuple[str, ...] = ()) -> Configuration:
    layers = {
        origin: {name.lower(): Setting(name, value, Location("x")) for name, value in values.items()}
        for origin, values in ((Origin.LOG, given), (Origin.SCRIPT, defaults))
    }
    return Configuration(layers, {}, printed)


def called(code: str, printed: tuple[str, ...] = (), **given: str) -> set[str]:
    """Names that live code calls when a log prints the given settings."""
    index = SourceIndex.of(ast.parse(textwrap.dedent(code)))
    defaults = {read.name: read.default_text or "" for read in index.environment}
    (scopes,) = live_parts([index], settled(given, defaults, printed)).scopes
    return {call.name for scope in scopes for call in scope.calls}


SWITCH = """
class H:
    use_x = int(os.environ.get("USE_X", 0))
def main():
    h = H()
    if h.use_x > 0:
        on()
    else:
        off()
main()
"""


def test_a_branch_that_the_default_turns_off_is_dead() -> None:
    assert {"on", "off"} & called(SWITCH) == {"off"}


def test_a_log_turns_a_branch_on() -> None:
    assert {"on", "off"} & called(SWITCH, USE_X="4") == {"on"}


def test_a_function_that_nothing_live_names_is_dead() -> None:
    code = """
    def used():
        a()
    def unused():
        b()
    def also_unused():
        unused()
    used()
    """
    assert called(code) == {"used", "a"}


def test_a_function_that_is_handed_on_is_live() -> None:
    assert "a" in called("def f():\n  a()\nregister(f)\n")


def test_methods_that_libraries_call_live_with_their_class() -> None:
    code = """
    class A(nn.Module):
        def forward(self):
            a()
        def other(self):
            b()
    class B(nn.Module):
        def forward(self):
            c()
    A()
    """
    assert called(code) == {"A", "a"}


def test_values_are_followed_through_parameters_attributes_and_keywords() -> None:
    code = """
    n = int(os.environ.get("N", 0))
    class Block:
        def __init__(self, use=False):
            self.use = use
        def forward(self):
            if self.use:
                on()
    Block(use=n > 0)
    """
    assert "on" not in called(code)
    assert "on" in called(code, N="3")


def test_values_are_followed_through_positional_arguments() -> None:
    code = """
    def f(x, flag=False):
        if flag:
            on()
    f(1, {})
    """
    assert "on" not in called(code.format("False"))
    assert "on" in called(code.format("True"))
    assert "on" in called(code.format("*rest"))


def test_an_attribute_that_a_live_branch_sets_may_have_that_value() -> None:
    code = """
    late = float(os.environ.get("LATE", 0.0))
    class Linear:
        active = False
        def forward(self):
            if Linear.active:
                on()
    Linear()
    if late > 0 and scale() < late:
        Linear.active = True
    """
    assert "on" not in called(code)
    assert "on" in called(code, LATE="0.15")


def test_what_follows_an_early_return_may_be_dead() -> None:
    code = """
    def f():
        if not bool(int(os.environ.get("ON", "0"))):
            return
        on()
    f()
    """
    assert "on" not in called(code)
    assert "on" in called(code, ON="1")


def test_lists_that_grow_and_loop_variables_are_not_known() -> None:
    assert "a" in called("skips = []\nif skips:\n  a()\n")
    assert "a" in called("for i in range(3):\n  if i:\n    a()\n")


def test_names_of_parameters_without_any_known_call_are_not_known() -> None:
    assert "a" in called("def forward(x, on=False):\n  if on:\n    a()\nhand(forward)\n")


def test_variables_of_the_launcher_are_not_known() -> None:
    code = 'rank = int(os.environ.get("RANK", "0"))\nif rank == 0:\n  a()\nelse:\n  b()\n'
    assert called(code) >= {"a", "b"}


def test_words_compare_as_the_environment_spells_them() -> None:
    code = 'mode = os.environ.get("MODE", "none").lower()\nif mode in ("down", "full"):\n  on()\n'
    assert "on" not in called(code)
    assert "on" in called(code, MODE="Full")


def test_a_line_in_a_log_that_only_a_dead_branch_prints_makes_it_live() -> None:
    code = """
    x = int(os.environ.get("X", 0))
    if x:
        print(f"sliding window over the text (stride={x})")
        on()
    else:
        print("nothing of that kind")
        off()
    """
    assert {"on", "off"} & called(code) == {"off"}
    assert {"on", "off"} & called(code, ("sliding window over the text",)) == {"on", "off"}


def test_a_line_that_live_code_prints_too_shows_nothing() -> None:
    code = """
    if int(os.environ.get("X", 0)):
        print("final: done")
        on()
    print("final: here as well")
    """
    assert "on" not in called(code, ("final",))


def test_functions_that_call_each_other_are_looked_at_once() -> None:
    code = """
    def a():
        if x:
            b()
    def b():
        if x:
            a()
    if int(os.environ.get("X", 0)):
        a()
    """
    assert "a" not in called(code, ("anything else",))


def test_getattr_with_a_default_takes_what_is_bound_or_the_default() -> None:
    code = 'if getattr(args, "absent", 0):\n  a()\nargs.present = 1\nif getattr(args, "present", 0):\n  b()\n'
    assert called(code) >= {"b"}
    assert "a" not in called(code)


@pytest.mark.parametrize(
    "code",
    [
        "".join(f"a{i} = a{(i * 7 + 1) % 400} or a{(i * 13 + 5) % 400}\n" for i in range(400))
        + "".join(f"if a{i}:\n  f{i}()\n" for i in range(400)),
        "".join(f"def f{i}(x=0):\n  if x:\n    f{i + 1}(x)\n" for i in range(2000)) + "f0(1)\n",
        "x = " + " and ".join(["y"] * 2000) + "\nif x:\n  f()\n",
    ],
    ids=["cycles", "chain", "long"],
)
def test_tangled_code_is_settled_in_bounded_time(code: str) -> None:
    begun = time.process_time()
    called(code)
    assert time.process_time() - begun < 5.0
