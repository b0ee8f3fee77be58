"""Where a program goes that the walk could not follow, and whether that bears on what is scored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rules.analysis.flow.events import Event, Kind, Trace
from rules.analysis.flow.labels import FOREIGN, NLL, VAL
from rules.analysis.flow.protocol import protocol_of
from rules.analysis.flow.unscored import Why, why_unscored
from rules.analysis.once import once
from rules.rule import Location
from rules.submission import ProblemKind, SourceFile, Submission

_UNKNOWN_TEXT = frozenset({"exec", "run_path"})
_OTHER_FILES = frozenset({"exec_module", "import_module"})

_WHY = {
    Why.NOWHERE: "the program trains a model and evaluates nothing",
    Why.ELSEWHERE: "the evaluation is not in the folder",
    Why.OTHER_TEXT: "no evaluation on validation tokens was recognised: losses are summed up, of text whose origin is "
    "not plain",
    Why.UNKNOWN: "no evaluation on validation tokens was recognised",
}


@dataclass(frozen=True, slots=True)
class Unfollowed:
    """One such place. `what` is our own words; `weighs`: what is scored may depend on it.

    `why` is set where it is the evaluation that was not recognised.
    """

    what: str
    event: Event | None
    weighs: bool
    why: Why | None = None

    @property
    def places(self) -> tuple[Location, ...]:
        """Where a person finds it."""
        return () if self.event is None else (self.event.location,)


@once
def unfollowed_of(submission: Submission) -> tuple[Unfollowed, ...]:
    """All such places, what weighs first, each kind once."""
    protocol = protocol_of(submission)
    if protocol is None:
        return ()
    found: dict[str, Unfollowed] = {}
    every = [*_places(protocol.trace, submission.script, evaluates=bool(protocol.scores))]
    if not protocol.scores and protocol.trace.all(Kind.LEARN):
        every.append(_unscored(submission, protocol.trace))
    for one in every:
        known = found.get(one.what)
        if known is None or (one.weighs and not known.weighs):
            found[one.what] = one
    return tuple(sorted(found.values(), key=lambda one: not one.weighs))


def _places(trace: Trace, entry: SourceFile | None, *, evaluates: bool) -> Iterator[Unfollowed]:
    if trace.cut:
        yield Unfollowed(f"the walk through the program ended early, with {trace.cut}", None, weighs=True)
    for event in trace.all(Kind.ESCAPE):
        last = event.name.rpartition(".")[2]
        if last in _UNKNOWN_TEXT and event.name.partition(".")[0] in ("exec", "runpy"):
            yield Unfollowed("text or a file that is run as a program", event, weighs=not _is_told(event, entry))
        elif FOREIGN in event.labels and event.labels & {VAL, NLL}:
            yield Unfollowed("code of another language that is given validation tokens or losses", event, weighs=True)
        elif last in _OTHER_FILES:
            yield Unfollowed("a module that is loaded by its path", event, not evaluates, Why.UNKNOWN)


def _is_told(event: Event, entry: SourceFile | None) -> bool:
    """Whether reading the entry has said already, for a person to look at, that what is run there is not known."""
    if event.source is not entry:
        return False
    failed = (one.location for one in event.source.problems if one.kind is ProblemKind.UNPACK_FAILED)
    return event.location in failed


def _unscored(submission: Submission, trace: Trace) -> Unfollowed:
    why, item = why_unscored(submission, trace)
    what = _WHY[why]
    if item is not None:
        what = f"`{item.name}` comes from `{item.module}`, which is not in the folder"
    return Unfollowed(what, None, weighs=True, why=why)
