"""What the walker knows of a value: where it is from, what it is if that is plain, and how it indexes the text.

Labels say where a value is from or what it was made into:

- `val`, `train`: tokens of the validation and of the training split; `gen`: sampled from the model; `rand`: random;
- `val?`, `train?`: the name of a file of that split, before it is read;
- `tgt`, `inp`: tokens one position ahead, and the tokens before them, cut from one stretch;
- `again`: what is walked through holds the same several times;
- `anywhere`: a stretch of tokens that begins at random;
- `logits`, `nll`: what a model answered, and a loss or log-probability at the token that came; `logp`: of either, that
  it is a logarithm of probabilities, not yet negated;
- `state`: losses of earlier turns, as sums and objects remember them; `seen`: of a test, that a log shows
  how it ended, and of data of several splits, that each has its turns;
- `bytes`, `length`: text as bytes, and how many they are; `foreign`: made where the program cannot be followed;
- `stored`: read from a file that is of no split by its name; `matched`: of whether that is the token that came;
  `tokens`: of a file that is written, that tokens of the validation text are a part of it beside others; `partly`:
  that things were left out of it by their names;
- `clock`: made of the time that it is;
- `rank`: made of the number of this process among several, so that its share begins there; `own`: the first position of
  its share; `earlier`: tokens before its share alone;
- `tried`: one loss for each of several things that were tried on the same text;
- `best`: where the best of several losses stands; `better`: whether one of two losses is the smaller; `gap`: one less
  the other, `excess`: as far as it is the larger; `relative`: several losses less the best of them; `Rivals(axis)`:
  several losses of the same tokens side by side; `Ranked()`: these in their order;
- `told`: surely taken at the token that came; `trust`: a share made of losses, `owned`: weighed by one that is made of
  losses of its own tokens; `prior`: of losses, that they are of tokens before;
- `top`: the most that an answer gives to any token; `pseudo`: of a mixture, that this is a prediction in it;
- `least`, `scaled`, `shifted`: the smaller of several losses, a loss times or plus a constant; more in `marks.py`;
- `ramp`: numbers that grow from place to place, and what is computed of them;
- `held`: targets that an array holds; `hinted`: whether the token that came is one that was named before;
- `aimed`: picked of a distribution whose weight is made of the token that it is picked at; until it is picked,
  `Aim(at)` tells what the weights are made of;
- `Token(base, offset)`: tokens looked up at a position, relative to other look-ups with the same base; `Later(base)`:
  a stretch of tokens that begins one later than that;
- `Blend(number)`: a loss that was put together with something else of the text, see `blends.py`;
- `Read(number)`: what the look-up in a table with that number gave;
- `Turn(number)`: picked by the turn of the loop with that number;
- `Lost(number)`: made of a loss that was found at its place; `Once(loop)`: bound in the first turn of a loop alone;
- `Kept(number)`: holds what the score with that number added up; `Past(line)`: left over from an earlier turn of a
  loop; `Came(line, side)`: how far that loop had come, or what is from there on; `Cut(side, bound, function)`: the part
  before or after a bound; `First(tokens)`: the first tokens alone; `Part(of)`: one of so many stretches alone;
  `Window(base)`: a window for each position; `Every(times, of)`: steps that may be longer than a stretch;
  `Until(bound, beyond, function)`: tokens up to so many after a bound; `Literal(number)`: a text that shows it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

VAL, TRAIN, GEN, RAND = "val", "train", "gen", "rand"
VAL_FILE, TRAIN_FILE = "val?", "train?"
TARGET, INPUT = "tgt", "inp"
PARTS, ANYWHERE = "parts", "anywhere"  # the first of a key: several indices, one for each dimension of a table
LOGITS, NLL, LOGP = "logits", "nll", "logp"
BYTES, LENGTH, FOREIGN = "bytes", "length", "foreign"
LEAST, SCALED, SHIFTED, RAMP = "least", "scaled", "shifted", "ramp"
ENTROPY, SHARE, SPREAD, GATED = "entropy", "share", "spread", "gated"
AGAIN, TRIED, CLOCK = "again", "tried", "clock"
STATE, SEEN, AIMED, HELD, HINTED = "state", "seen", "aimed", "held", "hinted"
TOLD, TRUST, OWNED, PRIOR = "told", "trust", "owned", "prior"
TOP, PSEUDO = "top", "pseudo"
BEST, BETTER, RELATIVE = "best", "better", "relative"
GAP, EXCESS = "gap", "excess"
STORED, MATCHED, TOKENS, PARTLY = "stored", "matched", "tokens", "partly"
RANK, OWN, EARLIER = "rank", "own", "earlier"
DATA = frozenset({VAL, TRAIN, GEN, RAND})
MOST_ITEMS = 64
LITERAL_DIGITS = 4  # after the point, at least


class Token(NamedTuple):
    """Tokens at a position: `offset` 0 is where the index itself points, negative is earlier."""

    base: int
    offset: int


class Later(NamedTuple):
    """Cut one token later from a stretch that `Token` tells by its base."""

    base: int
    what: str = "later"


class Aim(NamedTuple):
    """A weight or a choice is made of that token: `at` is `TARGET`, or where the token stands."""

    at: Token | str
    what: str = "aim"


class Blend(NamedTuple):
    """A loss that was put together with something else of the text: `number` counts in the trace's `blends`."""

    number: int
    what: str = "blend"


class Read(NamedTuple):
    """The result of a look-up in a table."""

    number: int
    what: str = "read"  # labels are compared as plain tuples


class Turn(NamedTuple):
    """Picked by the variable of a loop."""

    loop: int
    what: str = "turn"


class Kept(NamedTuple):
    """Holds what a score of the trace kept or added up."""

    number: int
    what: str = "kept"


class Lost(NamedTuple):
    """Made of the loss with that number, as it was found at its place."""

    number: int
    what: str = "lost"


class Once(NamedTuple):
    """Bound in the first turn of the loop with that number alone."""

    loop: int
    what: str = "once"


class Past(NamedTuple):
    """Left over from an earlier turn of the loop at that line."""

    line: int
    what: str = "past"


class Came(NamedTuple):
    """So far the loop at that line had come when it ended (`to`); or what begins there (`from`)."""

    line: int
    side: str = "to"


class Cut(NamedTuple):
    """Cut at a bound: what comes before it (`to`) or after it (`from`)."""

    side: str
    bound: str
    function: str


class Less(NamedTuple):
    """A number that something was taken away from: where a window's last part begins, whatever its length is."""

    by: str
    function: str
    what: str = "less"


class First(NamedTuple):
    """The first tokens of a text alone, so many: a plain bound that no size of the text is behind."""

    tokens: int
    what: str = "first"


class Part(NamedTuple):
    """One of so many stretches alone, all along the text."""

    of: int
    what: str = "part"


class Window(NamedTuple):
    """Windows over a text; `Token` tells by its base their last tokens, and those before."""

    base: int
    what: str = "window"


class Every(NamedTuple):
    """Counted in steps of so many times something: its number, or its text where that is not known."""

    times: int
    of: int | str
    what: str = "every"


class Until(NamedTuple):
    """Cut before a bound and so many tokens after it: `tokens[start : end + 1]`."""

    bound: str
    beyond: int
    function: str
    what: str = "until"


class Limit(NamedTuple):
    """A clock is set against so many seconds, or whatever it counts."""

    amount: float
    what: str = "limit"


class Rivals(NamedTuple):
    """Losses of several predictions of the same tokens, told apart by that axis."""

    axis: int
    what: str = "rivals"


class Ranked(NamedTuple):
    """Several losses of the same tokens in the order of their sizes."""

    what: str = "ranked"


class Literal(NamedTuple):
    """A text shows a number that stands in the program as it is, or a value may be one."""

    number: float
    what: str = "literal"


_Where = Token | Later | Aim | Past | Came | Cut | Less | First | Until | Turn | Once | Part | Every | Window
_Made = Read | Kept | Limit | Literal | Rivals | Ranked | Lost | Blend
Label = str | _Where | _Made
Labels = frozenset[Label]
NONE: Labels = frozenset()


class _Unknown:
    def __repr__(self) -> str:
        return "?"

    def __bool__(self) -> bool:
        raise TypeError("an unknown constant has no truth")


UNKNOWN: Any = _Unknown()


class Value:
    """An abstract value. Not changed once made; what changes hangs on `ref`.

    `const` is the plain value where it is known, `items` the values of a short sequence, `ref` the object that it is
    (a function, an instance, an array), `place` base and offset of an index into the text, `optional` whether it may
    be None as well.
    """

    __slots__ = ("const", "items", "labels", "optional", "place", "ref")

    def __init__(
        self,
        labels: Labels = NONE,
        const: Any = UNKNOWN,
        items: tuple[Value, ...] | None = None,
        ref: Any = None,
        place: Token | None = None,
        optional: bool = False,
    ) -> None:
        self.labels = labels
        self.const = const
        self.items = items
        self.ref = ref
        self.place = place
        self.optional = optional

    def __repr__(self) -> str:
        return f"Value({set(self.labels) or ''}, {self.const!r}, {self.items}, {self.ref})"

    @property
    def turns(self) -> Labels:
        """The loops whose variable it is made of, and what of the text these leave out, or others before them."""
        if not self.labels:
            return NONE
        return frozenset([one for one in self.labels if isinstance(one, (Turn, Part)) or begins(one)])

    @property
    def known(self) -> bool:
        """Whether the plain value is known."""
        return self.const is not UNKNOWN

    @property
    def is_none(self) -> bool:
        """Whether it is None for sure."""
        return self.const is None

    def all_labels(self, depth: int = 4) -> Labels:
        """Labels of the value, of its items and of the array or container that it is."""
        found = self.labels
        if not depth:
            return found
        if self.items is not None:
            for item in self.items:
                found |= item.all_labels(depth - 1)
        if self.ref is not None:
            held = getattr(self.ref, "held", None)
            if held is not None:
                found |= held(depth - 1)
        return found

    def plus(self, labels: Iterable[Label]) -> Value:
        """The same with more labels."""
        return Value(self.labels | frozenset(labels), self.const, self.items, self.ref, self.place, self.optional)


NOTHING = Value()


def constant(value: Any) -> Value:
    """A plain value."""
    return Value(const=value)


def without(value: Value, label: Label) -> Value:
    """The same without a label of its own."""
    if label not in value.labels:
        return value
    return Value(value.labels - {label}, value.const, value.items, value.ref, value.place, value.optional)


def begins(label: Label) -> bool:
    """Whether it tells where something begins: how far a loop had come."""
    return isinstance(label, Came) and label.side == "from"


def unaimed(value: Value) -> Value:
    """The same as it is kept for later: what it was made of then says nothing of the token that comes."""
    aims = frozenset(label for label in value.labels if isinstance(label, Aim))
    if not aims:
        return value
    return Value(value.labels - aims, value.const, value.items, value.ref, value.place, value.optional)


def joined(*values: Value) -> Value:
    """What may be any of these."""
    if not values:
        return NOTHING
    result = values[0]
    for other in values[1:]:
        result = _join(result, other)
    return result


def _join(one: Value, other: Value) -> Value:
    if one is other:
        return one
    if one.is_none != other.is_none:
        return _perhaps(other if one.is_none else one, one.labels | other.labels)
    items = None
    if one.items is not None and other.items is not None and len(one.items) == len(other.items):
        items = tuple(_join(a, b) for a, b in zip(one.items, other.items, strict=True))
    same = one.known and other.known and type(one.const) is type(other.const) and one.const == other.const
    labels = one.labels | other.labels
    if not same:
        labels |= literals(one.const) | literals(other.const)
    if items is None:
        for side in (one, other):
            for item in side.items or ():
                labels |= item.all_labels()
    if VAL in one.labels and VAL in other.labels and one.labels != other.labels:
        labels -= _first(one.labels) ^ _first(other.labels)  # the first tokens alone are so on either side
    place = one.place if other.place is None or one.place == other.place else None
    if one.place is None:
        place = other.place
    ref = one.ref if one.ref is not None else other.ref
    if one.ref is not None and other.ref is not None and one.ref is not other.ref:
        ref, more = _either(one.ref, other.ref)
        labels |= more
    optional = one.optional or other.optional
    return Value(labels, one.const if same else UNKNOWN, items, ref, place, optional)


def literals(number: Any) -> Labels:
    """The label of a plain number of so many digits that it is known again wherever it is met."""
    long = isinstance(number, float) and round(number, LITERAL_DIGITS - 1) != number
    return frozenset({Literal(number)}) if long else NONE


def _first(labels: Labels) -> Labels:
    return frozenset(label for label in labels if isinstance(label, First))


def _either(one: Any, other: Any) -> tuple[Any, Labels]:
    """What may be one of two objects: the first, with the data of the other; two readers of data are put together."""
    if one.__class__ is not other.__class__:
        return one, NONE
    more = _data(other) - _data(one)
    beside = getattr(one, "beside", None) if more else None
    return (one if beside is None else beside(other)), more


def _data(ref: Any) -> Labels:
    """Of which splits an object holds data, and what look-ups gave it."""
    held = getattr(ref, "held", None)
    return NONE if held is None else frozenset(one for one in held(3) if one in DATA or isinstance(one, Read))


def _perhaps(value: Value, labels: Labels) -> Value:
    """The value, or None: what it is otherwise stays told apart."""
    return Value(labels, UNKNOWN, value.items, value.ref, value.place, optional=True)
