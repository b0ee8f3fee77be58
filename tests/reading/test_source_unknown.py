"""Launchers whose payload is not recovered, and scripts that only look like launchers."""

from __future__ import annotations

import base64
import builtins
import importlib
import lzma
import os
import subprocess
import zlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from rules.reading.source import read_source
from rules.submission import Problem, ProblemKind, SourceFile

PATH = "records/track/entry/train_gpt.py"
PAYLOAD = "print('step')\n" * 100
PACKED = base64.b85encode(zlib.compress(PAYLOAD.encode())).decode()


def read(code: str, siblings: Mapping[str, bytes] | None = None) -> SourceFile:
    return read_source(PATH, "id", code.encode(), siblings)[0]


def only_problem(source: SourceFile) -> Problem:
    [problem] = source.problems
    return problem


UNKNOWN = {
    "a file that is not there": "exec(open('inner.py').read())",
    "a download": "import urllib.request\nexec(urllib.request.urlopen('http://example.org/x').read())",
    "the environment": "import os\nexec(os.environ['CODE'])",
    "a template with values": "def make(depth):\n    exec(f'def run_{depth}(x): return x')\n\nmake(g())",
    "a damaged payload": "import zlib,base64\nexec(zlib.decompress(base64.b85decode('" + PACKED[:30] + "')))",
    "a payload of another form": "import lzma,base64\nexec(lzma.decompress(base64.b85decode('" + PACKED + "')))",
    "no base 85": "import zlib,base64\nexec(zlib.decompress(base64.b85decode('\"\"')))",
    "one of two, nobody knows which": (
        "import sys\ncode = 'a = 1'\nif sys.platform == 'linux':\n    code = 'b = 1'\nexec(code)"
    ),
    "in a function that nothing calls": "def later(code):\n    exec(code)",
    "in a branch that is not taken in a scored run": "import sys\nif len(sys.argv) > 1:\n    exec(sys.argv[1])",
    "in a method": "class A:\n    def go(self):\n        exec(self.code)\n\nA().go()",
    "behind an unknown function": "from launcher import unpack\nexec(unpack('abc'))",
    "bytecode": "import marshal, base64\nexec(marshal.loads(base64.b64decode('4wAA')))",
    "a file written with an unknown text": "import runpy\nopen('x.py', 'w').write(g())\nrunpy.run_path('x.py')",
    "a path that is not known": "import os, runpy\nrunpy.run_path(os.environ['SCRIPT'])",
    "another entry's script": (
        "import runpy\n"
        "from pathlib import Path\n"
        "runpy.run_path(str(Path(__file__).parents[2] / 'track' / 'other' / 'train_gpt.py'))"
    ),
    "a script that the folder lacks, in a process": (
        "import subprocess, sys\nsubprocess.run([sys.executable, 'train_inner.py'])"
    ),
}


@pytest.mark.parametrize("code", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_a_text_that_is_executed_and_not_known_is_reported_at_its_line(code: str) -> None:
    source = read(code)
    problem = only_problem(source)
    lines = code.split("\n")
    calls = ("exec(", "run_path(", "subprocess.run(")
    expected = [number for number, line in enumerate(lines, 1) if any(call in line for call in calls)]
    assert problem.kind is ProblemKind.UNPACK_FAILED
    assert problem.location.path == PATH
    assert problem.location.line in expected
    assert (source.code, source.packed) == (code, False)
    assert source.tree is not None


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (UNKNOWN["a damaged payload"], "zlib.decompress"),
        (UNKNOWN["no base 85"], "base64.b85decode"),
        (UNKNOWN["another entry's script"], "records/track/other/train_gpt.py"),
        (UNKNOWN["bytecode"], "bytecode"),
        (UNKNOWN["a script that the folder lacks, in a process"], "train_inner.py"),
    ],
)
def test_the_detail_says_why(code: str, reason: str) -> None:
    assert reason in only_problem(read(code)).detail


def test_a_payload_that_is_known_is_unpacked_although_another_text_is_not() -> None:
    code = (
        f"import os,zlib,base64\nexec(os.environ.get('HOOK', ''))\nexec(zlib.decompress(base64.b85decode('{PACKED}')))"
    )
    source = read(code)
    assert source.code == PAYLOAD
    assert (only_problem(source).kind, only_problem(source).location.line) == (ProblemKind.UNPACK_FAILED, 2)


TRAINING = """
import base64, glob, io, lzma, os, subprocess, sys, zlib
import torch

print(subprocess.run(["nvidia-smi"], capture_output=True, text=True).stdout)
code = open(__file__).read()


class Model(torch.nn.Module):
    def forward(self, x):
        return x


def size_of_packed_code(text):
    wrapped = "exec(lzma.decompress(base64.b85decode(...)))"
    return len(base64.b85encode(lzma.compress(text.encode()))) + len(wrapped)


def main():
    model = Model()
    model.eval()
    compiled = torch.compile(model)
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    blob = zlib.compress(buffer.getvalue(), 9)
    with open("final_model.ptz", "wb") as f:
        f.write(blob)
    with open("final_model.ptz", "rb") as f:
        state = torch.load(io.BytesIO(zlib.decompress(f.read())))
    model.load_state_dict(state)
    print(eval("1 + 1"), size_of_packed_code(code))


if __name__ == "__main__":
    main()
"""
HARMLESS = {
    "a model that is compressed and read back": TRAINING,
    "evaluation of an expression": "lr = eval('2 ** -3')\nmodel.eval()\n",
    "regular expressions": "import re\np = re.compile('x')\n",
    "a method of that name": "cursor.exec('select 1')\nself.exec(code)\n",
    "a program that starts itself once for each GPU": (
        "import subprocess, sys\nsubprocess.run(['torchrun', '--nproc_per_node=8', __file__])\n"
    ),
    "a data tool that is started": TRAINING
    + "subprocess.run([sys.executable, 'data/download.py'])\n"
    + "# text\n" * 1000,
    "a library loaded from a path": (
        "import importlib.util as u\n"
        "s = u.spec_from_file_location('fast', find())\n"
        "m = u.module_from_spec(s)\n"
        "s.loader.exec_module(m)\n"
    ),
    "another compressor as a process": (
        "import subprocess, zlib, base64\n"
        "open('m.bin', 'wb').write(blob())\n"
        "subprocess.run(['lrzip', 'm.bin'])\n"
        "base64.b64decode('')\n"
    ),
    "the word in a text": "print('use exec(code) with care')\n",
}


@pytest.mark.parametrize("code", HARMLESS.values(), ids=HARMLESS.keys())
def test_what_is_no_launcher_is_not_reported(code: str) -> None:
    source = read(code)
    assert (source.problems, source.packed, source.code) == ((), False, code)


def test_a_stub_that_starts_itself_with_arguments_is_not_followed_into_itself() -> None:
    assert read("import runpy\nrunpy.run_path(__file__)\n").problems == ()


@pytest.mark.parametrize("code", ["exec(open(__file__).read())", "import runpy\nrunpy.run_path('other.py')\n"])
def test_a_launcher_of_itself_ends_at_the_limit_of_layers(code: str) -> None:
    other = b"exec(open('other.py').read())" + b"\n# again" * 9
    source = read(code, {"other.py": other})
    assert [problem.kind for problem in source.problems] == [ProblemKind.LIMIT]
    assert len(source.layers) == 8


def test_nothing_of_the_script_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = tmp_path / "trace"

    def refuse(*args: object, **keywords: object) -> None:
        raise AssertionError("something was executed")

    packed = base64.b64encode(lzma.compress(b"import os\nos.system('true')\n" * 200)).decode()
    code = (
        "import os, subprocess, runpy, lzma, base64, importlib, shutil, pathlib\n"
        f"open('{trace}', 'w').write('x')\n"
        f"pathlib.Path('{trace}').touch()\n"
        "os.system('true')\n"
        "subprocess.run(['true'])\n"
        "importlib.import_module('antigravity')\n"
        "shutil.rmtree('/tmp/nowhere')\n"
        f"exec(lzma.decompress(base64.b64decode('{packed}')))\n"
    )
    for module, name in ((os, "system"), (subprocess, "run"), (importlib, "import_module"), (builtins, "exec")):
        monkeypatch.setattr(module, name, refuse)
    for name in ("open", "eval"):
        monkeypatch.setattr(builtins, name, refuse)
    source = read(code)
    monkeypatch.undo()
    assert source.packed
    assert not trace.exists()
