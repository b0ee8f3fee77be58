"""Which score lines stand for a headline, and which are diagnostics."""

from __future__ import annotations

import re

# Progress of a running evaluation or of training: never a score of its own.
_PROGRESS = re.compile(
    r"chunk|progress|running|batch|\bepoch|_epoch|run_bpb|windows|\[ *\d+(?:\.\d+)?%|\bttp\b|\bphase:|\bgate_ref"
    r"|\bc\[\d|\btc\[|\d/\d+\b|\bstatic_|\bdiag\b.*\brank|marginal|\bmy_|rank:\d"
)
# A score of something else than the artifact that is handed in.
_DIAGNOSTIC = re.compile(
    r"diag|pre[-_ ]?quant|prequant|before[-_ ]quant|unquant|pre[-_]?ttt|no[-_ ]?ttt\b"
    r"|(?:post|after)[-_ ](?:ema|swa|average|averaging)"
    r"|\b(?:ema|swa|raw)(?:[-_ ](?:eval|model|weights|bpb|val|fp\d+))?\b"
    r"|fp32|bf16|float|baseline|delta|gain|gap|improve|candidate|best_ckpt|best_averag|\bbest\b|checkpoint|ckpt|warm"
    r"|(?:neural|nn|model|ppm|ngram)[-_]only|target|claim|sota|leader|reference|expected|estimate|approx|partial|subset"
    r"|\bsample\b|proxy|\bvs\b|previous|\bold\b|limit|threshold|train|teacher|(?<!re)search|sweep|ablation|select"
)
_STEP = re.compile(
    r"^\s*(?:\[?[\d.:]+\]?\s)?\[?(?:(?:[a-z_]*step|s|iter(?:ation)?)\s?[:=#]?\s{0,8}(\d+)"
    r"|(\d+)\s?/\s?\d+\b)|\bstep[:= ]\s?(\d+)"
)


def is_progress(label: str) -> bool:
    """Whether the lower-case `label` belongs to a line that an evaluation prints while it runs."""
    return _PROGRESS.search(label) is not None


def step_of(label: str) -> int | None:
    """The training step that a lower-case line names."""
    found = _STEP.search(label)
    return int((found[1] or found[2] or found[3])[:12]) if found else None


def is_final(label: str) -> bool:
    """Whether the lower-case, non-empty `label` may stand for a headline.

    Scores of a training step, of weights before quantisation or averaging, of a part of a mixture, of references and
    differences do not.
    """
    return _DIAGNOSTIC.search(label) is None
