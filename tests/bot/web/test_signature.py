from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.web.signature import is_genuine, sign


@given(st.binary(max_size=200), st.binary(min_size=1, max_size=40))
def test_what_was_signed_is_genuine(body: bytes, secret: bytes) -> None:
    assert is_genuine(body, sign(body, secret), [secret])


@given(st.binary(max_size=200), st.binary(max_size=100))
def test_no_other_header_is(body: bytes, header: bytes) -> None:
    assert not is_genuine(body, header, [b"secret"])


def test_both_secrets_hold_during_a_rotation() -> None:
    body = b'{"a": 1}'
    assert is_genuine(body, sign(body, b"old"), [b"new", b"old"])
    assert is_genuine(body, sign(body, b"new"), [b"new", b"old"])
    assert not is_genuine(body, sign(body, b"other"), [b"new", b"old"])


def test_another_body_another_scheme_and_no_header_are_refused() -> None:
    header = sign(b"body", b"secret")
    assert not is_genuine(b"Body", header, [b"secret"])
    assert not is_genuine(b"body", b"sha1=" + header[7:], [b"secret"])
    assert not is_genuine(b"body", header.upper(), [b"secret"])
    assert not is_genuine(b"body", None, [b"secret"])
    assert not is_genuine(b"body", header, [])
