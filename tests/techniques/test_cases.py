"""Every detector against its cases, which are data: `tests/techniques/cases/<name>.toml`.

`expect` is where the technique is seen, relative to the submission folder, "" where it must not be; `says` is a part
of the detail; `files` are those of the submission.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rules.techniques import Technique, detectors, techniques_of
from tests.rules.harness import submission_of

CASES = Path(__file__).parent / "cases"


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(CASES.glob("*.toml")):
        for data in tomllib.loads(path.read_text(encoding="utf-8"))["case"]:
            assert set(data) <= {"name", "expect", "says", "files"}, path.name
            yield path.stem, data


def place(technique: Technique | None, folder: str) -> str:
    if technique is None or technique.location is None:
        return ""
    return str(technique.location).removeprefix(f"{folder}/")


@pytest.mark.parametrize(
    ("name", "data"), list(cases()), ids=lambda value: value if isinstance(value, str) else value["name"]
)
def test_a_technique_is_seen_where_its_case_expects(name: str, data: dict[str, Any]) -> None:
    submission = submission_of({"files": data["files"]})
    found = next((t for t in techniques_of(submission) if t.name == name), None)
    assert place(found, submission.folder) == data["expect"]
    assert data.get("says", "") in (found.detail if found else "")


def test_every_detector_has_a_case_that_fires_and_one_that_is_silent() -> None:
    fires = {name for name, data in cases() if data["expect"]}
    silent = {name for name, data in cases() if not data["expect"]}
    names = {detector.name for detector in detectors()}
    assert fires == silent == names


def test_names_are_unique_kebab_case_and_in_alphabetical_order() -> None:
    names = [detector.name for detector in detectors()]
    assert names == sorted(set(names))
    assert all(name == name.lower() and name.replace("-", "").isalnum() for name in names)


def test_every_detector_says_how_it_recognises_and_what_it_is_not() -> None:
    for detector in detectors():
        first, *sections = detector.doc.split("\n## ")
        assert first.strip(), detector.name
        assert [s.split("\n", 1)[0] for s in sections] == ["Recognised by", "Not to be confused with"], detector.name
        assert all(section.split("\n", 1)[1].strip() for section in sections), detector.name
        assert detector.title


def test_a_submission_without_a_script_uses_nothing() -> None:
    assert techniques_of(submission_of({"files": {"README.md": "XSA, Muon and GPTQ\n"}})) == ()


def test_prose_alone_shows_no_technique() -> None:
    code = '"""Muon, XSA and SmearGate."""\n# GPTQ with full Hessian\nprint("EMA and SWA")\n'
    assert techniques_of(submission_of({"files": {"train_gpt.py": code}})) == ()
