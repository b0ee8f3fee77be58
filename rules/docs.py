"""The rules' pages, made from their docstrings: `python -m rules.docs docs/rules` writes them.

`python -m rules.docs new CODE NAME [CATEGORY]` begins a new rule; see `rules.scaffold`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rules import catalog
from rules.rule import INTERNAL_ERROR, Rule
from rules.scaffold import ScaffoldError, new_rule
from rules.verdict import verdict_of

SECTIONS = ("Why it matters", "Flagged", "Allowed")
INDEX = "README.md"
FAMILIES = {
    "A": "Scoring: causality and normalisation",
    "B": "Test-time training and per-sample optimisation",
    "C": "Data provenance",
    "D": "Bits-per-byte accounting",
    "E": "Budgets and artifact",
    "F": "Evidence, statistics, format",
    "R": "Reading",
    "X": "Fairway itself",
}
USAGE = "usage: python -m rules.docs FOLDER | python -m rules.docs new CODE NAME [CATEGORY]"

_PAGE = re.compile(r"[A-Z]\d\d\.md")
_INTRODUCTION = """# The rules

Each finding names a rule by its code. A rule flags; a person decides. The severity is the highest that a finding of
the rule may have: `block` leads to *likely invalid*, `review` to *needs review*, `incomplete` to *incomplete*, and
`note` has no effect. The worst finding decides.
"""
_ORIGIN = "*Written by `make docs` from [`{path}`](../../{path}): change it there.*"


def documented() -> tuple[Rule, ...]:
    """Every rule that a finding may name, in order of the codes."""
    return (*catalog.rules(), INTERNAL_ERROR)


def summary(rule: Rule) -> str:
    """The first line of the rule's docstring."""
    return rule.doc.strip().partition("\n")[0]


def sections(rule: Rule) -> dict[str, str]:
    """Heading → text of the docstring's sections, in their order."""
    _, *parts = f"\n{rule.doc}".split("\n## ")
    return {heading.strip(): text.strip("\n") for heading, _, text in (part.partition("\n") for part in parts)}


def page(rule: Rule, *, with_origin: bool = True) -> str:
    """A rule's page, with the file that it is made from at its end."""
    verdict = verdict_of([rule.at(None, "")])
    path = f"rules/checks/{rule.code.lower()}.py" if rule is not INTERNAL_ERROR else "rules/rule.py"
    lines = [
        f"# {rule.code} {rule.name}",
        "",
        summary(rule),
        "",
        "| severity | verdict | category |",
        "|---|---|---|",
        f"| {rule.severity} | {verdict} | {rule.category} |",
        "",
    ]
    for heading, text in sections(rule).items():
        lines += [f"## {heading}", "", text, ""]
    return "\n".join([*lines, _ORIGIN.format(path=path)] if with_origin else lines[:-1]) + "\n"


def pages() -> dict[str, str]:
    """File name → Markdown, for every rule and the index."""
    return {INDEX: _index(), **{f"{rule.code}.md": page(rule) for rule in documented()}}


def write(folder: Path) -> list[str]:
    """Write the pages that differ and remove those of rules that are gone; return the names of both."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = stale(folder)
    wanted = pages()
    for name in changed:
        if name in wanted:
            (folder / name).write_text(wanted[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return changed


def stale(folder: Path) -> list[str]:
    """Names of pages that are missing, differ, or belong to no rule."""
    ours = (path for path in folder.glob("*.md") if path.name == INDEX or _PAGE.fullmatch(path.name))
    there = {path.name: path.read_text(encoding="utf-8") for path in ours}
    wanted = pages()
    return sorted(name for name in there.keys() | wanted.keys() if there.get(name) != wanted.get(name))


def _index() -> str:
    return "\n".join([_INTRODUCTION, *_families()]) + "\n"


def _families() -> Iterator[str]:
    for letter, title in FAMILIES.items():
        of_it = [rule for rule in documented() if rule.code.startswith(letter)]
        if not of_it:
            continue
        yield f"## {letter}. {title}\n"
        yield "| rule | severity | what it finds |"
        yield "|---|---|---|"
        for rule in of_it:
            yield f"| [{rule.code} {rule.name}]({rule.code}.md) | {rule.severity} | {summary(rule)} |"
        yield ""


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or begin a rule."""
    if len(arguments) == 1 and not arguments[0].startswith("-"):
        folder = Path(arguments[0])
        for name in write(folder):
            print(folder / name)
        return 0
    if arguments[:1] == ["new"] and 3 <= len(arguments) <= 4:
        try:
            for path in new_rule(Path.cwd(), *arguments[1:]):
                print(path)
        except ScaffoldError as error:
            print(f"new rule: {error}", file=sys.stderr)
            return 2
        return 0
    print(USAGE, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
