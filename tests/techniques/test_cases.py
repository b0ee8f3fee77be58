"""Every detector against its cases, which are data: `tests/techniques/cases/<name>.toml`.

`expect` is where the technique is seen, relative to the submission folder, "" where it must not be; `says` is a part
of the detail; `files` are those of the submission.
"""

from __future__ import annotations

import time
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


HOSTILE = {
    "names of names": "".join(f"a{i} = {'not ' * 30}a{i + 1}\n" for i in range(400)) + "if a0:\n    muon()\n",
    "conditions in conditions": "".join(f"{' ' * i}if xsa{i} and ema{i}:\n" for i in range(90)) + f"{' ' * 90}swa()\n",
    "one long sum": "ema_state = " + " + ".join(["v0 / swa_count"] * 900) + "\n",
    "many functions": "".join(f"def xsa_{i}(v, clip_range={i}):\n    return xsa_{i + 1}(v)\n" for i in range(3000)),
    "one name, many values": "".join(f"bits = {i}\n" for i in range(5000)) + "if bits:\n    gptq()\n",
    "one name, many calls": "def f(clip_range=31):\n    pass\n" + "f(63)\nf(clip_range=15)\n" * 3000,
    "many normalisations": "def f(v):\n" + "    u = F.normalize(v)\n    y = y - u\n" * 3000 + "f(1)\n",
    "a chain of calls": "swa_count = 1\nx = swa_count" + ".a()" * 1200 + "\n",
    "many detached values": "def f(x):\n" + "    q = x.round()\n    y = (q - x).detach()\n" * 3000 + "f(1)\n",
    "long names": f"{'muon_' * 20_000}x()\n",
}


@pytest.mark.parametrize("code", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_scripts_are_read_in_bounded_time(code: str) -> None:
    submission = submission_of({"files": {"train_gpt.py": code}})
    begun = time.process_time()
    techniques_of(submission)
    assert time.process_time() - begun < 3.0
