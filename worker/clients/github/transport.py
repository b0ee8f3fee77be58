"""HTTP to one host, within limits: an answer has a greatest size, unpacked, and a time by which it must be there.

githubkit makes an `httpx.Client` for each call unless it is held by the same thread; the connections live here.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator
from urllib.request import getproxies, proxy_bypass

import httpx

MOST_JSON = 32 * 1024 * 1024
MOST_RAW = 110 * 1024 * 1024
CONNECTIONS = httpx.Limits(max_connections=20, max_keepalive_connections=10, keepalive_expiry=30.0)
_NUMBERS = ("retry-after", "x-ratelimit-remaining", "x-ratelimit-reset")
_OF_THE_WIRE = ("content-encoding", "content-length", "transfer-encoding")


class TooMuchError(httpx.TransportError):
    """An answer larger than we read."""


class GuardedTransport(httpx.BaseTransport):
    """Reads whole answers within limits, and asks no other host, wherever a redirect may point.

    `seconds` is how long an answer may take altogether, whatever trickles in meanwhile.
    """

    def __init__(
        self,
        base_url: httpx.URL,
        seconds: float,
        inner: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._origin = _origin(base_url)
        self._seconds, self._clock = seconds, clock
        self._inner = inner or httpx.HTTPTransport(limits=CONNECTIONS, proxy=_proxy(base_url))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Ask and read. Raises httpx's errors only."""
        if _origin(request.url) != self._origin:
            raise httpx.UnsupportedProtocol("redirected to another host", request=request)
        most = MOST_RAW if ".raw" in request.headers.get("accept", "") else MOST_JSON
        due = self._clock() + self._seconds
        response = self._inner.handle_request(request)
        try:
            content = b"".join(self._pieces(response, most, due))
        finally:
            response.close()
        return httpx.Response(response.status_code, headers=_plain(response.headers), content=content, request=request)

    def close(self) -> None:
        """Keep the connections: the clients that come and go around this transport do not own them."""

    def shut(self) -> None:
        """Close the connections."""
        self._inner.close()

    def _pieces(self, response: httpx.Response, most: int, due: float) -> Iterator[bytes]:
        unpack, left = _unpacker(response.headers.get("content-encoding", "")), most
        assert isinstance(response.stream, httpx.SyncByteStream)  # a transport without asyncio gives no other
        for chunk in response.stream:
            if self._clock() > due:
                raise httpx.ReadTimeout("the answer takes too long")
            piece = unpack(chunk, left + 1)
            left -= len(piece)
            if left < 0:
                raise TooMuchError(f"the answer has more than {most:,} bytes")
            yield piece


def _unpacker(encoding: str) -> Callable[[bytes, int], bytes]:
    """A function that unpacks the next piece, up to so many bytes."""
    if encoding in ("", "identity"):
        return lambda chunk, most: chunk[:most]
    if encoding != "gzip":  # nothing else was asked for
        raise httpx.DecodingError(f"an answer packed as {encoding[:20]!r}")
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def unpack(chunk: bytes, most: int) -> bytes:
        try:
            return stream.decompress(chunk, most)
        except zlib.error as error:
            raise httpx.DecodingError("an answer that cannot be unpacked") from error

    return unpack


def _plain(headers: httpx.Headers) -> httpx.Headers:
    """Headers of the unpacked answer, without numbers that are none: githubkit trips over those."""
    kept = [(name, value) for name, value in headers.items() if name not in _OF_THE_WIRE]
    return httpx.Headers([pair for pair in kept if pair[0] not in _NUMBERS or _is_number(pair[1])])


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 11


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _proxy(url: httpx.URL) -> str | None:
    """The proxy that the environment names for this host: httpx looks for none where a transport is given."""
    return None if proxy_bypass(url.host) else getproxies().get(url.scheme)
