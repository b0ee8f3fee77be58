"""Each sample gets the verdict and the findings that stand beside it."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from demo.compose import PARTS, script, settings_of
from demo.folder import submission_files
from demo.repository import COMPETITION, build
from demo.samples import BASE, SAMPLES, Edit, Sample, load_samples
from demo.triages import triage_all
from rules.competition import load
from rules.report.sections import parents_of
from rules.rule import Severity
from rules.screening import Triage

ALL = load_samples()
OPENED = tuple(sample for sample in ALL if sample.number)
each_sample = pytest.mark.parametrize("sample", ALL, ids=lambda sample: sample.name)
each_opened = pytest.mark.parametrize("sample", OPENED, ids=lambda sample: sample.name)


@pytest.fixture(scope="module")
def triages(tmp_path_factory: pytest.TempPathFactory) -> Mapping[int, Triage]:
    demo = build(tmp_path_factory.mktemp("demo"))
    return {t.submission.pull_request.number: t for t in triage_all(demo)}


def expected_of(sample: Sample) -> dict[str, Any]:
    """What stands beside the sample."""
    return tomllib.loads((sample.path / "expect.toml").read_text(encoding="utf-8"))


def files_of(sample: Sample) -> dict[str, str]:
    """The files of the sample's folder by their names."""
    files = submission_files(sample, load(COMPETITION))
    return {path.rsplit("/", 1)[-1]: content.decode() for path, content in files.items()}


@each_opened
def test_verdict_and_findings_are_those_declared_beside_the_sample(
    sample: Sample, triages: Mapping[int, Triage]
) -> None:
    expected, triage = expected_of(sample), triages[sample.number]
    weighty = {f.code for f in triage.findings if f.severity is not Severity.NOTE}
    notes = {f.code for f in triage.findings if f.severity is Severity.NOTE}
    found = (triage.verdict.value, sorted(weighty))
    assert found == (expected["verdict"], expected["findings"]), [f.message for f in triage.findings]
    assert set(expected["notes"]) <= notes


@each_opened
def test_techniques_and_parents_declared_beside_the_sample_are_found(
    sample: Sample, triages: Mapping[int, Triage]
) -> None:
    expected, triage = expected_of(sample), triages[sample.number]
    assert set(expected.get("techniques", ())) <= {technique.name for technique in triage.techniques}
    if "parents" in expected:
        assert [number for number, _ in parents_of(triage.submission)] == expected["parents"]


@each_opened
def test_the_folder_of_the_sample_is_the_one_that_is_judged(sample: Sample, triages: Mapping[int, Triage]) -> None:
    submission = triages[sample.number].submission
    assert submission.folder.endswith(f"/{sample.folder}")
    assert submission.scope.track == sample.track


@each_sample
def test_the_script_parses_and_defines_each_name_once(sample: Sample) -> None:
    names = [node.name for node in ast.parse(script(sample)).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert len(names) == len(set(names))
    assert {"Settings", "GPT", "evaluate", "headline", "main"} <= set(names)


@each_sample
def test_the_settings_of_a_sample_are_defaults_of_its_script(sample: Sample) -> None:
    defaults = settings_of(script(sample))
    assert sample.settings.items() <= defaults.items()


@each_sample
def test_bytes_of_a_log_add_up_and_count_the_shipped_script(sample: Sample) -> None:
    files = files_of(sample)
    for name in (n for n in files if n.endswith(".log")):
        code, model, total = (
            int(re.search(rf"^{words}: (\d+) bytes$", files[name], re.M)[1])  # type: ignore[index]
            for words in (r"Code size", r"Serialized model int8\+zlib", r"Total submission size int8\+zlib")
        )
        assert code == len(files["train.py"].encode())
        assert total == code + model


@each_sample
def test_a_log_says_nothing_that_the_script_does_not_print(sample: Sample) -> None:
    literals = [n.value for n in ast.walk(ast.parse(script(sample))) if isinstance(n, ast.Constant)]
    text = "\n".join(str(value) for value in literals)
    for name, content in files_of(sample).items():
        if name.endswith(".log"):
            lines = [line for line in content.splitlines() if not line.startswith("  ")]
            assert [line for line in lines if re.split(r"[:=]", line)[0].rsplit(" ", 1)[0] not in text] == []


@each_sample
def test_settings_in_a_log_are_the_script_s_defaults_and_those_of_the_run(sample: Sample) -> None:
    files = files_of(sample)
    for run in sample.runs:
        log = files.get(f"seed_{run.seed}.log")
        if log is None:
            continue
        printed = dict(re.findall(r"^  (\w+): (.*)$", log, re.M))
        wanted = {**settings_of(script(sample)), "seed": run.seed, "run_id": f"seed_{run.seed}", **run.settings}
        assert printed == {name: str(value) for name, value in wanted.items()}


@each_sample
def test_the_metadata_is_an_object_unless_that_is_the_fault(sample: Sample) -> None:
    text = files_of(sample)["report.json"]
    if sample.name == "broken-report":
        with pytest.raises(json.JSONDecodeError):
            json.loads(text)
    else:
        assert json.loads(text)["author"] == sample.author


def test_numbers_folders_and_titles_are_unique() -> None:
    for values in ([s.number for s in ALL], [s.folder for s in ALL], [s.title for s in ALL]):
        assert len(values) == len(set(values))


def test_pull_requests_come_in_order_of_their_numbers() -> None:
    times = [sample.created_at for sample in OPENED]
    assert times == sorted(times)


def test_an_edit_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="stands 2 times"):
        Edit("model", "a", "b").apply("a a")


def test_the_base_has_every_part() -> None:
    assert {path.stem for path in Path(SAMPLES / BASE).glob("*.py")} == set(PARTS)
