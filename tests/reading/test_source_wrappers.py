"""Every way of wrapping a script into one expression is undone, and never by running anything."""

from __future__ import annotations

import base64
import bz2
import gzip
import lzma
import zlib

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard

from tests.reading.launchers import DATA, PAYLOAD, L, R, Z, b64, b85, unpacked

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
