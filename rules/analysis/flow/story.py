"""What happens in a program, as a short tree that a person reads: loops and calls around what matters, nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from rules.analysis.flow.claimed import claimed_print
from rules.analysis.flow.events import Block, Event, Kind, Round
from rules.analysis.flow.labels import DATA, GEN, NLL, RAND, TRAIN, VAL, Labels, Read
from rules.analysis.flow.protocol import Protocol
from rules.rule import Location
from rules.submission import Submission

MOST_LINES = 120
_NAMES = {VAL: "validation tokens", TRAIN: "training tokens", GEN: "generated text", RAND: "random tokens"}
_PLAIN = {
    Kind.SAVE: "writes",
    Kind.LOAD: "loads",
    Kind.LEAST: "takes the smallest of several losses",
    Kind.SCALE: "multiplies a loss by a constant",
    Kind.ESCAPE: "goes where it is not followed",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the tree. `name` is the participant's, as it stands in the code; `times`: so often in a row."""

    text: str
    name: str
    location: Location
    children: tuple[Line, ...] = ()
    times: int = 1

    def lines(self) -> int:
        """How many lines it takes."""
        return 1 + sum(child.lines() for child in self.children)


def story_of(protocol: Protocol, submission: Submission) -> tuple[Line, ...]:
    """The tree of what matters; parts that do not fit are left out from the end."""
    teller = _Teller(protocol, submission)
    found = tuple(teller.lines(protocol.trace.root.children))
    kept: list[Line] = []
    room = MOST_LINES
    for line in found:
        room -= line.lines()
        if room < 0:
            break
        kept.append(line)
    return tuple(kept)


class _Teller:
    def __init__(self, protocol: Protocol, submission: Submission) -> None:
        self._shown = claimed_print(protocol.trace, submission)
        self._claimed = {id(score) for score in protocol.claimed}
        numbers = {label.number for score in protocol.claimed for label in score.labels if isinstance(label, Read)}
        self._read = {id(protocol.trace.reads[number]) for number in numbers}

    def lines(self, children: Iterable[Event | Block]) -> list[Line]:
        """Lines of the children; equal neighbours are one, branches stand for what is in them."""
        found: list[Line] = []
        for child in children:
            for line in self._event(child) if isinstance(child, Event) else self._block(child):
                last = found[-1] if found else None
                if last is not None and replace(last, times=1) == line:
                    found[-1] = replace(last, times=last.times + 1)
                else:
                    found.append(line)
        return found

    def _block(self, block: Block) -> Iterator[Line]:
        inner = self.lines(block.children)
        if not inner:
            return
        where = block.source.locate(block.line)
        if block.what == "call":
            yield Line("calls", block.name, where, tuple(inner))
        elif block.what == "loop":
            yield Line(_loop(block), "", where, tuple(inner))
        elif block.what == "branch" and isinstance(block.detail, tuple) and isinstance(block.detail[0], ast.If):
            test = ast.unparse(block.detail[0].test)
            yield Line("unless" if block.detail[1] else "if", test, where, tuple(inner))
        else:
            yield from inner

    def _event(self, event: Event) -> Iterator[Line]:
        text = self._text(event)
        if text:
            yield Line(text, event.name.removeprefix("()."), event.location)

    def _text(self, event: Event) -> str:
        data = _data(event.labels)
        if event.kind is Kind.SCORE and {VAL, NLL} <= event.labels:
            return "adds to the claimed score" if id(event) in self._claimed else "adds up validation losses in"
        if event.kind is Kind.LEARN and data:
            return f"learns from {data}:"
        if event.kind is Kind.READ and id(event) in self._read:
            return "looks up, for the claimed score,"
        if event.kind is Kind.WRITE and VAL in event.labels:
            return "changes a table at validation tokens:"
        if event is self._shown:
            return "prints the claimed score:"
        if event.kind is Kind.SAVE and event.name.startswith("json."):
            return ""
        return _PLAIN.get(event.kind, "") if event.kind is not Kind.SCALE or VAL in event.labels else ""


def _loop(block: Block) -> str:
    rounds = block.detail
    if isinstance(rounds, Round) and rounds.times is not None:
        return f"loop, {rounds.times} times"
    data = _data(block.labels)
    return f"loop over {data}" if data else "loop"


def _data(labels: Labels) -> str:
    return " and ".join(words for label, words in _NAMES.items() if label in labels & DATA)
