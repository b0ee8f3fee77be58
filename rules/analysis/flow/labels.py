"""What the walker notes of values: where they are from, and what they were made into.

- `val`, `train`: tokens of the validation and of the training split; `gen`: sampled from the model; `rand`: random;
- `val?`, `train?`: the name of a file of that split, before it is read;
- `tgt`, `inp`: tokens one position ahead, and the tokens before them, cut from one stretch;
- `again`: what is walked through holds the same several times;
- `anywhere`: a stretch of tokens that begins at random;
- `logits`, `nll`: what a model answered, and a loss or log-probability at the token that came; `logp`: of either, that
  it is a logarithm of probabilities, not yet negated;
- `state`: losses of earlier turns, as sums and objects remember them; `seen`: of a test, that a log shows
  how it ended, and of data of several splits, that each has its turns;
- `bytes`, `length`: text as bytes, and how many they are; `packed`: compressed; `foreign`: made where the program
  cannot be followed;
- `stored`: read from a file that is of no split by its name; `matched`: of whether what is stored, or validation text
  that was compressed, is the token that came;
  `tokens`: of a file that is written, that tokens of the validation text are a part of it beside others; `partly`:
  that things were left out of it by their names;
- `hot`: a row for each token with a one at its place;
- `clock`: made of the time that it is;
- `rank`: made of the number of this process among several, so that its share begins there; `own`: the first position of
  its share; `earlier`: tokens before its share alone;
- `tried`: one loss for each of several things that were tried on the same text; `several`: several answers for it;
- `best`: where the best of several losses stands; `better`: whether one of two losses is the smaller; `gap`: one less
  the other, `excess`: as far as it is the larger; `relative`: several losses less the best of them; `Rivals(axis)`:
  several losses of the same tokens side by side; `Ranked()`: these in their order;
- `pooled`: made of tensors that each of several texts taught;
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
  `Until(bound, beyond, function)`: tokens up to so many after a bound; `Along(loop, size, at)`: so many after a chunk
  of that size begins; `Literal(number)`: a text that shows it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

VAL, TRAIN, GEN, RAND = "val", "train", "gen", "rand"
VAL_FILE, TRAIN_FILE = "val?", "train?"
TARGET, INPUT = "tgt", "inp"
PARTS, ANYWHERE = "parts", "anywhere"  # the first of a key: several indices, one for each dimension of a table
LOGITS, NLL, LOGP = "logits", "nll", "logp"
BYTES, LENGTH, FOREIGN, PACKED = "bytes", "length", "foreign", "packed"
LEAST, SCALED, SHIFTED, RAMP = "least", "scaled", "shifted", "ramp"
ENTROPY, SHARE, SPREAD, GATED = "entropy", "share", "spread", "gated"
AGAIN, TRIED, SEVERAL, CLOCK = "again", "tried", "several", "clock"
STATE, SEEN, AIMED, HELD, HINTED = "state", "seen", "aimed", "held", "hinted"
TOLD, TRUST, OWNED, PRIOR = "told", "trust", "owned", "prior"
TOP, PSEUDO = "top", "pseudo"
POOLED = "pooled"
BEST, BETTER, RELATIVE = "best", "better", "relative"
GAP, EXCESS = "gap", "excess"
STORED, MATCHED, TOKENS, PARTLY, HOT = "stored", "matched", "tokens", "partly", "hot"
RANK, OWN, EARLIER = "rank", "own", "earlier"
DATA = frozenset({VAL, TRAIN, GEN, RAND})


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


class Along(NamedTuple):
    """Counted from where the chunk of a turn begins: with `at` as large as `size` it is where the next one does."""

    loop: int
    size: int
    at: int
    what: str = "along"


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


_Where = Token | Later | Aim | Past | Came | Cut | Less | First | Until | Turn | Once | Part | Every | Window | Along
_Made = Read | Kept | Limit | Literal | Rivals | Ranked | Lost | Blend
Label = str | _Where | _Made
Labels = frozenset[Label]
NONE: Labels = frozenset()

LITERAL_DIGITS = 4  # after the point, at least


def begins(label: Label) -> bool:
    """Whether it tells where something begins: how far a loop had come."""
    return isinstance(label, Came) and label.side == "from"


def literals(number: Any) -> Labels:
    """The label of a plain number of so many digits that it is known again wherever it is met."""
    long = isinstance(number, float) and round(number, LITERAL_DIGITS - 1) != number
    return frozenset({Literal(number)}) if long else NONE
