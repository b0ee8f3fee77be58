"""The rules: found by listing `rules/checks/`, one module each.

A module is a rule when its name is a code (`c07.py`); it holds `RULE` and a function `check(submission, competition)`
that yields findings. Nothing registers itself and no list has to be kept.
"""

from __future__ import annotations

import csv
import io
import pkgutil
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module, resources

from rules import checks
from rules.competition import Competition
from rules.rule import Finding, Rule
from rules.submission import Submission

Check = Callable[[Submission, Competition], Iterable[Finding]]

_CODE = re.compile(r"[a-z]\d{2}")


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A rule and the function that applies it."""

    rule: Rule
    check: Check


@cache
def entries() -> tuple[CatalogEntry, ...]:
    """All rules in order of their codes."""
    names = sorted(m.name for m in pkgutil.iter_modules(checks.__path__) if _CODE.fullmatch(m.name))
    modules = [import_module(f"rules.checks.{name}") for name in names]
    return tuple(CatalogEntry(module.RULE, module.check) for module in modules)


def rules() -> tuple[Rule, ...]:
    """All rules in order of their codes."""
    return tuple(entry.rule for entry in entries())


def rule(code: str) -> Rule | None:
    """The rule of that code, in any case, or None."""
    return next((r for r in rules() if r.code == code.upper()), None)


@cache
def categories() -> dict[str, str]:
    """Code → category, for every code that is reserved, whether its rule exists yet or not."""
    text = resources.files("rules").joinpath("competitions", "categories.csv").read_text(encoding="utf-8")
    return {row["code"]: row["category"] for row in csv.DictReader(io.StringIO(text))}
