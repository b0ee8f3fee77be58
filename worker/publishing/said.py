"""What was last said, as one publishing remembers it, and digests to compare it with what is to be said now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.clients.gateway import Annotation, Check
from worker.store.models import Publication

KEY_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Said:
    """One publication. An empty digest: nothing is known to stand there as it was meant."""

    github_id: int | None = None
    digest: str = ""
    said: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Publication | None) -> Said:
        """What a row tells; without one nothing was said."""
        return cls() if row is None else cls(row.github_id, row.digest, row.said)

    def words(self, key: str) -> list[str]:
        """A list of texts out of what was said."""
        return list(self.said.get(key, ()))


def digest_of(what: object) -> str:
    """A digest of something that JSON can carry."""
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def check_digest(check: Check) -> str:
    """A digest of all that a check shows."""
    return digest_of(
        [
            [check.name, check.head_sha, check.external_id, check.title, check.summary, check.text],
            None if check.conclusion is None else check.conclusion.value,
            check.details_url,
            [[action.label, action.description, action.identifier] for action in check.actions],
            [annotation_key(one) for one in check.annotations],
        ]
    )


def annotation_key(one: Annotation) -> str:
    """What tells an annotation from others: its place and its title."""
    return digest_of([one.path, one.line, one.title])[:KEY_LENGTH]
