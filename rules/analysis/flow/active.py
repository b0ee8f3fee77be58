"""How sure it is that what was found ran in the claimed run, and that the claimed score rests on it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rules.analysis.configuration import Configuration, Origin, configuration_of
from rules.analysis.flow.events import Block, Event
from rules.analysis.flow.labels import SEEN, TRAIN, VAL
from rules.analysis.flow.protocol import Adaptation, Learning, worst
from rules.analysis.flow.silence import unshown
from rules.analysis.flow.walk import trace_of
from rules.analysis.nodes import nodes_of
from rules.rule import Severity
from rules.submission import Submission

_LAUNCHER = frozenset({"RANK", "LOCAL_RANK", "WORLD_SIZE"})


@dataclass(frozen=True, slots=True)
class Standing:
    """How much a finding may weigh, and a sentence that says why, "" where nothing is open."""

    severity: Severity
    why: str = ""


def standing_of(found: Adaptation, submission: Submission) -> Standing:
    """How much it weighs that validation tokens were learnt from before their score."""
    if found.claimed is False:
        return Standing(Severity.NOTE, "The claimed score is not made of what is scored there.")
    switch = next(open_switches(found.learn, configuration_of(submission)), "")
    if switch:
        return Standing(Severity.REVIEW, f"Whether `{switch}` held in the claimed run is open.")
    if {VAL, TRAIN} <= found.learn.labels and SEEN not in found.learn.labels:
        return Standing(Severity.REVIEW, "Whether it is validation or training tokens that it learns from is open.")
    trace = trace_of(submission)
    silent = None if trace is None else unshown(found.learn, trace, submission)
    if silent is not None:
        return _unseen(found.learn, silent, configuration_of(submission))
    if found.claimed is None and found.how is Learning.RESCORED:
        return Standing(Severity.REVIEW, "No log tells which of the two scores is claimed.")
    if found.how in (Learning.RESCORED, Learning.EARLIER) and not found.sure:
        return Standing(Severity.REVIEW, "Whether the network of that score is the one that learnt is open.")
    return Standing(Severity.BLOCK)


def _unseen(learn: Event, silent: Event, configuration: Configuration) -> Standing:
    """Nothing of what would print is in the claimed logs: off, where there is a switch that no run is known to set."""
    why = f"When it runs, line {silent.line} prints, and no claimed log shows a line of that part"
    switch = next(_own_switches(learn, configuration), "")
    if switch:
        return Standing(Severity.NOTE, f"{why}: `{switch}` did not hold in that run.")
    return Standing(Severity.REVIEW, f"{why}.")


def gravest(found: Iterable[Adaptation], submission: Submission) -> Adaptation | None:
    """The one that weighs most: by the score that it is about, then by how sure it is that it ran."""
    return worst(sorted(found, key=lambda one: -standing_of(one, submission).severity.rank))


def open_switches(event: Event, configuration: Configuration) -> Iterator[str]:
    """Tests around an event that ask for a setting whose value is not known."""
    for block in event.trail:
        test = _test(block)
        if test is not None and not block.labels and any(_is_asked(name, configuration) for name in _names(test)):
            yield ast.unparse(test)[:120]


def _is_asked(name: str, configuration: Configuration) -> bool:
    """Whether a name is a setting of the run; which of several processes it is, is none: one of them is the first."""
    setting = configuration.value(name)
    return setting is not None and setting.name.upper() not in _LAUNCHER


def _own_switches(event: Event, configuration: Configuration) -> Iterator[str]:
    """Tests around an event and the calls that lead to it, of settings that the script's default alone gives."""
    places = [(block.source, block.line) for block in event.trail if block.what == "call"]
    for source, line in (*places, (event.source, event.line)):
        for node in nodes_of(source, ast.If):
            if _holds(node, line) and _asks_default(node.test, configuration):
                yield ast.unparse(node.test)[:120]


def _holds(statement: ast.If, line: int) -> bool:
    return statement.body[0].lineno <= line <= (statement.body[-1].end_lineno or 0)


def _asks_default(test: ast.expr, configuration: Configuration) -> bool:
    return any(configuration.origin(name) is Origin.SCRIPT for name in _names(test))


def _test(block: Block) -> ast.expr | None:
    if block.what != "branch" or not isinstance(block.detail, tuple):
        return None
    statement = block.detail[0]
    return statement.test if isinstance(statement, (ast.If, ast.IfExp)) else None


def _names(test: ast.expr) -> Iterator[str]:
    for node in ast.walk(test):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
