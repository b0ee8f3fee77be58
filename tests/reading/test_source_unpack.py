"""Unpacking of launchers, by every way of wrapping that the field uses, and never by running anything."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard

from rules.reading.source import read_source
from rules.submission import Language, ProblemKind, SourceFile

PATH = "records/track/entry/train_gpt.py"
PAYLOAD = (
    "import os\n\n\ndef main() -> None:\n    print('val_bpb', os.environ['SEED'])\n\n\nmain()\n" + "# padding\n" * 40
)
RAW_FILTERS: list[dict[str, int]] = [{"id": lzma.FILTER_LZMA2}]


def read(code: str | bytes, siblings: Mapping[str, bytes] | None = None) -> tuple[SourceFile, ...]:
    return read_source(PATH, "id", code.encode() if isinstance(code, str) else code, siblings)


def unpacked(code: str | bytes, siblings: Mapping[str, bytes] | None = None) -> SourceFile:
    """The file, which must have been unpacked to the payload without a problem."""
    source = read(code, siblings)[0]
    assert source.problems == ()
    assert source.code == PAYLOAD
    assert source.packed
    assert source.tree is not None
    return source


def raw_lzma(data: bytes) -> bytes:
    return lzma.compress(data, format=lzma.FORMAT_RAW, filters=RAW_FILTERS)


def b85(data: bytes) -> str:
    return base64.b85encode(data).decode()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


DATA = PAYLOAD.encode()
L, R, Z = b85(lzma.compress(DATA)), b85(raw_lzma(DATA)), b85(zlib.compress(DATA))
WRAPPED = {
    "lzma+b85 in one line": (f"import lzma as L,base64 as B\nexec(L.decompress(B.b85decode('{L}')))", "lzma+b85", 2),
    "raw lzma with filters": (
        "import lzma as L,base64 as B\n"
        f'exec(L.decompress(B.b85decode("{R}"),format=L.FORMAT_RAW,filters=[{{"id":L.FILTER_LZMA2}}]))',
        "lzma+b85",
        2,
    ),
    "raw lzma with a preset among the filters": (
        "import lzma as L,base64 as B\n"
        f'exec(L.decompress(B.b85decode("{R}"),L.FORMAT_RAW,None,[{{"id":L.FILTER_LZMA2,"preset":9|L.PRESET_EXTREME}}]))',
        "lzma+b85",
        2,
    ),
    "lzma+b64 from a bytes literal": (
        f"import lzma,base64;exec(lzma.decompress(base64.b64decode(b'{b64(lzma.compress(DATA))}')))",
        "lzma+b64",
        1,
    ),
    "zlib+b85": (f"import zlib,base64\nexec(zlib.decompress(base64.b85decode('{Z}')).decode('utf-8'))", "zlib+b85", 2),
    "deflate without a header": (
        f"import zlib,base64\nexec(zlib.decompress(base64.b64decode('{b64(zlib.compress(DATA, wbits=-15))}'), -15))",
        "zlib+b64",
        2,
    ),
    "zlib object": (
        f"import zlib,base64\nd = zlib.decompressobj()\nexec(d.decompress(base64.b85decode('{Z}')) + d.flush())",
        "zlib+b85",
        3,
    ),
    "gzip+a85": (
        f"from gzip import decompress as d\nfrom base64 import *\nimport base64\n"
        f"exec(d(base64.a85decode({base64.a85encode(gzip.compress(DATA)).decode()!r})))",
        "gzip+a85",
        4,
    ),
    "bz2+hex": (
        f"import bz2, binascii\nexec(bz2.decompress(binascii.unhexlify('{bz2.compress(DATA).hex()}')))",
        "bz2+hex",
        2,
    ),
    "bz2+fromhex": (f"import bz2\nexec(bz2.decompress(bytes.fromhex('{bz2.compress(DATA).hex()}')))", "bz2+hex", 2),
    "brotli+b85": (
        f"import brotli as B,base64 as b\nexec(B.decompress(b.b85decode('{b85(brotli.compress(DATA))}')))",
        "brotli+b85",
        2,
    ),
    "zstd+b64": (
        "import zstandard, base64\n"
        f"exec(zstandard.ZstdDecompressor().decompress(base64.b64decode('{b64(zstandard.compress(DATA))}')))",
        "zstd+b64",
        2,
    ),
    "zstd of the newest Python": (
        (
            f"from compression import zstd\n"
            f"import base64\n"
            f"exec(zstd.decompress(base64.b64decode('{b64(zstandard.compress(DATA))}')))"
        ),
        "zstd+b64",
        3,
    ),
    "adjacent literals": (
        f"import lzma,base64\nexec(lzma.decompress(base64.b85decode('{L[:40]}'\n'{L[40:90]}'\n'{L[90:]}')))",
        "lzma+b85",
        2,
    ),
    "a literal over several lines, newlines removed": (
        "import lzma,base64\n\nS = '''\n"
        + "\n".join(L[i : i + 60] for i in range(0, len(L), 60))
        + "\n'''\nexec(lzma.decompress(base64.b85decode(S.replace('\\n', ''))))",
        "lzma+b85",
        3,
    ),
    "a joined list": (
        f"import zlib,base64\nP = [\n'{Z[:50]}',\n'{Z[50:]}',\n]\nexec(zlib.decompress(base64.b85decode(''.join(P))))",
        "zlib+b85",
        3,
    ),
    "added in a loop": (
        (
            f"import zlib,base64\n"
            f"s = ''\n"
            f"for part in ('{Z[:50]}', '{Z[50:]}'):\n"
            f"    s += part\n"
            f"exec(zlib.decompress(base64.b85decode(s)))"
        ),
        "zlib+b85",
        3,
    ),
    "reversed": (f"import zlib,base64\nexec(zlib.decompress(base64.b85decode('{Z[::-1]}'[::-1])))", "zlib+b85", 2),
    "translated": (
        "import zlib,base64\n"
        "t = str.maketrans('xy', 'yx')\n"
        f"exec(zlib.decompress(base64.b85decode({Z.translate(str.maketrans('xy', 'yx'))!r}.translate(t))))",
        "zlib+b85",
        3,
    ),
    "mixed with a key": (
        f"import base64\nexec(bytes(b ^ 7 for b in base64.b64decode('{b64(bytes(b ^ 7 for b in DATA))}')))",
        "b64",
        2,
    ),
    "compiled": (
        f"import lzma,base64\nexec(compile(lzma.decompress(base64.b85decode('{L}')),__file__,'exec'))",
        "lzma+b85",
        2,
    ),
    "compiled in steps, with a line cache": (
        f"import lzma as L,base64 as B,linecache as C\nS=L.decompress(B.b85decode('{L}')).decode()\n"
        "F=__file__+'.unpacked.py'\nC.cache[F]=(len(S),None,S.splitlines(True),F)\nexec(compile(S,F,'exec'))",
        "lzma+b85",
        2,
    ),
    "in a function": (
        "import lzma\n"
        "from base64 import b85decode\n"
        "\n"
        "def load(text, decode=b85decode):\n"
        "    return lzma.decompress(decode(text))\n"
        "\n"
        f"def main():\n    code = load('{L}')\n    exec(code, globals())\n\nif __name__ == '__main__':\n    main()",
        "lzma+b85",
        8,
    ),
    "by a lambda and dynamic imports": (
        f"f = lambda s: __import__('zlib').decompress(__import__('base64').b85decode(s))\nexec(f('{Z}'))",
        "zlib+b85",
        2,
    ),
    "with imports in a try": (
        "try:\n    import zlib as z\nexcept ImportError:\n    z = None\nimport base64, importlib\n"
        f"m = importlib.import_module('base64')\nexec(getattr(z, 'decompress')(m.b85decode('{Z}')))",
        "zlib+b85",
        7,
    ),
    "by another name of exec": (
        (
            f"import builtins, zlib, base64\n"
            f"run = getattr(builtins, 'ex' + 'ec')\n"
            f"run(zlib.decompress(base64.b85decode('{Z}')))"
        ),
        "zlib+b85",
        3,
    ),
    "by the codecs module": (
        f"import codecs\nexec(codecs.decode(codecs.decode('{b64(zlib.compress(DATA))}'.encode(), 'base64'), 'zlib'))",
        "codec+codec",
        2,
    ),
    "plain text": (f"exec({PAYLOAD!r})", "literal", 1),
    "as the main program of a dictionary of names": (
        f"import lzma,base64\nexec(lzma.decompress(base64.b85decode('{L}')), {{'__name__': '__main__'}})",
        "lzma+b85",
        2,
    ),
    "by python -c": (
        (
            f"import subprocess,sys,zlib,base64\n"
            f"subprocess.run([sys.executable, '-c', zlib.decompress(base64.b85decode('{Z}')).decode()])"
        ),
        "zlib+b85",
        2,
    ),
}


@pytest.mark.parametrize(("code", "form", "line"), WRAPPED.values(), ids=WRAPPED.keys())
def test_every_wrapper_is_unpacked_and_its_payload_located(code: str, form: str, line: int) -> None:
    source = unpacked(code)
    assert [(layer.form, layer.line, layer.size) for layer in source.layers] == [(form, line, len(DATA))]


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
