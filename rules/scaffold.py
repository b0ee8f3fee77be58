"""Begin a new rule: its module and its cases, with the places to fill in.

The first case fails until the rule finds what the case shows, and the catalogue's tests fail until the texts are
written: a rule cannot be left half done by oversight.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

PLACEHOLDER = "Write here"
TABLE = Path("rules/competitions/categories.csv")
CHECKS = Path("rules/checks")
CASES = Path("tests/rules/cases")

_MODULE = '''"""{placeholder} in one sentence what the rule finds.

## Why it matters
{placeholder} what a submission gains by it unfairly, or what nobody can check because of it.

## Flagged
    {placeholder} the shortest example

## Allowed
{placeholder} what looks alike and is fine.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(code="{code}", name="{name}", category="{category}", severity=Severity.REVIEW, doc=__doc__)

_FAULT = "the fault"


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield a finding for each line that shows the fault."""
    for source in submission.python_sources():
        for line, text in enumerate(source.code.split("\\n"), 1):
            if _FAULT in text:
                yield RULE.at(
                    source.locate(line),
                    "{placeholder} what was found, in words for the participant",
                    fix="{placeholder} what would make it right",
                    evidence=(source.evidence(line),),
                )
'''
_CASE = """[[case]]
name = "{placeholder} what is found, on its line"
expect = ["train_gpt.py:2"]
files."train_gpt.py" = '''
{placeholder} the shortest script that shows it
'''

[[case]]
name = "{placeholder} what looks alike and is fine"
expect = []
files."train_gpt.py" = '''
import torch
'''
"""


class ScaffoldError(Exception):
    """A rule that cannot be begun. The message says why, and how to mend it."""


def new_rule(root: Path, code: str, name: str, category: str = "") -> list[Path]:
    """Write the skeletons below the repository `root` and return their paths, relative to it.

    `category` is needed where the code is not reserved in the table of categories; it is then added there. Raises
    ScaffoldError for a code or name that is taken or ill-formed.
    """
    code = code.upper()
    texts = {CHECKS / f"{code.lower()}.py": _MODULE, CASES / f"{code}.toml": _CASE}
    _check_names(root, code, name)
    for path in texts:
        if (root / path).exists():
            raise ScaffoldError(f"{path} is already there; choose a code that no rule ever had")
    fill = {"placeholder": PLACEHOLDER, "code": code, "name": name, "category": _reserve(root, code, category)}
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text.format_map(fill), encoding="utf-8")
    return list(texts)


def _check_names(root: Path, code: str, name: str) -> None:
    if not re.fullmatch(r"[A-Z]\d\d", code):
        raise ScaffoldError(f"{code!r} is no code; a code is a letter and two digits, C11 for example")
    if not re.fullmatch(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+", name):
        raise ScaffoldError(f"{name!r} is no name; a name states the fault in lower-case words with dashes between")
    if not (root / CHECKS).is_dir():
        raise ScaffoldError(f"there is no {CHECKS} here; run this in the root of the repository")
    for path in sorted((root / CHECKS).glob("[a-z][0-9][0-9].py")):
        if f'name="{name}"' in path.read_text(encoding="utf-8"):
            raise ScaffoldError(f"{path.relative_to(root)} already has the name {name}; choose another")


def _reserve(root: Path, code: str, category: str) -> str:
    """The category that is reserved for the code, or the given one, which is then reserved."""
    table = root / TABLE
    text = table.read_text(encoding="utf-8")
    rows = {row["code"]: row["category"] for row in csv.DictReader(io.StringIO(text))}
    reserved = rows.get(code)
    if reserved is not None:
        if category not in ("", reserved):
            raise ScaffoldError(f"{code} is reserved for the category {reserved} in {TABLE}, not {category}")
        return reserved
    if not re.fullmatch(r"[a-z]+(?:-[a-z]+)*", category):
        known = ", ".join(sorted(set(rows.values())))
        raise ScaffoldError(f"{code} has no category in {TABLE} yet; name one after the name ({known}, or a new one)")
    rows[code] = category
    lines = [f"{known},{its}" for known, its in sorted(rows.items())]
    table.write_text("\n".join(["code,category", *lines]) + "\n", encoding="utf-8")
    return category
