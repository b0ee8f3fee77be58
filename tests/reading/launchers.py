"""A payload, ways to pack it, and reading what was packed; for tests of unpacking."""

from __future__ import annotations

import base64
import lzma
import zlib
from collections.abc import Mapping

from rules.reading.source import read_source
from rules.submission import SourceFile

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
