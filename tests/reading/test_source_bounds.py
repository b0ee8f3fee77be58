"""What hostile source files may cost, and that reading them never raises."""

from __future__ import annotations

import ast
import base64
import bz2
import contextlib
import gc
import gzip
import io
import lzma
import resource
import time
import zipfile
import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.reading.source import read_source
from rules.reading.source.inflate import (
    DamagedError,
    TooLargeError,
    inflate_brotli,
    inflate_bz2,
    inflate_gzip,
    inflate_lzma,
    inflate_zlib,
    inflate_zstd,
)
from rules.submission import ProblemKind

MIB = 1 << 20
RAW: list[dict[str, int]] = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]


def streamed(make: Callable[[], object], mebibytes: int = 100) -> bytes:
    """Zeros of that size, compressed piece by piece."""
    engine = make()
    compress = getattr(engine, "compress", None) or engine.process  # type: ignore[attr-defined]
    flush = getattr(engine, "flush", None) or engine.finish  # type: ignore[attr-defined]
    return b"".join([*(compress(bytes(MIB)) for _ in range(mebibytes)), flush()])


BOMBS: dict[str, tuple[Callable[[], bytes], str, Callable[[bytes, int], bytes]]] = {
    "zlib": (lambda: streamed(lambda: zlib.compressobj(9)), "zlib.decompress", inflate_zlib),
    "gzip": (lambda: streamed(lambda: zlib.compressobj(9, wbits=31)), "gzip.decompress", inflate_gzip),
    "bz2": (lambda: streamed(bz2.BZ2Compressor), "bz2.decompress", inflate_bz2),
    "xz": (lambda: streamed(lambda: lzma.LZMACompressor(preset=1)), "lzma.decompress", inflate_lzma),
    "brotli": (lambda: streamed(lambda: brotli.Compressor(quality=3)), "brotli.decompress", inflate_brotli),
    "zstd": (lambda: streamed(lambda: zstandard.ZstdCompressor().compressobj()), "zstandard.decompress", inflate_zstd),
}


@pytest.mark.parametrize(("make", "function", "inflate"), BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused_at_its_cap_in_little_time_and_memory(
    make: Callable[[], bytes], function: str, inflate: Callable[[bytes, int], bytes]
) -> None:
    bomb = make()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    with pytest.raises(TooLargeError):
        inflate(bomb, 16 * MIB)
    module = function.split(".")[0]
    code = f"import base64,{module}\n\nexec({function}(base64.b64decode('{base64.b64encode(bomb).decode()}')))\n"
    source = read_source("t.py", "id", code.encode())[0]
    assert time.process_time() - began < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024  # KiB
    assert {(problem.kind, problem.location.line) for problem in source.problems} == {
        (ProblemKind.UNPACK_FAILED, 3),
        (ProblemKind.LIMIT, 3),
    }
    assert not source.packed


COMPRESSED = {
    "zlib": (zlib.compress, inflate_zlib),
    "gzip": (gzip.compress, inflate_gzip),
    "bz2": (bz2.compress, inflate_bz2),
    "xz": (lzma.compress, inflate_lzma),
    "alone": (lambda data: lzma.compress(data, lzma.FORMAT_ALONE), inflate_lzma),
    "raw": (
        lambda data: lzma.compress(data, lzma.FORMAT_RAW, filters=RAW),
        lambda data, limit: inflate_lzma(data, limit, lzma.FORMAT_RAW, RAW),
    ),
    "brotli": (brotli.compress, inflate_brotli),
    "zstd": (zstandard.compress, inflate_zstd),
}


@pytest.mark.parametrize(("compress", "inflate"), COMPRESSED.values(), ids=COMPRESSED.keys())
def test_output_of_exactly_the_limit_is_given_and_one_byte_more_is_not(
    compress: Callable[[bytes], bytes], inflate: Callable[[bytes, int], bytes]
) -> None:
    data = bytes(range(256)) * 300
    assert inflate(compress(data), len(data)) == data
    with pytest.raises(TooLargeError):
        inflate(compress(data), len(data) - 1)
    assert inflate(compress(b""), 10) == b""


@pytest.mark.parametrize(("compress", "inflate"), COMPRESSED.values(), ids=COMPRESSED.keys())
def test_a_cut_stream_is_damaged(compress: Callable[[bytes], bytes], inflate: Callable[[bytes, int], bytes]) -> None:
    data = compress(bytes(range(256)) * 300)
    with pytest.raises(DamagedError):
        inflate(data[: len(data) // 2], MIB)


@pytest.mark.parametrize("inflate", [inflate for _, inflate in COMPRESSED.values()], ids=COMPRESSED.keys())
@given(data=st.binary(max_size=200))
def test_any_bytes_are_inflated_or_refused(inflate: Callable[[bytes, int], bytes], data: bytes) -> None:
    with contextlib.suppress(DamagedError, TooLargeError):
        assert len(inflate(data, 1000)) <= 1000


def test_joined_gzip_members_are_one_text() -> None:
    assert inflate_gzip(gzip.compress(b"one ") + gzip.compress(b"two"), 100) == b"one two"


def test_a_dictionary_of_gigabytes_is_not_allocated() -> None:
    huge = [{"id": lzma.FILTER_LZMA2, "dict_size": (4 << 30) - 1}]
    packed = lzma.compress(b"text" * 100, lzma.FORMAT_RAW, filters=RAW)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert inflate_lzma(packed, 16 * MIB, lzma.FORMAT_RAW, huge) == b"text" * 100
    alone = bytearray(lzma.compress(b"text" * 100, lzma.FORMAT_ALONE))
    alone[1:5] = (0xFFFFFFFF).to_bytes(4, "little")
    with pytest.raises((TooLargeError, DamagedError)):
        inflate_lzma(bytes(alone), 16 * MIB)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


def zip_bomb() -> str:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(30):
            archive.writestr(f"m{number}.py", bytes(8 * MIB))
    packed = base64.b64encode(out.getvalue()).decode()
    return (
        f"import base64,io,zipfile\n"
        f"zipfile.ZipFile(io.BytesIO(base64.b64decode('{packed}'))).extractall('.')\n"
        f"import m1\n"
        f"exec(g())"
    )


COSTLY = {
    "a zip bomb": zip_bomb(),
    "repetition": "x = 'a' * 10**10\nexec(x)",
    "repetition of repetition": "x = 'a' * 10**6\ny = x * 10**6\nexec(y)",
    "doubling": "x = 'ab'\nfor i in range(100):\n    x += x\nexec(x)",
    "doubling of lists": "x = [0]\nfor i in range(100):\n    x = x + x\nexec(x)",
    "lists in lists, compared": (
        "a = [0]\n"
        "b = [0]\n"
        "for i in range(99):\n"
        "    a = [a, a]\n"
        "    b = [b, b]\n"
        "exec('x' if a == b else 'y')\n"
        "a.index(b)\n"
        "sorted([a, b])\n"
        "{(a, b): 1}"
    ),
    "tuples as keys": "t = ()\nfor i in range(99):\n    t = (t, t)\nd = {t: 1}\nexec(d[t])",
    "replacement": "x = 'a' * 10**6\nexec(x.replace('a', x))",
    "joining": "x = 'a' * 10**6\nexec(x.join(x))",
    "translation": "x = 'a' * 10**6\nexec(x.translate({97: x}))",
    "splitting": "x = 'a ' * 7 * 10**6\nexec(x.split())",
    "powers": "x = 9 ** 9 ** 9\nexec(str(x))",
    "shifts": "x = 1 << 10**12\nexec(str(x))",
    "big factors": "x = 3\nfor i in range(60):\n    x = x * x\nexec(str(x))",
    "a long range": "exec(''.join(list(range(10**15))))",
    "loops in loops": "for a in range(10**6):\n for b in range(10**6):\n  for c in range(10**6):\n   x = a\nexec(x)",
    "a comprehension": "exec([a for a in range(10**9) for b in range(10**9)])",
    "a loop without end": "i = 0\nwhile i < 1:\n    x = 1\nexec(x)",
    "recursion": "def f(n):\n    return f(n + 1)\nexec(f(0))",
    "mutual recursion": "f = lambda n: g(n) + g(n)\ng = lambda n: h(n) + h(n)\nh = lambda n: f(n)\nexec(f(1))",
    "many functions that call each other": "\n".join(
        f"def f{i}(x): return f{i + 1}(x) + f{i + 1}(x)" for i in range(60)
    )
    + ("\nexec(f0(1))"),
    "a list in itself": "x = []\nx.append(x)\nexec(x)\nprint(x == x, str(x), ''.join(x))",
    "many branches": "\n".join(f"n{i} = 1" for i in range(3000)) + "\n" + "if g(): a = 1\n" * 3000 + "exec(g())",
    "many imports of written files": "\n".join(f"open('f{i}.py', 'w').write('x = {i}')" for i in range(900))
    + "\n"
    + "import z\n" * 20_000
    + "exec(g())",
    "many texts": "\n".join(f"exec('x = {i}')" for i in range(5000)),
    "many unknown texts": "exec(g())\n" * 5000,
    "zeros": "exec(bytes(10**12))",
    "one file opened very often": "for i in range(10**6):\n    x = open(__file__).read()\nexec(g(x))",
    "a literal that is evaluated": "import ast\nexec(ast.literal_eval('[' + '1,' * 10**6 + ']'))",
    "nested JSON": "import json\nexec(json.loads('[' * 10**6))",
    "a file that grows": "f = open('x.py', 'w')\nfor i in range(10**6):\n    f.write('a' * 10**5)\nimport x\nexec(g())",
}


@pytest.mark.parametrize("code", COSTLY.values(), ids=COSTLY.keys())
def test_following_a_script_is_bounded(code: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    source = read_source("t.py", "id", code.encode())[0]
    assert time.process_time() - began < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400 * 1024
    assert not source.packed


def test_an_exhausted_budget_is_said() -> None:
    problems = read_source("t.py", "id", b"x = ''\nfor i in range(10**9):\n    x = i\nexec(x)")[0].problems
    assert {problem.kind for problem in problems} == {ProblemKind.UNPACK_FAILED, ProblemKind.LIMIT}


def test_nothing_stays_in_memory_where_no_collector_runs() -> None:
    code = "def f(a):\n    g = lambda: f\n    def h(): return g\n    return h\nx = globals()\nexec(f(x))\n" * 20

    def nodes() -> int:
        return sum(issubclass(type(found), ast.AST) for found in gc.get_objects())

    gc.collect()
    before = nodes()
    gc.disable()
    try:
        for _ in range(5):
            read_source("t.py", "id", code.encode())
        assert nodes() - before < 100
    finally:
        gc.enable()


NAMES = ("x", "y", "zlib", "base64", "open", "exec", "os", "sys", "str", "bytes", "range", "len", "f", "__file__")
LEAVES = st.sampled_from(
    [*NAMES, "0", "-1", "3", "'a'", "b'a'", "''", "None", "True", "[]", "{}", "()", "[1, 'a']", "{'a': 1}", "1.5"]
)
METHODS = (
    "decode",
    "encode",
    "replace",
    "split",
    "join",
    "read",
    "write",
    "append",
    "get",
    "strip",
    "translate",
    "index",
)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds(lambda a, b, s: f"({a} {s} {b})", inner, inner, st.sampled_from("+-*/%&|^@<>")),
        st.builds(lambda a, b: f"{a}({b})", inner, inner),
        st.builds(lambda a, b, m: f"{a}.{m}({b})", inner, inner, st.sampled_from(METHODS)),
        st.builds(lambda a, b, c: f"{a}[{b}:{c}]", inner, inner, inner),
        st.builds(lambda a, b: f"{a}[{b}]", inner, inner),
        st.builds(lambda a, b: f"[{a} for x in {b}]", inner, inner),
        st.builds(lambda a, b, c: f"({a} if {b} else {c})", inner, inner, inner),
        st.builds(lambda a: f"(lambda y: {a})", inner),
    )


EXPRESSIONS = st.recursive(LEAVES, _grown, max_leaves=8)
STATEMENTS = st.one_of(
    st.builds(lambda a: f"x = {a}", EXPRESSIONS),
    st.builds(lambda a: f"x += {a}", EXPRESSIONS),
    st.builds(lambda a, b: f"x, *y = {a}, {b}", EXPRESSIONS, EXPRESSIONS),
    st.builds(lambda a, b: f"for y in {a}: x = {b}", EXPRESSIONS, EXPRESSIONS),
    st.builds(lambda a, b: f"if {a}: y = {b}", EXPRESSIONS, EXPRESSIONS),
    st.builds(lambda a, b: f"with {a} as f: f.write({b})", EXPRESSIONS, EXPRESSIONS),
    st.builds(lambda a: f"def f(x, *y, z={a}): return {a}", EXPRESSIONS),
    st.builds(lambda a: f"exec({a})", EXPRESSIONS),
    st.builds(lambda a, b: f"x[{a}] = {b}", EXPRESSIONS, EXPRESSIONS),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(STATEMENTS, max_size=8))
def test_any_program_is_followed_without_an_exception(statements: list[str]) -> None:
    code = "import zlib, base64, os, sys\n" + "\n".join(statements) + "\nexec(x)\n"
    for source in read_source("t.py", "id", code.encode(), {"a": b"print(1)"}):
        assert source.code is not None


@given(st.binary(max_size=300), st.sampled_from(["t.py", "run.sh", "k.cu", "train_gpt", "a/b.py"]))
def test_any_bytes_are_read_without_an_exception(data: bytes, path: str) -> None:
    source, *_ = read_source(path, "id", data)
    assert source.size == len(data)
    assert (source.path, source.content_id) == (path, "id")


@given(st.binary(max_size=100), st.sampled_from(["zlib", "lzma", "bz2", "brotli", "gzip"]))
def test_any_payload_is_unpacked_or_reported(data: bytes, module: str) -> None:
    code = f"import base64,{module}\nexec({module}.decompress(base64.b64decode('{base64.b64encode(data).decode()}')))"
    source = read_source("t.py", "id", code.encode())[0]
    assert source.packed or {problem.kind for problem in source.problems} == {ProblemKind.UNPACK_FAILED}
