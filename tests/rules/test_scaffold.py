from __future__ import annotations

import ast
import importlib.util
import re
import shutil
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from rules.scaffold import PLACEHOLDER, ScaffoldError, new_rule

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository that holds what a new rule needs."""
    (tmp_path / "rules/checks").mkdir(parents=True)
    shutil.copytree(ROOT / "rules/competitions", tmp_path / "rules/competitions")
    (tmp_path / "rules/checks/e05.py").write_text('RULE = Rule(code="E05", name="artifact-over-16mb")\n')
    return tmp_path


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_new_rule_is_a_valid_module_with_cases(root: Path) -> None:
    written = new_rule(root, "c07", "network-or-dataset-access")
    assert written == [Path("rules/checks/c07.py"), Path("tests/rules/cases/C07.toml")]
    module = load(root / written[0])
    assert (module.RULE.code, module.RULE.name, module.RULE.category) == ("C07", "network-or-dataset-access", "network")
    assert ast.get_docstring(ast.parse((root / written[0]).read_text())) is not None
    fires, silent = tomllib.loads((root / written[1]).read_text())["case"]
    assert fires["expect"] == ["train_gpt.py:2"]
    assert silent["expect"] == []


def test_everything_to_be_written_is_marked(root: Path) -> None:
    for path in new_rule(root, "C07", "network-or-dataset-access"):
        assert PLACEHOLDER in (root / path).read_text()


def test_a_code_without_a_category_asks_for_one_and_reserves_it(root: Path) -> None:
    table = root / "rules/competitions/categories.csv"
    before = table.read_text()
    with pytest.raises(ScaffoldError, match=r"C11 has no category .* name one after the name \(adapt-then-score, "):
        new_rule(root, "C11", "states-the-fault")
    assert table.read_text() == before
    new_rule(root, "C11", "states-the-fault", "data-overlap")
    assert table.read_text() == before.replace("C10,partial-validation\n", "C10,partial-validation\nC11,data-overlap\n")


@pytest.mark.parametrize(
    ("code", "name", "category", "says"),
    [
        ("E05", "some-other-fault", "", "rules/checks/e05.py is already there; choose a code"),
        ("E06", "artifact-over-16mb", "", "rules/checks/e05.py already has the name artifact-over-16mb"),
        ("E6", "some-fault", "", "'E6' is no code; a code is a letter and two digits"),
        ("../e", "some-fault", "", "is no code"),
        ("E06", "SomeFault", "", "'SomeFault' is no name; a name states the fault in lower-case words"),
        ("E06", "some-fault", "network", "E06 is reserved for the category over-cap"),
        ("C11", "some-fault", "Bad Category", "C11 has no category"),
    ],
)
def test_a_rule_that_cannot_be_begun_is_refused_with_the_reason(
    root: Path, code: str, name: str, category: str, says: str
) -> None:
    with pytest.raises(ScaffoldError, match=re.escape(says)):
        new_rule(root, code, name, category)
    assert [path.name for path in (root / "rules/checks").iterdir()] == ["e05.py"]


def test_a_folder_that_is_no_repository_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError, match="run this in the root of the repository"):
        new_rule(tmp_path, "C07", "network-or-dataset-access")
