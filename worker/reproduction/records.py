"""A record as text: the canonical JSON that its digest is of, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def canonical(record: Mapping[str, Any]) -> str:
    """Sorted keys, no spaces, ASCII."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"))


def parsed(text: str) -> dict[str, Any]:
    """The record again."""
    found = json.loads(text)
    assert isinstance(found, dict)  # `canonical` wrote it
    return found
