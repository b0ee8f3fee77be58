"""What a submission has that its nearest parent has not: functions, hyperparameters, techniques.

A person who knows the parent reads this instead of two thousand lines.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz.distance import LCSseq

from rules.analysis.configuration import configuration_of
from rules.analysis.seeds import is_incidental
from rules.lineage.signature import tokens_of
from rules.rule import Location
from rules.submission import ParentScript, Setting, SourceFile, Submission
from rules.techniques import Technique, techniques_of

LISTED = 40  # functions, and settings
VALUE = 60  # characters of a value
DIFF_LINES, DIFF_COLUMNS, DIFF_INPUT = 1_500, 300, 8_000
OUTSIDE = "(outside functions)"


class Change(StrEnum):
    """What became of a function."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class FunctionChange:
    """A function by its qualified name, and how many of its token lines came, went or differ.

    `location` is the function in the submission, None for a removed one.
    """

    name: str
    change: Change
    lines: int
    location: Location | None


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A hyperparameter whose value differs; `before` is None for one that the parent does not have."""

    name: str
    before: str | None
    after: str
    location: Location


@dataclass(frozen=True, slots=True)
class News:
    """What is new against pull request `against`. `gained` and `lost` are techniques, with what more is known of them.

    `more_functions` and `more_settings` count what the limit left out.
    """

    against: int
    author: str
    functions: tuple[FunctionChange, ...]
    settings: tuple[SettingChange, ...]
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    more_functions: int = 0
    more_settings: int = 0

    @property
    def nothing(self) -> bool:
        """Whether no difference was found."""
        return not (self.functions or self.settings or self.gained or self.lost)


def parent_script(submission: Submission) -> ParentScript | None:
    """What is kept of an earlier submission to compare with; None for one without a script."""
    if submission.script is None:
        return None
    return ParentScript(
        submission.pull_request.number,
        submission.pull_request.author,
        submission.script,
        {s.name.lower(): s.value for s in configuration_of(submission).settings()},
        {technique.name: technique.detail for technique in techniques_of(submission)},
    )


def what_is_new(submission: Submission, techniques: Iterable[Technique]) -> News | None:
    """The differences to the parent that the submission was given, None without one or without a script."""
    parent, script = submission.parent, submission.script
    if parent is None or script is None:
        return None
    functions = sorted(_functions(script, parent.source), key=lambda f: (-f.lines, f.name))
    settings = list(_settings(configuration_of(submission).settings(), parent.settings))
    own = {technique.name: technique.detail for technique in techniques}
    return News(
        parent.number,
        parent.author,
        tuple(functions[:LISTED]),
        tuple(settings[:LISTED]),
        tuple(_named(n, d) for n, d in own.items() if parent.techniques.get(n) != d and _is_news(n, d, parent)),
        tuple(_named(n, d) for n, d in parent.techniques.items() if n not in own),
        max(len(functions) - LISTED, 0),
        max(len(settings) - LISTED, 0),
    )


def _is_news(name: str, detail: str, parent: ParentScript) -> bool:
    """A technique that the parent lacks, or one that is known to be used otherwise there."""
    return name not in parent.techniques or bool(detail and parent.techniques[name])


def _named(name: str, detail: str) -> str:
    return f"{name} ({detail})" if detail else name


@dataclass(frozen=True, slots=True)
class _Function:
    line: int
    tokens: tuple[str, ...]


def _functions(own: SourceFile, their: SourceFile) -> Iterator[FunctionChange]:
    mine, others = _by_name(own), _by_name(their)
    for name, function in mine.items():
        before = others.get(name)
        place = own.locate(function.line)
        if before is None:
            yield FunctionChange(name, Change.ADDED, len(function.tokens), place)
        elif before.tokens != function.tokens:
            longer = max(len(function.tokens), len(before.tokens))
            differing = longer - LCSseq.similarity(function.tokens, before.tokens)
            yield FunctionChange(name, Change.CHANGED, max(differing, 1), place)
    for name, function in others.items():
        if name not in mine:
            yield FunctionChange(name, Change.REMOVED, len(function.tokens), None)


def _by_name(source: SourceFile) -> dict[str, _Function]:
    """Functions and methods by qualified name, the last of each; what lies outside of all under OUTSIDE."""
    if source.tree is None:
        return {OUTSIDE: _Function(1, tokens_of(source.code))}
    lines = source.code.split("\n")
    found: dict[str, _Function] = {}
    rest = list(lines)
    for name, node in _definitions(source.tree):
        first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        last = node.end_lineno or node.lineno
        found[name] = _Function(node.lineno, tokens_of("\n".join(lines[first - 1 : last])))
        rest[first - 1 : last] = [""] * (last - first + 1)
    outside = next((n for n, line in enumerate(rest, start=1) if line.strip()), 1)
    return {**found, OUTSIDE: _Function(outside, tokens_of("\n".join(rest)))}


_Definition = ast.FunctionDef | ast.AsyncFunctionDef


def _definitions(tree: ast.Module) -> Iterator[tuple[str, _Definition]]:
    """Outermost functions and the methods of classes; what a function defines inside is part of it."""
    waiting: list[tuple[str, Sequence[ast.stmt]]] = [("", tree.body)]
    for prefix, body in waiting:  # grows while it is walked
        for node in body:
            if isinstance(node, _Definition):
                yield f"{prefix}{node.name}", node
            elif isinstance(node, ast.ClassDef):
                waiting.append((f"{prefix}{node.name}.", node.body))
            elif isinstance(node, ast.If | ast.Try | ast.With):
                waiting.append((prefix, node.body))
                waiting.append((prefix, getattr(node, "orelse", [])))


def _settings(own: Iterable[Setting], before: Mapping[str, str]) -> Iterator[SettingChange]:
    """Settings whose value differs, those that the parent has too first."""
    added = []
    for setting in own:
        name = setting.name.lower()
        old = before.get(name)
        if is_incidental(name) or (old is not None and _plain(old) == _plain(setting.value)):
            continue
        change = SettingChange(name, None if old is None else old[:VALUE], setting.value[:VALUE], setting.location)
        if old is None:
            added.append(change)
        else:
            yield change
    yield from added


def _plain(text: str) -> str | float:
    """A value as it compares: 0.02 and .020 are one, True and 1 too."""
    plain = text.strip().strip("\"'").casefold().replace("_", "")
    try:
        return float({"true": "1", "false": "0"}.get(plain, plain))
    except ValueError:
        return plain


def text_diff(own: SourceFile, parent: SourceFile) -> str:
    """The unpacked scripts as a unified diff, at most DIFF_LINES lines of DIFF_COLUMNS characters.

    Of each script the first DIFF_INPUT lines are compared; lines that were left out are counted at the end.
    """
    before, after = (_cut(source) for source in (parent, own))
    lines = list(difflib.unified_diff(before, after, "parent", "submission", lineterm="", n=2))
    shown = lines[:DIFF_LINES]
    more = len(lines) - len(shown)
    return "\n".join([*shown, *([f"… and {more} lines more"] if more else [])])


def _cut(source: SourceFile) -> list[str]:
    return [line[:DIFF_COLUMNS] for line in source.code.split("\n", DIFF_INPUT)[:DIFF_INPUT]]
