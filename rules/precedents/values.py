"""What is kept of a ruling, and what a comparison with it finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rules.rule import Evidence, Severity


@dataclass(frozen=True, slots=True)
class Passage:
    """A guilty statement: its digest and those of some neighbours, and how it was shown.

    `short`: it says something only together with its neighbours, having few tokens or standing in innocent code too.
    `common`: innocent code has it with its neighbours, so that it says nothing.
    """

    digest: int
    before: tuple[int, ...]
    after: tuple[int, ...]
    short: bool
    quote: str = ""
    role: str = ""
    common: bool = False

    def stands_in(self, digests: Sequence[int], position: int) -> bool:
        """Whether the statement at a position has the same neighbours."""
        start, end = position - len(self.before), position + 1 + len(self.after)
        if start < 0 or tuple(digests[start:position]) != self.before:
            return False
        return tuple(digests[position + 1 : end]) == self.after

    def as_json(self) -> dict[str, Any]:
        """Plain values; digests as text, since they have more bits than many a reader of JSON keeps."""
        return {
            "digest": _text(self.digest),
            "before": [_text(digest) for digest in self.before],
            "after": [_text(digest) for digest in self.after],
            "short": self.short,
            "common": self.common,
            "quote": self.quote,
            "role": self.role,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Passage:
        """Back from plain values."""
        before, after = (tuple(int(text, 16) for text in data[side]) for side in ("before", "after"))
        return cls(int(data["digest"], 16), before, after, data["short"], data["quote"], data["role"], data["common"])


def _text(digest: int) -> str:
    return f"{digest:016x}"


@dataclass(frozen=True, slots=True)
class Guilt:
    """One finding that was ruled on, and the statements that show it."""

    code: str
    name: str
    category: str
    severity: Severity
    passages: tuple[Passage, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values for the store."""
        return {
            "code": self.code,
            "name": self.name,
            "category": self.category,
            "severity": self.severity.value,
            "passages": [passage.as_json() for passage in self.passages],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Guilt:
        """Back from plain values."""
        passages = tuple(map(Passage.from_json, data["passages"]))
        return cls(data["code"], data["name"], data["category"], Severity(data["severity"]), passages)


@dataclass(frozen=True, slots=True)
class Precedent:
    """A ruling on the pull request `number` that later ones are compared with. `text` is the ruler's own words."""

    ruling: str
    number: int
    outcome: str
    reasons: tuple[str, ...]
    text: str
    ruled_on: datetime
    evidence: tuple[Guilt, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A later submission keeps the guilty lines of one finding.

    `whole`: every statement that the finding showed is there, those that innocent code shares too, and one of them
    tells something by itself. `live`: what keeps them may run.
    """

    precedent: Precedent
    guilt: Guilt
    evidence: tuple[Evidence, ...]
    whole: bool
    live: bool

    @property
    def severity(self) -> Severity:
        """Never more than what was ruled on, and a block only for all of it."""
        if not self.live:
            return Severity.NOTE
        certain = self.guilt.severity is Severity.BLOCK and self.whole
        return Severity.BLOCK if certain else Severity.REVIEW
