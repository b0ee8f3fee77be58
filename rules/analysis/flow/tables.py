"""Tables of the evaluated text: what they are looked up by, what wrote them, and which scores they reach.

A table is an array or dictionary whose keys are made of tokens. A look-up matters where what it gave becomes part of
a loss on the validation text.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from rules.analysis.flow.events import Block, Event, Kind, Trace
from rules.analysis.flow.labels import INPUT, NLL, NONE, PARTS, TARGET, TRAIN, VAL, Labels, Read, Token
from rules.analysis.flow.objects import Array, Function
from rules.analysis.flow.reach import holds_any
from rules.analysis.flow.walk import trace_of
from rules.analysis.once import once
from rules.rule import Evidence
from rules.submission import Submission


@dataclass(frozen=True, slots=True)
class LookUp:
    """A look-up by validation tokens that reaches a score, and the changes of its table at keys made of tokens.

    `target`: the key is made of the token that comes as well; `context`: and of tokens before it. `above`: look-ups
    that gave the table that is looked up here. `claimed`: whether the claimed number is made of it, None: not known.
    `paired`: what it gives is divided by what the same key without the target gives, so that both are certain. `same`:
    labels of all look-ups by the same key.
    """

    read: Event
    number: int
    ends: tuple[Event, ...] = field(repr=False)
    writes: tuple[Event, ...] = field(repr=False)
    target: bool
    context: bool
    above: tuple[int, ...] = ()
    claimed: bool | None = None
    paired: bool = False
    same: Labels = field(default=NONE, repr=False)

    @property
    def table(self) -> Array | None:
        """What is looked up."""
        return self.read.detail if isinstance(self.read.detail, Array) else None

    @property
    def joint(self) -> bool:
        """Whether one key is made of context and target together, and not one index for each."""
        return self.target and self.context and PARTS not in self.read.labels

    @property
    def score(self) -> Event:
        """The first sum that it reaches, the result of a function where no sum shows it."""
        return self.ends[0]

    @property
    def summed(self) -> bool:
        """Whether a sum or buffer of losses is seen that it reaches."""
        return self.ends[0].kind is Kind.SCORE

    def written_by(self, split: str = VAL) -> tuple[Event, ...]:
        """Changes at keys made of tokens of that split."""
        return tuple(write for write in self.writes if split in write.labels)

    @property
    def counted(self) -> bool:
        """Whether the table is filled from text while the program runs."""
        return bool(self.written_by(VAL) or self.written_by(TRAIN))

    @property
    def counts_text(self) -> bool:
        """Whether it is a table of counts: filled from text, or looked up beside the count of the context."""
        return self.counted or (self.paired and self.summed)


@once
def lookups_of(submission: Submission) -> tuple[LookUp, ...]:
    """Look-ups by validation tokens that reach a score on them, in order."""
    trace = trace_of(submission)
    return lookups_in(trace, submission) if trace is not None else ()


def lookups_in(trace: Trace, submission: Submission) -> tuple[LookUp, ...]:
    """The same for a walk of one's own."""
    ends = _ends(trace)
    used = {
        number: trace.reads[number]
        for number in sorted(ends)
        if VAL in trace.reads[number].labels and not _is_for_change(trace.reads[number], ends[number])
    }
    if not used:
        return ()
    kept = _kept(trace)
    ratios = {(kept.get(over, over), kept.get(under, under)) for over, under in trace.ratios}
    written = {id(event) for event in trace.all(Kind.WRITE)}
    found: list[LookUp] = []
    for number, read in used.items():
        peers = [used[other] for other in used if other != number and set(ends[other]) & set(ends[number])]
        below = [used[under] for over, under in ratios if over == number and under in used and under != number]
        below = [other for other in below if other.loops()[-1:] == read.loops()[-1:]]  # not of an earlier expert
        target, context, paired = _parts_of(read, peers, below)
        above = tuple(sorted(label.number for label in read.labels if isinstance(label, Read)))
        claimed = holds_any(_twins(number, trace), trace, submission)
        table = read.detail if isinstance(read.detail, Array) else None
        writes = tuple(event for event in (table.writes if table is not None else ()) if id(event) in written)
        found.append(
            LookUp(
                read, number, tuple(ends[number]), writes, target, context, above, claimed, paired, _same(read, trace)
            )
        )
    return tuple(found)


def _same(read: Event, trace: Trace) -> Labels:
    """Labels of look-ups by the same tokens in the same function: `if token in counts` and `counts[token]`."""
    key = _tokens(read.labels), TARGET in read.labels
    return frozenset(
        Read(number)
        for number, other in enumerate(trace.reads)
        if other.function == read.function and key == (_tokens(other.labels), TARGET in other.labels)
    )


def _is_for_change(read: Event, ends: Iterable[Event]) -> bool:
    """Whether it stands in a function that changes tables, scores nothing and gives nothing back."""
    call = next((block for block in reversed(read.trail) if block.what == "call"), None)
    if call is None or not isinstance(call.detail, Function) or any(call in end.trail for end in ends):
        return False
    body = call.detail.node.body
    statements = body if isinstance(body, list) else []
    if any(isinstance(n, ast.Return) and n.value is not None for s in statements for n in ast.walk(s)):
        return False
    return any(event.kind is Kind.WRITE for event in call.events())


def _twins(number: int, trace: Trace) -> Labels:
    """Labels of a look-up, and of the same one in an earlier walk of the loop around it."""
    place = _place(trace.reads[number])
    return frozenset(Read(other) for other, read in enumerate(trace.reads) if _place(read) == place)


def _place(event: Event) -> tuple[object, ...]:
    around = tuple((block.what, block.line, block.name) for block in event.trail)
    return event.source.path, event.line, event.name, around


def places(one: LookUp, every: Iterable[LookUp], first: Event | None = None) -> tuple[Evidence, ...]:
    """The lines that show it: what fills the table, the look-up, the count that it is divided by, the score."""
    found: list[tuple[Event, str]] = []
    written = first or next(iter(one.written_by(VAL) or one.writes), None)
    if written is not None:
        found.append((written, "write"))
    found.append((one.read, "read"))
    for other in every if one.target else ():
        if other.number != one.number and not other.target and set(other.ends) & set(one.ends):
            found.append((other.read, "read of the context"))
            break
    found.append((one.score, "score"))
    return tuple(event.evidence(role) for event, role in found)


def taken_back(submission: Submission) -> Event | None:
    """Where a loss of validation tokens is taken out of a sum that losses are added to."""
    trace = trace_of(submission)
    if trace is None:
        return None
    sums = {(event.name, event.function) for event in trace.all(Kind.SCORE)}
    taken = (event for event in trace.all(Kind.TAKEN) if {VAL, NLL} <= event.labels)
    return next((event for event in taken if (event.name, event.function) in sums), None)


def _ends(trace: Trace) -> dict[int, list[Event]]:
    """By look-up, the scores that it reaches, and the results of functions, where a sum may lie in between.

    A look-up of a loop's first walk stands for the one that was kept.
    """
    numbers = _kept(trace)
    found: dict[int, list[Event]] = defaultdict(list)
    for kind in (Kind.SCORE, Kind.RETURN):
        for event in trace.all(kind):
            if {VAL, NLL} <= event.labels:
                read = {numbers.get(label.number) for label in event.labels if isinstance(label, Read)}
                for number in read:
                    if number is not None:
                        found[number].append(event)
    return found


def _kept(trace: Trace) -> dict[int, int]:
    """For each look-up, the one that was kept of it when the loop around it was walked again."""
    kept = {_place(read): number for number, read in enumerate(trace.reads) if _is_kept(read)}
    return {number: kept[place] for number, read in enumerate(trace.reads) if (place := _place(read)) in kept}


def _is_kept(event: Event) -> bool:
    """Whether it stands in the tree still: a loop that is walked again begins anew."""
    inner: Event | Block = event
    for block in reversed(event.trail):
        if not any(child is inner for child in block.children):
            return False
        inner = block
    return True


def _parts_of(read: Event, peers: Iterable[Event], below: Iterable[Event]) -> tuple[bool, bool, bool]:
    """Whether a key is made of the target, whether of context, and whether it is so for sure.

    It is where what it gives is divided by what a key without the target gives: the count of the context.
    """
    own = _tokens(read.labels)
    others = [_last(_tokens(peer.labels)) for peer in peers]
    follows = any(
        any(other.get(base, offset) < offset for other in others)
        and not any(other.get(base, offset) > offset for other in others)
        for base, offset in _last(own).items()
    )
    paired = any(_lacks_target(other.labels, read.labels) for other in below)
    target = TARGET in read.labels or follows or paired
    context = INPUT in read.labels or len(own) >= 2 or paired or (TARGET in read.labels and bool(own))
    return target, context, paired


def _last(tokens: frozenset[Token]) -> dict[int, int]:
    """By base, how far ahead tokens reach: a key of more tokens further back reaches no further."""
    return {base: max(one.offset for one in tokens if one.base == base) for base in {one.base for one in tokens}}


def _lacks_target(shorter: Labels, longer: Labels) -> bool:
    """Whether a key is the other without the token that follows."""
    few, many = _tokens(shorter), _tokens(longer)
    if TARGET in longer and TARGET not in shorter:
        return not _before(shorter) or bool(_before(longer))
    if TARGET in shorter or not few:
        return False
    return (few < many and _adds_what_follows(few, many)) or _goes_further(few, many)


def _before(labels: Labels) -> Labels:
    """What a key is made of before the target."""
    return _tokens(labels) | (labels & {INPUT})


def _goes_further(shorter: frozenset[Token], longer: frozenset[Token]) -> bool:
    """Whether at places that both are made of, one reaches further ahead and the other nowhere does."""
    shared = {token.base for token in shorter} & {token.base for token in longer}
    ahead = [
        max(t.offset for t in longer if t.base == base) - max(t.offset for t in shorter if t.base == base)
        for base in shared
    ]
    return any(by > 0 for by in ahead) and all(by >= 0 for by in ahead)


def _adds_what_follows(shorter: frozenset[Token], longer: frozenset[Token]) -> bool:
    """Whether what a longer key has more is not a token further back at the same place."""
    lowest = {token.base: min(one.offset for one in shorter if one.base == token.base) for token in shorter}
    return any(token.base not in lowest or token.offset > lowest[token.base] for token in longer - shorter)


def _tokens(labels: Labels) -> frozenset[Token]:
    return frozenset(label for label in labels if isinstance(label, Token))
