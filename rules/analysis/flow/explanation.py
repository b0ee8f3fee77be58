"""All that was understood of a submission's program, to be shown to a person: `fairway explain`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from rules.analysis.configuration import Configuration, Origin, configuration_of
from rules.analysis.flow.established import Fact, established
from rules.analysis.flow.protocol import protocol_of
from rules.analysis.flow.story import Line, story_of
from rules.analysis.flow.unfollowed import Unfollowed, unfollowed_of
from rules.analysis.headline import Headline, headlines_of
from rules.analysis.program import program_sources
from rules.submission import Setting, SourceFile, Submission


@dataclass(frozen=True, slots=True)
class Used:
    """A setting that decides what the program does, and where its value is from."""

    setting: Setting
    origin: Origin


@dataclass(frozen=True, slots=True)
class Explanation:
    """`sources`: the entry first; `settings`: those that branches and loops ask for."""

    submission: Submission
    sources: tuple[SourceFile, ...]
    settings: tuple[Used, ...]
    story: tuple[Line, ...]
    facts: tuple[Fact, ...]
    headlines: tuple[Headline, ...]
    unfollowed: tuple[Unfollowed, ...]


def explain(submission: Submission) -> Explanation:
    """What was understood; without a program that parses, only what the logs tell."""
    protocol = protocol_of(submission)
    sources = program_sources(submission)
    return Explanation(
        submission,
        sources,
        tuple(_settings(sources, configuration_of(submission))),
        () if protocol is None else story_of(protocol, submission),
        established(submission),
        headlines_of(submission),
        unfollowed_of(submission),
    )


def _settings(sources: tuple[SourceFile, ...], configuration: Configuration) -> Iterator[Used]:
    """Settings that a test or the bound of a loop names, most trusted first."""
    asked = {name.lower() for source in sources if source.tree for name in _asked(source.tree)}
    found: list[Used] = []
    seen: set[str] = set()
    for name in sorted(asked & configuration.names()):
        setting, origin = configuration.value(name), configuration.origin(name)
        if setting is not None and origin is not None and setting.name.lower() not in seen:
            seen.add(setting.name.lower())
            found.append(Used(setting, origin))
    ranks = list(Origin)
    yield from sorted(found, key=lambda used: (ranks.index(used.origin), used.setting.name.lower()))


def _asked(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        tests: tuple[ast.expr, ...] = ()
        if isinstance(node, (ast.If, ast.IfExp, ast.While)):
            tests = (node.test,)
        elif isinstance(node, ast.For):
            tests = (node.iter,)
        for test in tests:
            for part in ast.walk(test):
                if isinstance(part, ast.Attribute):
                    yield part.attr
                elif isinstance(part, ast.Name):
                    yield part.id
