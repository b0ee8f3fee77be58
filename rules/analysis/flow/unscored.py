"""Why no evaluation was recognised in a program that learns: there is none, it is elsewhere, or of another kind."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from enum import StrEnum

from rules.analysis.flow.events import Kind, Trace
from rules.analysis.flow.labels import NLL
from rules.analysis.index import index_of
from rules.analysis.program import module_names, program_sources
from rules.analysis.scopes import Import
from rules.submission import SourceFile, Submission

_EVALUATES = re.compile(r"(?:^|_)(?:eval|evaluate|evaluation|evaluator|val|valid|validate|validation|bpb)(?:_|$)")
_PREPARES = re.compile(r"_*(?:load|read|get|make|build)(?:_|$)")
_MODE = frozenset({"eval"})  # `model.eval()` evaluates nothing by itself


class Why(StrEnum):
    """What keeps an evaluation from being recognised."""

    NOWHERE = "nowhere"  # no function is named after one, and all answers of the network are learnt from
    ELSEWHERE = "elsewhere"  # it is imported from a file that is not in the folder
    OTHER_TEXT = "other-text"  # losses are summed up, of text that is not known to be the validation text
    UNKNOWN = "unknown"


def why_unscored(submission: Submission, trace: Trace) -> tuple[Why, Import | None]:
    """Why, and the import by which an evaluation is reached that is not in the folder."""
    sources = program_sources(submission)
    found = next(_elsewhere(sources), None)
    if found is not None:
        return Why.ELSEWHERE, found
    if any(NLL in event.labels for event in trace.all(Kind.SCORE)):
        return Why.OTHER_TEXT, None
    if not any(_is_named(source) for source in sources) and _learns_from_all(trace):
        return Why.NOWHERE, None
    return Why.UNKNOWN, None


def _elsewhere(sources: tuple[SourceFile, ...]) -> Iterator[Import]:
    """Imports of an evaluation from a module that neither the folder nor Python has."""
    known = {name for source in sources[1:] for name in module_names(source.path)}
    for item in index_of(sources[0]).imports:
        module = item.module.lstrip(".")
        here = module in known or module.rpartition(".")[2] in known
        if here or not module or module.partition(".")[0] in sys.stdlib_module_names:
            continue
        if _EVALUATES.search(item.name):
            yield item


def _is_named(source: SourceFile) -> bool:
    """Whether a function is named after an evaluation, defined or called."""
    index = index_of(source)
    named = {*index.calls_by_name, *(name.rpartition(".")[2] for name in index.functions)} - _MODE
    return any(_EVALUATES.search(name.lower()) and not _PREPARES.match(name.lower()) for name in named)


def _learns_from_all(trace: Trace) -> bool:
    """Whether a network is asked nowhere but in the turns of a loop that learns from what it answers."""
    learnt = {id(loop) for event in trace.all(Kind.LEARN) for loop in event.loops()}
    return all(any(id(loop) in learnt for loop in event.loops()) for event in trace.all(Kind.MODEL))
