"""Which file is the entry that is scored."""

from __future__ import annotations

import io
import zipfile
from base64 import b64encode
from collections.abc import Mapping

import pytest

from rules.reading.entry import pick_script
from rules.reading.source import read_source
from rules.submission import SourceFile

FOLDER = "records/track/entry"
TRAINING = """import os
DATA_PATH = os.environ['DATA_PATH']

def main():
    loss.backward()
    print('val_bpb:', 1)

main()
"""
HELPER = "def double(x):\n    return 2 * x\n"


def sources(files: Mapping[str, str], folder: str = FOLDER) -> list[SourceFile]:
    top = f"{folder}/" if folder else ""
    return [found for name, text in files.items() for found in read_source(top + name, name, text.encode())]


def picked(files: Mapping[str, str], **keywords: str) -> str | None:
    script = pick_script(FOLDER, sources(files), **keywords)
    return None if script is None else script.path.removeprefix(f"{FOLDER}/")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a_train.py": TRAINING * 3, "train_gpt.py": HELPER}, "train_gpt.py"),
        ({"old/train_gpt.py": TRAINING, "Train_GPT.py": TRAINING}, "Train_GPT.py"),
        ({"TRAIN_GPT.py": TRAINING, "train_gpt.py": ""}, "train_gpt.py"),
        ({"helper.py": HELPER, "train.py": TRAINING}, "train.py"),
        ({"helper.py": HELPER, "run_all.py": TRAINING}, "run_all.py"),
        ({"eval.py": TRAINING * 2, "my_train_v2.py": TRAINING}, "my_train_v2.py"),
        ({"helper.py": HELPER, "code/train_gpt.py": TRAINING}, "code/train_gpt.py"),
        ({"strain.py": HELPER, "code/main.py": TRAINING}, "code/main.py"),
        ({"a/train_b.py": TRAINING * 2, "z/train_gpt.py": TRAINING}, "z/train_gpt.py"),
        ({"plot.py": "print(rows['val_bpb'], rows['val_loss'], DATA_PATH)\n"}, None),
        ({"train_gpt.sh": TRAINING, "k.cu": HELPER}, None),
        ({"helper.py": HELPER}, None),
        ({}, None),
    ],
)
def test_the_entry_is_found_by_name_then_by_what_it_does(files: Mapping[str, str], expected: str | None) -> None:
    assert picked(files) == expected
    assert picked(dict(reversed(list(files.items())))) == expected


def test_the_name_that_the_competition_wants_is_asked_for() -> None:
    assert picked({"train_gpt.py": TRAINING, "solve.py": HELPER}, wanted="solve.py") == "solve.py"


def test_a_folder_at_the_root_of_the_repository_works() -> None:
    script = pick_script("", sources({"train_gpt.py": TRAINING, "x/train_gpt.py": TRAINING}, folder=""))
    assert script is not None
    assert script.path == "train_gpt.py"


def archive(runs: str, files: Mapping[str, str]) -> str:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return (
        f"import base64, io, runpy, zipfile\nz = io.BytesIO(base64.b64decode('{b64encode(out.getvalue()).decode()}'))\n"
        f"zipfile.ZipFile(z).extractall('/tmp/x')\nrunpy.run_path('/tmp/x/{runs}')\n"
    )


def test_the_member_of_an_archive_that_trains_is_the_entry_where_the_launched_one_does_not() -> None:
    starter = "import subprocess\n" + "# prepares the machine\n" * 20
    code = archive("start.py", {"start.py": starter, "train_model.py": TRAINING, "helper.py": HELPER})
    assert picked({"train_gpt.py": code}) == "train_gpt.py!/tmp/x/train_model.py"


def test_a_packed_script_that_trains_is_the_entry_itself() -> None:
    code = archive("start.py", {"start.py": TRAINING * 4, "train_model.py": TRAINING})
    assert picked({"train_gpt.py": code}) == "train_gpt.py"
