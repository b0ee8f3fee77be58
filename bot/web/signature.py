"""GitHub's webhook signature: HMAC-SHA-256 over the raw body, in hexadecimal.

Everything is compared as bytes: a header is whatever the sender wrote, and text of it may not even be ASCII.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

PREFIX = b"sha256="
DIGITS = 64


def sign(body: bytes, secret: bytes) -> bytes:
    """The header's value for a body."""
    return PREFIX + hmac.new(secret, body, "sha256").hexdigest().encode()


def is_genuine(body: bytes, header: bytes | None, secrets: Sequence[bytes]) -> bool:
    """Whether one of the secrets signed the body. Takes the same time wherever a signature differs.

    Several secrets are in force during a rotation; all are tried, so that the time does not tell which one matched.
    """
    if header is None or not header.startswith(PREFIX) or len(header) != len(PREFIX) + DIGITS:
        return False
    matches = [hmac.compare_digest(sign(body, secret), header) for secret in secrets]
    return any(matches)
