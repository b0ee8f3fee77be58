"""Decompress untrusted bytes up to a limit: output beyond it is never produced, so a bomb costs what it may cost.

Every function takes the compressed bytes and the largest output allowed, raises TooLargeError above it and
`DamagedError` for what is not that format. Dictionaries are capped too: a header of a few bytes cannot claim gigabytes.
"""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable, Mapping, Sequence

import brotli  # type: ignore[import-untyped]
import zstandard

DICTIONARY_LIMIT = 64 << 20  # bytes of a decompressor's window; the highest preset of xz
_STEP = 1 << 20
_STREAMS = 64  # joined streams or members that are read; honest files have one
_FILTER_KEYS = frozenset({"id", "dict_size", "lc", "lp", "pb", "dist", "start_offset"})
_FilterChain = Sequence[Mapping[str, object]]


class DamagedError(ValueError):
    """The bytes are not what the decompressor expects."""


class TooLargeError(ValueError):
    """More output than allowed, or a window larger than any honest file needs."""


def inflate_zlib(data: bytes, limit: int, wbits: int = zlib.MAX_WBITS) -> bytes:
    """Zlib (15), raw deflate (negative) or gzip (31), as `wbits` says; gzip members are joined."""
    _refuse_nothing(data)
    out: list[bytes] = []
    left = limit
    for _ in range(_STREAMS):
        if not data:
            break
        engine = zlib.decompressobj(wbits)
        try:
            part = engine.decompress(data, left + 1)
        except zlib.error as error:
            raise DamagedError(str(error)) from error
        left -= _checked(part, left)
        out.append(part)
        if not engine.eof:
            raise DamagedError("the stream ends early")
        data = engine.unused_data.lstrip(b"\0") if wbits > zlib.MAX_WBITS else b""
    return b"".join(out)


def inflate_gzip(data: bytes, limit: int) -> bytes:
    """Gzip, several members joined."""
    return inflate_zlib(data, limit, zlib.MAX_WBITS + 16)


def inflate_bz2(data: bytes, limit: int) -> bytes:
    """Bzip2, several streams joined."""
    return _streams(bz2.BZ2Decompressor, data, limit)


def inflate_lzma(data: bytes, limit: int, form: int = lzma.FORMAT_AUTO, filters: _FilterChain | None = None) -> bytes:
    """xz, lzma-alone or, with `filters`, raw LZMA. `form` is one of `lzma.FORMAT_…`."""
    if form == lzma.FORMAT_RAW:
        chain = [_bounded_filter(item, limit) for item in filters or ()]
        return _streams(lambda: lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=chain), data, limit)
    return _streams(lambda: lzma.LZMADecompressor(form, memlimit=2 * DICTIONARY_LIMIT), data, limit)


def inflate_brotli(data: bytes, limit: int) -> bytes:
    """Brotli."""
    engine = brotli.Decompressor()
    try:
        out = engine.process(data, output_buffer_limit=limit + 1)
        while len(out) <= limit and not engine.is_finished():
            part = engine.process(b"", output_buffer_limit=_STEP)
            if not part:
                raise DamagedError("the stream ends early")
            out += part
    except brotli.error as error:
        raise DamagedError(str(error)) from error
    _checked(out, limit)
    return bytes(out)


def inflate_zstd(data: bytes, limit: int) -> bytes:
    """Zstandard, several frames joined; no dictionary."""
    _refuse_nothing(data)
    engine = zstandard.ZstdDecompressor(max_window_size=DICTIONARY_LIMIT)
    try:
        stated = zstandard.frame_content_size(data)  # -1 where the frame does not say
        with engine.stream_reader(io.BytesIO(data), read_across_frames=True) as stream:
            out = stream.read(limit + 1)
    except zstandard.ZstdError as error:
        raise DamagedError(str(error)) from error
    _checked(out, limit)
    if len(out) < stated:
        raise DamagedError("the stream ends early")
    return out


def _bounded_filter(item: Mapping[str, object], limit: int) -> dict[str, int]:
    """A filter with a window no larger than the output can use; an encoder's settings are left out."""
    chosen = {key: value for key, value in item.items() if key in _FILTER_KEYS and isinstance(value, int)}
    if chosen.get("id") in (lzma.FILTER_LZMA1, lzma.FILTER_LZMA2):
        chosen["dict_size"] = min(chosen.get("dict_size", DICTIONARY_LIMIT), max(limit, 4096))
    return chosen


_Engine = bz2.BZ2Decompressor | lzma.LZMADecompressor


def _streams(make: Callable[[], _Engine], data: bytes, limit: int) -> bytes:
    """Run one decompressor after the other over joined streams."""
    _refuse_nothing(data)
    out: list[bytes] = []
    left = limit
    for _ in range(_STREAMS):
        if not data:
            break
        engine = _made(make)
        try:
            part = engine.decompress(data, left + 1)
        except (OSError, lzma.LZMAError) as error:
            if out:
                break  # like the standard library: rubbish behind a whole stream is left alone
            raise TooLargeError(str(error)) if "memory" in str(error).lower() else DamagedError(str(error)) from error
        left -= _checked(part, left)
        out.append(part)
        if not engine.eof:
            raise DamagedError("the stream ends early")
        data = engine.unused_data
    return b"".join(out)


def _made(make: Callable[[], _Engine]) -> _Engine:
    try:
        return make()
    except (lzma.LZMAError, ValueError, TypeError, MemoryError) as error:
        raise DamagedError(str(error)) from error


def _checked(part: bytes, left: int) -> int:
    if len(part) > left:
        raise TooLargeError("more bytes unpacked than allowed")
    return len(part)


def _refuse_nothing(data: bytes) -> None:
    if not data:
        raise DamagedError("no bytes to unpack")
