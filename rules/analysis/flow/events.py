"""What happens in a program, in order, as a tree: events within loops, calls and branches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from rules.analysis.flow.labels import NONE, Kept, Labels
from rules.analysis.flow.objects import Class, Scope
from rules.rule import Evidence, Location
from rules.submission import SourceFile


class Kind(StrEnum):
    """What happens."""

    SCORE = "score"  # a loss is added to a sum, kept in a buffer or appended
    TAKEN = "taken"  # a loss is taken away from a sum again
    LEARN = "learn"  # gradients of a loss are taken
    STEP = "step"  # an optimizer steps
    GRADIENT = "gradient"  # the program asks for that of a tensor of its own; detail: which
    RESET = "reset"  # a name is set to zero
    READ = "read"  # a table is looked up by data; among the labels of the key is the look-up that gave the table
    WRITE = "write"  # a table is changed at data
    MODEL = "model"  # a network is asked
    SAVE = "save"
    LOAD = "load"  # detail: the networks that weights are put into
    PUT = "put"  # something computed or read is put into a network in another way; detail: which, none: not known
    PRINT = "print"  # name: the text, with {} for what is not known
    LOST = "lost"  # a loss or probability is taken at the tokens that came
    LEAST = "least"  # the smaller of several losses is taken
    BESIDE = "beside"  # what says nothing of the token that came is put beside losses of it
    SPREAD = "spread"  # a share of a token's loss is made the probability of a byte
    SCALE = "scale"  # a loss is multiplied by a constant
    BLANK = "blank"  # losses are set to nothing where something holds of the token that came; detail: the condition
    WEIGHED = "weighed"  # a distribution is weighed by what tokens are; detail: which
    AIMED = "aimed"  # it is asked for one of them; detail: which
    TRUST = "trust"  # a share is made of losses
    TRUSTED = "trusted"  # a probability is weighed by what is made of losses of the same token
    FETCH = "fetch"  # the network is asked for data; detail: what of, where that is plain
    COMPARED = "compared"  # a loss is compared with another; detail: the comparison
    PICKED = "picked"  # one of several losses is picked by its size; detail: the call
    BLEND = "blend"  # a loss is put together with something else that is made of the text
    EXCHANGE = "exchange"  # ranks bring something together; detail: the networks and tensors it is a part of
    POOL = "pool"  # tensors that each of several texts taught are made one; detail: the tensors
    ESCAPE = "escape"  # the program goes where it cannot be followed
    RETURN = "return"


@dataclass(frozen=True, slots=True)
class Round:
    """What is known of a loop: `number` is that of `Turn` (0 for a while loop), `times` how often it turns.

    `by`: the name of the setting that says how often, "" where it is none. `ranges`: its numbers are those of a range,
    and may be places in a text.
    """

    number: int
    times: int | None
    counts: bool = True  # through numbers, not through data that it picks one by one
    by: str = ""
    ranges: bool = False


@dataclass(slots=True, eq=False)
class Event:
    """One thing that happens. `name` is the variable, file or function, `labels` those of the value in question."""

    kind: Kind
    source: SourceFile = field(repr=False)
    line: int
    name: str = ""
    labels: Labels = NONE
    function: str = ""
    detail: Any = None
    trail: tuple[Block, ...] = field(default=(), repr=False)

    @property
    def location(self) -> Location:
        """Where a person finds it in the pull request."""
        return self.source.locate(self.line)

    def evidence(self, role: str = "") -> Evidence:
        """The line."""
        return self.source.evidence(self.line, role)

    def loops(self) -> tuple[Block, ...]:
        """The loops around it, outermost first, across calls."""
        return tuple(block for block in self.trail if block.what == "loop")


@dataclass(slots=True, eq=False)
class Block:
    """A loop, a call, or a branch that may or may not be taken, with what happens in it.

    `rows` are a comprehension over what a turn of a loop holds; what happens in it stands beside it. `detail` is the
    `Round` of a loop or of rows, the `Function` of a call, or the statement of a branch and which body it is.
    """

    what: str
    source: SourceFile = field(repr=False)
    line: int
    name: str = ""
    labels: Labels = NONE
    children: list[Event | Block] = field(default_factory=list, repr=False)
    detail: Any = None
    leaves: bool = False

    def events(self) -> Iterator[Event]:
        """All events in it, in order."""
        waiting: list[Event | Block] = self.children[::-1]
        while waiting:
            child = waiting.pop()
            if child.__class__ is Block:
                waiting += child.children[::-1]
            else:
                yield child  # type: ignore[misc]  # there is no third kind


@dataclass(slots=True)
class Trace:
    """The whole walk. `cut`: why it was not finished, "" where it was; `steps` counts what was looked at."""

    root: Block
    cut: str = ""
    steps: int = 0
    reads: list[Event] = field(default_factory=list)
    ratios: set[tuple[int, int]] = field(default_factory=set)  # numbers of look-ups, what one gave over the other's
    scores: list[Event] = field(default_factory=list)  # `Kept` counts in it; some were walked over again since
    given: set[int] = field(default_factory=set)  # numbers of scores that a generator gives
    losses: list[Event] = field(default_factory=list)  # `Lost` counts in it
    blends: list[Event] = field(default_factory=list)  # `Blend` counts in it
    weights: set[tuple[str, int]] = field(default_factory=set)  # lines of sums that shares were made of: no scores
    again: list[Event | Block] = field(default_factory=list, repr=False)  # first walks of loops that were walked twice
    holders: list[Scope | Class] = field(default_factory=list, repr=False)  # of functions
    _told: list[Event] = field(default_factory=list, repr=False)

    def all(self, *kinds: Kind) -> list[Event]:
        """Events of these kinds in order. Asked when the walk is over."""
        if not self._told:
            self._told = list(self.root.events())
        return [event for event in self._told if event.kind in kinds]

    def shared(self, labels: Labels) -> None:
        """Sums among these are made into shares: they weigh, whatever else they are made of, and are no score."""
        kept = (self.scores[label.number] for label in labels if isinstance(label, Kept))
        self.weights.update((event.source.path, event.line) for event in kept if event.detail == "added")

    def is_weight(self, event: Event) -> bool:
        """Whether it adds to a sum that shares are made of."""
        return (event.source.path, event.line) in self.weights

    def release(self) -> None:
        """Take it apart: events hold the blocks around them and functions their scope, which hold them in turn.

        What is held in no circle is freed at once, with the syntax trees in it. Nothing can be asked of it afterwards.
        """
        waiting: list[Event | Block] = [self.root, *self.again]
        for part in waiting:  # grows while it is walked
            part.detail = None
            if part.__class__ is Block:
                waiting += part.children
                part.children = []
        for holder in self.holders:
            holder.names = {}
