"""Answers are read within limits on bytes, unpacked, and on time."""

from __future__ import annotations

import gzip
import os
import time
import zlib
from collections.abc import Callable, Iterator

import httpx
import pytest

from worker.clients.github.transport import MOST_JSON, GuardedTransport, TooMuchError

BASE = httpx.URL("https://api.example.org/")


class Pieces(httpx.SyncByteStream):
    """A body that comes piece by piece."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces, self.closed = pieces, False

    def __iter__(self) -> Iterator[bytes]:
        yield from self.pieces

    def close(self) -> None:
        self.closed = True


class Inner(httpx.BaseTransport):
    """Answers with what it is given."""

    def __init__(self, body: Pieces, **headers: str) -> None:
        self.body, self.headers, self.asked = body, headers, 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        named = {name.replace("_", "-"): value for name, value in self.headers.items()}
        return httpx.Response(200, headers=named, stream=self.body)


def ask(inner: Inner, *, url: str = "https://api.example.org/a", clock: Callable[[], float] = time.monotonic) -> bytes:
    transport = GuardedTransport(BASE, 10.0, inner, clock)
    return transport.handle_request(httpx.Request("GET", url)).content


def test_packed_answer_is_unpacked_and_no_longer_called_packed() -> None:
    data = os.urandom(1_000) * 20
    packed = gzip.compress(data)
    inner = Inner(Pieces(iter([packed[:500], packed[500:]])), content_encoding="gzip", content_length="17")
    got = GuardedTransport(BASE, 10.0, inner).handle_request(httpx.Request("GET", BASE))
    assert got.content == data
    assert "content-encoding" not in got.headers
    assert got.headers["content-length"] == str(len(data))


def test_answer_that_unpacks_to_gigabytes_is_stopped() -> None:
    def bomb() -> Iterator[bytes]:
        packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
        for _ in range(10_000):
            yield packer.compress(bytes(1_000_000))

    body = Pieces(bomb())
    started = time.process_time()
    with pytest.raises(TooMuchError):
        ask(Inner(body, content_encoding="gzip"))
    assert body.closed
    assert time.process_time() - started < 5


def test_answer_that_never_ends_is_stopped_at_the_limit() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1_000_000
            yield bytes(1_000_000)

    with pytest.raises(TooMuchError):
        ask(Inner(Pieces(endless())))
    assert taken <= MOST_JSON + 1_000_000


def test_answer_that_trickles_is_given_up() -> None:
    ticks = iter(range(1_000))
    with pytest.raises(httpx.ReadTimeout):
        ask(Inner(Pieces(iter([b"x"] * 100))), clock=lambda: float(next(ticks)))


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "deflate"])
def test_packing_that_was_not_asked_for_is_an_error(encoding: str) -> None:
    with pytest.raises(httpx.DecodingError):
        ask(Inner(Pieces(iter([b"x"])), content_encoding=encoding))


def test_broken_packing_is_an_error() -> None:
    with pytest.raises(httpx.DecodingError):
        ask(Inner(Pieces(iter([b"no gzip at all"])), content_encoding="gzip"))


@pytest.mark.parametrize(
    "url", ["https://evil.example.org/a", "http://api.example.org/a", "https://api.example.org:444/a"]
)
def test_no_other_host_is_asked(url: str) -> None:
    inner = Inner(Pieces(iter([b""])))
    with pytest.raises(httpx.UnsupportedProtocol):
        ask(inner, url=url)
    assert inner.asked == 0


def test_numbers_of_limits_that_are_none_are_left_out() -> None:
    inner = Inner(Pieces(iter([b""])), retry_after="soon", x_ratelimit_reset="1e99", x_ratelimit_remaining="0")
    got = GuardedTransport(BASE, 10.0, inner).handle_request(httpx.Request("GET", BASE))
    assert {name for name in got.headers if name in ("retry-after", "x-ratelimit-reset")} == set()
    assert got.headers["x-ratelimit-remaining"] == "0"


def test_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    from worker.clients.github import transport

    monkeypatch.setenv("https_proxy", "http://proxy.example.org:3128")
    monkeypatch.setenv("no_proxy", "inside.example.org")
    assert transport._proxy(BASE) == "http://proxy.example.org:3128"
    assert transport._proxy(httpx.URL("https://inside.example.org")) is None
