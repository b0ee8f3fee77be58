"""Sliding-window evaluation: windows overlap, so that every token is scored with a long context before it.

## Recognised by
A live function that reads a stride and works out a loss or logits, or whose name says sliding and that scores.
Its stride must not be known to be 0 or the whole window.

## Not to be confused with
Sliding-window attention, a mask inside the model; the stride of a data loader.
"""

from __future__ import annotations

from rules.analysis.configuration import Origin
from rules.analysis.live import Program, Sighting
from rules.analysis.words import words_of

NAME = "sliding-window-eval"
TITLE = "Sliding-window evaluation"

_RUNS = {"main", "run", "train", "__main__"}  # they hand a stride on
_KERNELS = {"kernel", "fwd", "bwd"}  # their strides are those of memory
_NAMED = {"sliding", "slide"}
_SCORES = {"entropy", "nll", "logits", "bpb", "loss", "score", "scored"}
_EVALUATION = {"val", "eval", "byte", "bytes", "bpb"}


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    configuration = program.configuration
    stride, window = configuration.number("eval_stride"), configuration.number("eval_seq_len")
    told = configuration.origin("eval_seq_len") is not Origin.README
    if told and stride is not None and window is not None and stride >= window > 0:
        return None
    for units in program.functions.values():
        for unit in units:
            own = set(words_of(unit.scope.name))
            if own & (_RUNS | _KERNELS):
                continue
            known = [words_of(name) for name in (*unit.names, *unit.scope.args)]
            words = {word for name in known for word in name}
            strides = any(name and name[-1] == "stride" for name in known)
            if (strides or own & _NAMED) and words & _SCORES and words & _EVALUATION:
                return unit.at()
    return None
