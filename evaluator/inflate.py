"""Compressed bytes back to plain ones, each codec up to a cap that is checked while inflating, not after."""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable, Iterator

_STEP = 1 << 20  # bytes of output at a time


class ArtifactError(ValueError):
    """An artifact is refused. The message says why, and what would be accepted."""


def inflate(data: bytes, limit: int) -> tuple[str, bytes]:
    """The codec's name and what it holds; ("", data) where no codec is recognised. Raises ArtifactError above `limit`.

    Brotli has no magic number: it is tried last, and taken only where the whole file decodes.
    """
    for name, magic, steps in _CODECS:
        if any(data.startswith(mark) for mark in magic):
            return name, _capped(name, steps(data), limit)
    if not _known(data):
        try:
            return "brotli", _capped("brotli", _brotli(data), limit)
        except _UndecodableError:
            pass
    return "", data


class _UndecodableError(ArtifactError):
    """Not this codec, or damaged."""


def _known(data: bytes) -> bool:
    """Whether this is a container of tensors as it stands."""
    return data[:4] == b"PK\x03\x04" or data[:1] == b"\x80" or data[8:9] == b"{"


def _capped(name: str, steps: Iterator[bytes], limit: int) -> bytes:
    out = bytearray()
    for step in steps:
        out += step
        if len(out) > limit:
            raise ArtifactError(f"the {name} stream inflates beyond {limit:,} bytes")
    return bytes(out)


def _zlib(data: bytes) -> Iterator[bytes]:
    machine = zlib.decompressobj(wbits=47)  # zlib or gzip, told by the header
    try:
        yield machine.decompress(data, _STEP)
        while not machine.eof:
            step = machine.decompress(machine.unconsumed_tail, _STEP)
            if not step and not machine.unconsumed_tail:
                raise _UndecodableError("the zlib stream ends before its end mark")
            yield step
    except zlib.error as error:
        raise _UndecodableError(f"damaged zlib stream ({error})") from None


def _lzma(data: bytes) -> Iterator[bytes]:
    machine = lzma.LZMADecompressor(memlimit=1 << 30)
    try:
        yield machine.decompress(data, _STEP)
        while not machine.eof:
            if machine.needs_input:
                raise _UndecodableError("the lzma stream ends before its end mark")
            yield machine.decompress(b"", _STEP)
    except (lzma.LZMAError, MemoryError) as error:
        raise _UndecodableError(f"damaged lzma stream ({error})") from None


def _zstd(data: bytes) -> Iterator[bytes]:
    import zstandard

    try:
        with zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(data) as reader:
            while step := reader.read(_STEP):
                yield step
    except zstandard.ZstdError as error:
        raise _UndecodableError(f"damaged zstd stream ({error})") from None


def _brotli(data: bytes) -> Iterator[bytes]:
    import brotli  # type: ignore[import-untyped]

    machine = brotli.Decompressor()
    try:
        yield machine.process(data, output_buffer_limit=_STEP)
        while not machine.is_finished():
            step = machine.process(b"", output_buffer_limit=_STEP)
            if not step:
                raise _UndecodableError("the brotli stream ends before its end mark")
            yield step
    except brotli.error as error:
        raise _UndecodableError(f"damaged brotli stream ({error})") from None


_CODECS: tuple[tuple[str, tuple[bytes, ...], Callable[[bytes], Iterator[bytes]]], ...] = (
    ("zlib", (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b"\x1f\x8b"), _zlib),
    ("lzma", (b"\xfd7zXZ\x00", b"\x5d\x00\x00"), _lzma),
    ("zstd", (b"\x28\xb5\x2f\xfd",), _zstd),
)
