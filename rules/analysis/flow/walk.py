"""The trace of a submission's program, walked once and kept while its rules are applied."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from rules.analysis.configuration import configuration_of
from rules.analysis.flow.events import Trace
from rules.analysis.flow.machine import Machine
from rules.analysis.flow.witness import witnessed
from rules.analysis.once import once
from rules.analysis.program import module_names, program_sources
from rules.submission import SourceFile, Submission

_made: ContextVar[list[Trace] | None] = ContextVar("made", default=None)


@contextmanager
def released() -> Iterator[None]:
    """Traces that are made inside are taken apart at the end, for who works without looking for circles of objects."""
    made: list[Trace] = []
    before = _made.set(made)
    try:
        yield
    finally:
        _made.reset(before)
        for trace in made:
            trace.release()


@once
def trace_of(submission: Submission) -> Trace | None:
    """What the program does, None where there is none that parses."""
    return walked(submission)


def walked(submission: Submission, *, doubt: bool = False) -> Trace | None:
    """Walk the program. `doubt`: switches that only the script's own default leaves off may have been on."""
    sources = program_sources(submission)
    if not sources or sources[0].tree is None:
        return None
    modules: dict[str, SourceFile] = {"": sources[0]}
    for source in sources[1:]:
        for name in module_names(source.path):
            modules.setdefault(name, source)
    seen = witnessed(submission, sources)
    machine = Machine(configuration_of(submission), modules, seen)
    machine.doubt = doubt
    machine.texts = {one.code.strip(): one for one in submission.python_sources() if "!/" in one.path}
    trace = machine.run(sources[0])
    made = _made.get()
    if made is not None:
        made.append(trace)
    return trace
