"""The pure functions that launchers unpack with: full name → what it does to known values, bounded.

Nothing here touches a file, a module or a process. Each function takes the budget first; what it raises is taken as
"not known" by the interpreter, ExhaustedError and TooLargeError apart.
"""

from __future__ import annotations

import ast
import base64
import binascii
import codecs
import json
import lzma
import textwrap
import zlib
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

from rules.reading.source import inflate
from rules.reading.source.values import (
    ITEM_LIMIT,
    TEMPORARY,
    VALUE_LIMIT,
    Budget,
    Engine,
    ExhaustedError,
    Value,
    is_scalar,
)

Pure = Callable[..., Value]
TEXT_ENCODINGS = frozenset(
    (
        *("utf8", "utf_8", "utf_8_sig", "utf_16", "utf_16_le", "utf_16_be", "utf_32", "ascii", "us_ascii"),
        *("latin1", "latin_1", "iso8859_1", "iso_8859_1", "cp1252", "cp437", "unicode_escape", "raw_unicode_escape"),
    )
)
_SLOW_LIMIT = 4_000_000  # bytes for decoders that are loops in Python or make many objects
_TREE_LIMIT = 200_000  # characters that are parsed into a tree
CONSTANTS: Mapping[str, Value] = {
    **{f"lzma.{name}": getattr(lzma, name) for name in dir(lzma) if name.startswith(("FORMAT_", "FILTER_", "PRESET_"))},
    **{f"lzma.{name}": getattr(lzma, name) for name in dir(lzma) if name.startswith(("CHECK_", "MODE_", "MF_"))},
    "zlib.MAX_WBITS": zlib.MAX_WBITS,
    "os.sep": "/",
    "os.linesep": "\n",
    "os.path.sep": "/",
    "sys.executable": "python",
    "sys.byteorder": "little",
    "tempfile.TemporaryDirectory.name": TEMPORARY,
}


def _text(value: Value, encoding: str = "utf-8", errors: str = "strict") -> str:
    """Decode by an encoding of texts; the "encodings" that decompress are not among them."""
    if encoding.lower().replace("-", "_") not in TEXT_ENCODINGS:
        raise LookupError(encoding)
    return codecs.decode(value, encoding, errors)


def _bytes(value: Value, encoding: str = "utf-8", errors: str = "strict") -> bytes:
    if encoding.lower().replace("-", "_") not in TEXT_ENCODINGS:
        raise LookupError(encoding)
    return codecs.encode(value, encoding, errors)


def _decoder(function: Callable[..., bytes], *, slow: bool = False) -> Pure:
    """A decoder of base N: its output is smaller than its input."""

    def decode(budget: Budget, data: str | bytes, *args: Value, **keywords: Value) -> bytes:
        if slow and len(data) > _SLOW_LIMIT:
            raise ExhaustedError(f"more than {_SLOW_LIMIT:,} bytes of base N")
        budget.spend(len(data))
        return function(data, *args, **keywords)

    return decode


def _inflater(function: Callable[[bytes, int], bytes]) -> Pure:
    """A decompressor; what it takes besides the data (size hints, dictionaries' absence) does not matter."""

    def decompress(budget: Budget, data: bytes, *_args: Value, **_keywords: Value) -> bytes:
        return _charged(budget, function(data, min(VALUE_LIMIT, budget.size)))

    return decompress


def _charged(budget: Budget, data: bytes) -> bytes:
    budget.spend(len(data))
    return data


def _zlib(budget: Budget, data: bytes, wbits: int = zlib.MAX_WBITS, *_bufsize: Value) -> bytes:
    return _charged(budget, inflate.inflate_zlib(data, min(VALUE_LIMIT, budget.size), wbits))


def _lzma(budget: Budget, data: bytes, *args: Value, **keywords: Value) -> bytes:
    """`lzma.decompress(data, format, memlimit, filters)`."""
    form = args[0] if args else keywords.get("format", lzma.FORMAT_AUTO)
    filters = args[2] if len(args) > 2 else keywords.get("filters")
    return _charged(budget, inflate.inflate_lzma(data, min(VALUE_LIMIT, budget.size), form, filters))


def _codec(budget: Budget, data: Value, encoding: str = "utf-8", errors: str = "strict") -> Value:
    """`codecs.decode`, its decompressing encodings by the bounded functions."""
    name = encoding.lower().replace("-", "_").removesuffix("_codec")
    special = {
        "zlib": "zlib.decompress",
        "zip": "zlib.decompress",
        "bz2": "bz2.decompress",
        "hex": "binascii.unhexlify",
    }
    special["base64"] = "base64.b64decode"
    if name in special:
        return PURE[special[name]][1](budget, data)
    budget.spend(len(data))
    return codecs.decode(data, "rot13") if name in ("rot13", "rot_13") else _text(data, encoding, errors)


def _items(budget: Budget, value: Value) -> Value:
    if len(value) > ITEM_LIMIT:
        raise ExhaustedError(f"a list of more than {ITEM_LIMIT:,} items")
    budget.spend(len(value))
    return value


def _as_bytes(budget: Budget, value: Value = b"", encoding: str = "utf-8", errors: str = "strict") -> bytes:
    if isinstance(value, int):
        budget.spend(value)
        return bytes(value)
    budget.spend(len(value))
    return _bytes(value, encoding, errors) if isinstance(value, str) else bytes(value)


def _as_text(budget: Budget, value: Value = "", *encoding: str) -> str:
    if isinstance(value, (bytes, bytearray)):
        budget.spend(len(value))
        return _text(value, *encoding)
    if isinstance(value, (int, float, str, PurePosixPath)):
        return str(value)
    raise TypeError("no text")


def _sum(budget: Budget, values: Value, start: int = 0) -> int:
    return sum((int(value) for value in _items(budget, values)), start)


def _plain(function: Callable[..., Value], limit: int = VALUE_LIMIT) -> Pure:
    """A function whose cost is bounded by the size of its arguments; `limit` is for texts and bytes."""

    def call(budget: Budget, *args: Value, **keywords: Value) -> Value:
        for arg in args:
            if isinstance(arg, (str, bytes)):
                _short(budget, arg, limit)
            elif hasattr(arg, "__len__"):
                _items(budget, arg)
        return function(*args, **keywords)

    return call


def _short(budget: Budget, text: str | bytes, limit: int) -> None:
    if len(text) > limit:
        raise ExhaustedError(f"a text of more than {limit:,} characters")
    budget.spend(len(text))


def _ordered(function: Callable[..., Value]) -> Pure:
    """A function that compares its items."""

    def call(budget: Budget, *args: Value, **keywords: Value) -> Value:
        items = list(_items(budget, args[0] if len(args) == 1 else args))
        if not all(is_scalar(item) for item in items):
            raise TypeError("not comparable at a bounded cost")
        return function(items, **keywords)

    return call


def _listed(function: Callable[..., Value]) -> Pure:
    """An iterator's function, its items put into a list."""

    def call(budget: Budget, *args: Value, **keywords: Value) -> list[Value]:
        return list(function(*(_items(budget, arg) if hasattr(arg, "__len__") else arg for arg in args), **keywords))

    return call


def _engine(function: str) -> Pure:
    def make(_budget: Budget, *args: Value, **keywords: Value) -> Engine:
        return Engine(function, args, keywords)

    return make


_ZSTD = (
    "zstandard.decompress",
    "zstd.decompress",
    "zstd.uncompress",
    "pyzstd.decompress",
    "compression.zstd.decompress",
)
_BROTLI = ("brotli.decompress", "brotlicffi.decompress", "_brotli.decompress")
PURE: Mapping[str, tuple[str, Pure]] = {  # full name → the form that it undoes ("" for none), the function
    "base64.b64decode": ("b64", _decoder(base64.b64decode)),
    "base64.standard_b64decode": ("b64", _decoder(base64.standard_b64decode)),
    "base64.urlsafe_b64decode": ("b64", _decoder(base64.urlsafe_b64decode)),
    "base64.decodebytes": ("b64", _decoder(base64.decodebytes)),
    "base64.b85decode": ("b85", _decoder(base64.b85decode, slow=True)),
    "base64.a85decode": ("a85", _decoder(base64.a85decode, slow=True)),
    "base64.b32decode": ("b32", _decoder(base64.b32decode, slow=True)),
    "base64.b16decode": ("hex", _decoder(base64.b16decode)),
    "binascii.a2b_base64": ("b64", _decoder(binascii.a2b_base64)),
    "binascii.unhexlify": ("hex", _decoder(binascii.unhexlify)),
    "binascii.a2b_hex": ("hex", _decoder(binascii.a2b_hex)),
    "builtins.bytes.fromhex": ("hex", _decoder(bytes.fromhex)),
    "builtins.bytearray.fromhex": ("hex", _decoder(bytes.fromhex)),
    "codecs.decode": ("codec", _codec),
    "zlib.decompress": ("zlib", _zlib),
    "gzip.decompress": ("gzip", _inflater(inflate.inflate_gzip)),
    "bz2.decompress": ("bz2", _inflater(inflate.inflate_bz2)),
    "lzma.decompress": ("lzma", _lzma),
    **{name: ("zstd", _inflater(inflate.inflate_zstd)) for name in _ZSTD},
    **{name: ("brotli", _inflater(inflate.inflate_brotli)) for name in _BROTLI},
    "zlib.decompressobj": ("", _engine("zlib.decompress")),
    "bz2.BZ2Decompressor": ("", _engine("bz2.decompress")),
    "lzma.LZMADecompressor": ("", _engine("lzma.decompress")),
    "brotli.Decompressor": ("", _engine("brotli.decompress")),
    "zstandard.ZstdDecompressor": ("", _engine("zstandard.decompress")),
    "builtins.bytes": ("", _as_bytes),
    "builtins.bytearray": ("", _as_bytes),
    "builtins.memoryview": ("", _as_bytes),
    "builtins.str": ("", _as_text),
    "builtins.int": ("", _plain(int)),
    "builtins.int.from_bytes": ("", _plain(int.from_bytes)),
    "builtins.str.maketrans": ("", _plain(str.maketrans)),
    "builtins.bytes.maketrans": ("", _plain(bytes.maketrans)),
    "builtins.len": ("", lambda _budget, value: len(value)),
    "builtins.ord": ("", _plain(ord)),
    "builtins.chr": ("", _plain(chr)),
    "builtins.abs": ("", _plain(abs)),
    "builtins.sum": ("", _sum),
    "builtins.min": ("", _ordered(min)),
    "builtins.max": ("", _ordered(max)),
    "builtins.sorted": ("", _ordered(sorted)),
    "builtins.range": ("", lambda _budget, *args: range(*args)),
    "builtins.list": ("", _listed(list)),
    "builtins.tuple": ("", lambda budget, value=(): tuple(_items(budget, value))),
    "builtins.dict": ("", lambda budget, *args, **keywords: dict(*(_items(budget, arg) for arg in args), **keywords)),
    "builtins.zip": ("", _listed(zip)),
    "builtins.enumerate": ("", _listed(enumerate)),
    "builtins.reversed": ("", _listed(reversed)),
    "builtins.iter": ("", lambda _budget, value: value),
    "json.loads": ("json", _plain(json.loads, _SLOW_LIMIT)),
    "ast.literal_eval": ("", _plain(ast.literal_eval, _TREE_LIMIT)),
    "textwrap.dedent": ("", _plain(textwrap.dedent, _SLOW_LIMIT)),
}
