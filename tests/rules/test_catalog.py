"""What holds for every rule."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from rules import catalog, checks
from rules.docs import SECTIONS, sections, summary
from rules.rule import INTERNAL_ERROR, Rule
from rules.scaffold import PLACEHOLDER
from tests.rules.harness import CASES, cases

FOLDER = Path(str(checks.__file__)).parent
EVERY = pytest.mark.parametrize("rule", catalog.rules(), ids=lambda rule: rule.code)


def source_of(rule: Rule) -> str:
    return (FOLDER / f"{rule.code.lower()}.py").read_text(encoding="utf-8")


def test_every_module_of_the_folder_is_a_rule() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    assert files == {rule.code.lower() for rule in catalog.rules()}


def test_codes_and_names_are_unique() -> None:
    known = (*catalog.rules(), INTERNAL_ERROR)
    assert len({rule.code for rule in known}) == len(known)
    assert len({rule.name for rule in known}) == len(known)


def test_every_reserved_code_is_well_formed_and_stands_once() -> None:
    assert all(re.fullmatch(r"[A-Z]\d\d", code) for code in catalog.categories())
    assert catalog.categories()[INTERNAL_ERROR.code] == INTERNAL_ERROR.category


@EVERY
def test_the_file_is_named_after_the_code(rule: Rule) -> None:
    module = next(entry.check.__module__ for entry in catalog.entries() if entry.rule is rule)
    assert module == f"rules.checks.{rule.code.lower()}"


@EVERY
def test_the_name_states_the_fault_in_kebab_case(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)+", rule.name)


@EVERY
def test_the_category_is_the_reserved_one(rule: Rule) -> None:
    assert rule.category == catalog.categories()[rule.code]


@EVERY
def test_the_docstring_is_a_page(rule: Rule) -> None:
    first, blank = rule.doc.split("\n")[:2]
    assert re.fullmatch(r"[A-Z].{10,110}\.", first), "one sentence that says what is found"
    assert blank == ""
    written = sections(rule)
    assert [heading for heading in written if heading in SECTIONS] == list(SECTIONS)
    assert all(text.strip() for text in written.values())
    assert summary(rule) == first
    assert PLACEHOLDER not in rule.doc


@EVERY
def test_the_cases_show_it_firing_and_silent(rule: Rule) -> None:
    assert (CASES / f"{rule.code}.toml").is_file()
    of_it = list(cases(rule.code))
    assert any(case.expect for case in of_it), "no case that fires"
    assert any(not case.expect for case in of_it), "no case that is silent"
    assert PLACEHOLDER not in (CASES / f"{rule.code}.toml").read_text(encoding="utf-8")


def test_every_file_of_cases_belongs_to_a_rule() -> None:
    assert {path.stem for path in CASES.glob("*.toml")} <= {rule.code for rule in catalog.rules()}


@EVERY
def test_a_rule_opens_no_file_and_imports_no_other_rule(rule: Rule) -> None:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source_of(rule))):
        if isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"open", "exec", "eval", "__import__"}
    assert not [name for name in names if name.startswith(("rules.checks", "os", "pathlib", "subprocess", "pickle"))]


def test_a_rule_is_found_by_its_code_in_any_case() -> None:
    first = catalog.rules()[0]
    assert catalog.rule(first.code.lower()) is first
    assert catalog.rule("Z99") is None
