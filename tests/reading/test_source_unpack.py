"""Launchers that go through files, archives and layers are followed, and never by running anything."""

from __future__ import annotations

import io
import json
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping

import pytest

from rules.submission import Language, ProblemKind
from tests.reading.launchers import DATA, PATH, PAYLOAD, L, Z, b64, b85, read, unpacked

HEAD = f"import lzma,base64,os,sys,tempfile\nS = lzma.decompress(base64.b85decode('{L}'))\n"
WRITTEN = {
    "runpy": (
        "import runpy\n"
        "p = os.path.join(tempfile.mkdtemp(), 'train_gpt.py')\n"
        "open(p, 'wb').write(S)\n"
        "runpy.run_path(p, run_name='__main__')"
    ),
    "runpy beside the script": (
        "import runpy\n"
        "p = os.path.join(os.path.dirname(os.path.abspath(__file__)), '_inner.py')\n"
        "with open(p, 'w') as f:\n"
        "    f.write(S.decode())\n"
        "sys.argv[0] = p;runpy.run_path(p)"
    ),
    "importlib": (
        "import importlib.util as U\n"
        "p = '/tmp/x.py'\n"
        "if not os.path.exists(p):\n"
        "    with open(p, 'wb') as f: f.write(S)\n"
        "s = U.spec_from_file_location('__main__', p)\n"
        "m = U.module_from_spec(s)\n"
        "s.loader.exec_module(m)"
    ),
    "subprocess": (
        "import subprocess\n"
        "f = tempfile.NamedTemporaryFile('wb', suffix='.py', delete=False)\n"
        "f.write(S)\n"
        "f.close()\n"
        "subprocess.run([sys.executable, f.name, *sys.argv[1:]], check=True)"
    ),
    "a shell command": "p = '/tmp/inner.py'\nopen(p, 'wb').write(S)\nos.system(f'python {p}')",
    "execv": (
        "from pathlib import Path\n"
        "p = Path(tempfile.gettempdir()) / 'inner.py'\n"
        "p.write_bytes(S)\n"
        "os.execv(sys.executable, [sys.executable, str(p)])"
    ),
    "an import": (
        "d = tempfile.mkdtemp()\nopen(d + '/inner_train.py', 'wb').write(S)\nsys.path.insert(0, d)\nimport inner_train"
    ),
    "mkstemp": (
        "import subprocess\n"
        "fd, p = tempfile.mkstemp('.py')\n"
        "os.write(fd, S)\n"
        "os.close(fd)\n"
        "subprocess.check_call(['python3', p])"
    ),
}


@pytest.mark.parametrize("tail", WRITTEN.values(), ids=WRITTEN.keys())
def test_a_payload_that_is_written_to_a_file_and_run_is_unpacked(tail: str) -> None:
    source = unpacked(HEAD + tail)
    assert [(layer.form, layer.line) for layer in source.layers] == [("lzma+b85", 2)]


MASKED = zlib.compress(DATA, 9)
KEY = next(key for key in range(256) if not {0, 10, 13} & {byte ^ key for byte in MASKED})
MASKED = bytes(byte ^ KEY for byte in MASKED)  # no byte of it ends the comment that it stands in
EXEC = f"import zlib\nexec(zlib.decompress(bytes(b ^ {KEY} for b in d)))\n#"
HEADS = {
    "after a mark": "d = open(__file__, 'rb').read().split(b'\\n#', 1)[1]\n",
    "after an offset": "with open(__file__, 'rb') as f: d = f.read()[OFFSET:]\n",
    "by pathlib": "import pathlib\nd = pathlib.Path(__file__).read_bytes()\nd = d[d.rindex(b'\\n') + 2:]\n",
    "by seeking": "f = open(__file__, 'rb')\nf.seek(-LENGTH, 2)\nd = f.read()\n",
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
def test_raw_bytes_inside_the_file_itself_are_unpacked(head: str) -> None:
    code = "#coding: latin-1\n" + head + EXEC
    code = code.replace("LENGTH", str(len(MASKED)))
    code = code.replace("OFFSET", str(len(code) - len("OFFSET") + len("123")))
    source = unpacked(code.encode() + MASKED)
    assert [layer.form for layer in source.layers] == ["zlib+self"]


def test_a_sibling_that_is_executed_is_what_runs() -> None:
    code = "import os\nexec(open(__file__.replace('train_gpt.py', 'inner.py')).read())\n"
    source = unpacked(code, {"inner.py": DATA, "README.md": b""})
    assert [(layer.form, layer.line) for layer in source.layers] == [("sibling", 2)]
    assert source.text == code
    assert source.size == len(code)


@pytest.mark.parametrize(
    "code",
    [
        (
            "import runpy\n"
            "from pathlib import Path\n"
            "runpy.run_path(str(Path(__file__).resolve().parent / 'inner.py'), run_name='__main__')"
        ),
        (
            "import os, subprocess, sys\n"
            "here = os.path.dirname(__file__)\n"
            "sys.exit(subprocess.call(['torchrun', '--nproc_per_node=8', os.path.join(here, 'inner.py')]))"
        ),
        "with open('inner.py', encoding='utf-8') as f:\n    exec(compile(f.read(), 'inner.py', 'exec'), globals())",
    ],
)
def test_a_short_launcher_of_a_sibling_is_followed(code: str) -> None:
    assert unpacked(code, {"inner.py": DATA}).layers[0].form == "sibling"


def test_a_sibling_that_is_packed_is_unpacked() -> None:
    code = "import lzma, pathlib\nexec(lzma.decompress(pathlib.Path(__file__).with_suffix('.py.lzma').read_bytes()))\n"
    source = unpacked(code, {"train_gpt.py.lzma": lzma.compress(DATA)})
    assert source.layers[0].form == "lzma+sibling"


def test_a_bundle_of_texts_in_a_sibling_gives_the_main_text_and_the_others() -> None:
    bundle = json.dumps({"train_inner.py": PAYLOAD, "kernel.cu": "__global__ void k() {}\n"}).encode()
    code = (
        "import json, lzma, os\n"
        "with open(os.path.join(os.path.dirname(__file__), 'code.lzma'), 'rb') as f:\n"
        "    bundle = json.loads(lzma.decompress(f.read()))\n"
        "for name, text in bundle.items():\n"
        "    with open(os.path.join(os.path.dirname(__file__), name), 'w') as out:\n"
        "        out.write(text)\n"
        "exec(compile(bundle['train_inner.py'], 'train_inner.py', 'exec'))\n"
    )
    main, kernel = read(code, {"code.lzma": lzma.compress(bundle)})
    assert (main.code, main.layers[0].form, main.problems) == (PAYLOAD, "json+lzma+sibling", ())
    assert (kernel.path, kernel.language) == (f"{PATH}!/kernel.cu", Language.CUDA)
    assert (kernel.code, kernel.size) == ("__global__ void k() {}\n", 0)


def zipped(files: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def tarred(files: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:xz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


FILES = {"train_inner.py": PAYLOAD, "helpers/mix.py": "def mix(a):\n    return a\n", "notes.txt": "nothing\n"}
ARCHIVES: dict[str, tuple[Callable[[Mapping[str, str]], bytes], str]] = {
    "zip, extracted": (
        zipped,
        (
            "import zipfile\n"
            "d = tempfile.mkdtemp()\n"
            "zipfile.ZipFile(io.BytesIO(S)).extractall(d)\n"
            "import runpy\n"
            "runpy.run_path(d + '/train_inner.py', run_name='__main__')"
        ),
    ),
    "tar, extracted": (
        tarred,
        (
            "import tarfile, subprocess\n"
            "d = tempfile.mkdtemp()\n"
            "with tarfile.open(fileobj=io.BytesIO(S), mode='r:xz') as t:\n"
            "    t.extractall(path=d)\n"
            "subprocess.run([sys.executable, os.path.join(d, 'train_inner.py')])"
        ),
    ),
    "texts with a mark between, in a loop": (
        lambda files: ("\n#@@\n").join(files.values()).encode(),
        (
            "p = S.decode().split('\\n#@@\\n')\n"
            "d = tempfile.mkdtemp()\n"
            "for n, c in zip(['train_inner.py', 'helpers/mix.py', 'notes.txt'], p):\n"
            "    f = os.path.join(d, n);os.makedirs(os.path.dirname(f), exist_ok=True)\n"
            "    open(f, 'w').write(c)\n"
            "sys.path.insert(0, d)\n"
            "import train_inner"
        ),
    ),
}


@pytest.mark.parametrize(("pack", "tail"), ARCHIVES.values(), ids=ARCHIVES.keys())
def test_an_archive_gives_what_runs_first_and_its_other_sources_after(
    pack: Callable[[Mapping[str, str]], bytes], tail: str
) -> None:
    code = f"import base64,io,os,sys,tempfile\n\nS = base64.b64decode('{b64(pack(FILES))}')\n{tail}\n"
    main, helper = read(code)
    assert (main.path, main.code, main.problems) == (PATH, PAYLOAD, ())
    assert main.layers[0].line == 3
    assert (helper.path, helper.code) == (f"{PATH}!/helpers/mix.py", FILES["helpers/mix.py"])
    assert helper.locate(1).line == 3
    assert helper.tree is not None


def test_one_member_of_an_archive_can_be_executed() -> None:
    code = (
        f"import base64,io,zipfile\n"
        f"z = zipfile.ZipFile(io.BytesIO(base64.b64decode('{b64(zipped(FILES))}')))\n"
        f"exec(z.read('train_inner.py'))\n"
    )
    assert unpacked(code).layers[0].form == "zip+b64"


def test_a_script_that_is_itself_a_zip_archive_is_opened() -> None:
    main, helper = read(zipped({"__main__.py": PAYLOAD, "lib.py": "x = 1\n"}))
    assert (main.code, main.layers[0].form, main.problems) == (PAYLOAD, "zip", ())
    assert (helper.path, helper.code) == (f"{PATH}!/lib.py", "x = 1\n")


def test_layers_inside_layers_are_unfolded_and_each_is_named() -> None:
    inner = f"import zlib,base64\n\nexec(zlib.decompress(base64.b85decode('{Z}')))\n"
    code = f"import lzma,base64\nexec(lzma.decompress(base64.b64decode('{b64(lzma.compress(inner.encode()))}')))\n"
    source = unpacked(code)
    assert [(layer.form, layer.line) for layer in source.layers] == [("lzma+b64", 2), ("zlib+b85", 3)]
    place = source.locate(5)
    assert (place.path, place.line, place.unpacked_line) == (PATH, 2, 5)
    assert source.evidence(5).quote == "print('val_bpb', os.environ['SEED'])"


def test_newer_grammar_inside_a_payload_is_parsed() -> None:
    inner = 'x = {"a": 1}\n\nprint(f"{x["a"]}")\n' + "# padding\n" * 30
    source = read(
        f"import zlib,base64\nexec(zlib.decompress(base64.b85decode('{b85(zlib.compress(inner.encode()))}')))"
    )[0]
    assert source.tree is not None
    assert source.tree.body[1].lineno == 3


def test_a_payload_that_does_not_parse_is_reported_at_its_line() -> None:
    inner = "x = 1\n" * 30 + "y = (\n"
    source = read(
        f"import zlib,base64\n\nexec(zlib.decompress(base64.b85decode('{b85(zlib.compress(inner.encode()))}')))"
    )[0]
    [problem] = source.problems
    assert problem.kind is ProblemKind.SYNTAX
    assert (problem.location.line, problem.location.unpacked_line) == (3, 31)
    assert (source.code, source.tree) == (inner, None)


def test_a_launcher_that_sets_things_first_comes_along_as_a_file_of_its_own() -> None:
    code = (
        f"import os\n"
        f"os.environ['TTT_ENABLED'] = '1'\n"
        f"os.environ.setdefault('LR', '3')\n"
        f"import zlib,base64\n"
        f"exec(zlib.decompress(base64.b85decode('{Z}')))\n"
    )
    main, launcher = read(code)
    assert main.code == PAYLOAD
    assert (launcher.path, launcher.code, launcher.size) == (f"{PATH}!/(launcher)", code, 0)
    assert launcher.tree is not None
    assert launcher.locate(2).line == 2


def test_a_script_with_code_of_its_own_stays_itself_and_its_embedded_modules_come_along() -> None:
    own = "\n".join(f"def step_{i}(x):\n    return x * {i}" for i in range(200))
    code = (
        "import sys, types\n\ndef install(name, text):\n    module = types.ModuleType(name)\n"
        "    sys.modules[name] = module\n    exec(compile(text, name + '.py', 'exec'), module.__dict__)\n\n"
        f"install('mixers', {PAYLOAD!r})\n{own}\n"
    )
    main, member = read(code)
    assert (main.code, main.packed, main.problems) == (code, False, ())
    assert (member.path, member.code) == (f"{PATH}!/mixers.py", PAYLOAD)
    assert member.locate(4).line == 8
