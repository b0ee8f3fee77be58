"""Suffix flip and truncation: what was committed to early must not depend on what comes later."""

from __future__ import annotations

import math

from evaluator.canary import TOLERANCE
from evaluator.evidence import ProbeOutcome, ProbeResult
from evaluator.probes import streams
from evaluator.probes.progress import Mark, marks
from evaluator.probes.trial import Trial, Trials

SUFFIX = "suffix-flip"
TRUNCATION = "truncation"
_LEAST_MARKS = 2
_UNIFORM = 1e-5  # nats per token around ln V: single precision
_NOISE = 20  # times what a repetition of the same run differs by


def suffix_flip(trials: Trials) -> ProbeResult:
    """Two streams that agree in their first half: running losses up to there must agree.

    A difference is shown only where it is 20 times what a second run on the same stream differs by, and above the
    tolerance. Without running losses there is nothing to compare.
    """
    first, second = (_trial(trials, make) for make in (streams.whole, streams.flipped))
    for trial in (first, second):
        if trial.score is None:
            return ProbeResult(SUFFIX, ProbeOutcome.NOT_RUN, reason=trial.reason)
    pairs = _pairs(_before_half(first), _before_half(second))
    if len(pairs) < _LEAST_MARKS:
        why = "it prints no running losses, so that what it committed to in the first half cannot be told from the rest"
        return ProbeResult(SUFFIX, ProbeOutcome.NOT_RUN, reason=why)
    apart = _apart(pairs)
    noise = 0.0
    if apart > TOLERANCE:
        control = trials.again(streams.whole(trials.data, trials.settings.tokens, trials.settings.seed))
        noise = _apart(_pairs(_before_half(first), _before_half(control)))
    violated = apart > max(TOLERANCE, _NOISE * noise)
    figures = {"largest_difference": apart, "control_difference": noise, "compared": float(len(pairs))}
    return ProbeResult(
        SUFFIX,
        _outcome(violated),
        _flip_sentence(len(pairs), apart, noise, violated),
        tokens=first.streams.scored,
        figures=figures,
    )


def truncation(trials: Trials) -> ProbeResult:
    """The first half alone beside the whole: the score must change, and its half must cost what it cost inside.

    That the two scores are the same digit for digit is a proof: a fixed part was scored, or nothing. A mere difference
    of the halves is told in the figures and proves nothing, since a schedule may depend on the length of the stream.
    """
    whole, half = (_trial(trials, make) for make in (streams.whole, streams.half))
    for trial in (whole, half):
        if trial.score is None:
            return ProbeResult(TRUNCATION, ProbeOutcome.NOT_RUN, reason=trial.reason)
    same = same_score(whole, half, trials.data.vocab_size)
    figures = _halves(whole, half)
    if same:
        text = (
            f"{whole.streams.scored:,} validation tokens and their first half alone give the same score to every digit "
            f"({_shown(whole)}): a fixed part of them was scored, or none. Score every token of the shards."
        )
    else:
        text = "The first half of the stream alone has a score of its own, as it must."
        if "half_inside_nats" in figures:
            text += (
                f" It costs {figures['half_alone_nats']:.4f} alone and {figures['half_inside_nats']:.4f} inside the"
                " whole (a schedule over the stream's length may explain a difference)."
            )
    return ProbeResult(TRUNCATION, _outcome(same), text, tokens=half.streams.scored, figures=figures)


def same_score(one: Trial, other: Trial, vocab_size: int) -> bool:
    """Whether two scores on different tokens agree in more digits than chance explains.

    A uniform guess costs the same on any tokens: its score says nothing.
    """
    if one.score is None or other.score is None:
        return False
    if one.score.val_loss is not None and abs(one.score.val_loss - math.log(vocab_size)) < _UNIFORM:
        return False
    pairs = [(one.score.val_loss, other.score.val_loss), (one.score.val_bpb, other.score.val_bpb)]
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    precise = any(_digits(value) >= 6 for pair in known for value in pair)
    return precise and bool(known) and all(a == b for a, b in known)


def _digits(value: float) -> int:
    return len(repr(value).partition(".")[2])


def _shown(trial: Trial) -> str:
    return trial.score.quote.strip()[:120] if trial.score else ""


def _trial(trials: Trials, make: object) -> Trial:
    return trials.of(make(trials.data, trials.settings.tokens, trials.settings.seed))  # type: ignore[operator]


def _before_half(trial: Trial) -> list[Mark]:
    return [mark for mark in marks(trial.ended.text) if mark.share <= 0.5]


def _pairs(one: list[Mark], other: list[Mark]) -> list[tuple[Mark, Mark]]:
    second = {(mark.done, mark.total): mark for mark in other}
    return [(mark, second[mark.done, mark.total]) for mark in one if (mark.done, mark.total) in second]


def _apart(pairs: list[tuple[Mark, Mark]]) -> float:
    """The largest difference, less what rounding explains."""
    return max((abs(a.value - b.value) - 10.0 ** -min(a.digits, b.digits) for a, b in pairs), default=0.0)


def _halves(whole: Trial, half: Trial) -> dict[str, float]:
    inside = next((m for m in reversed(_before_half(whole)) if math.isclose(m.share, 0.5)), None)
    last = next(reversed(list(marks(half.ended.text))), None)
    if inside is None or last is None or last.done != last.total:
        return {}
    return {"half_inside_nats": inside.value, "half_alone_nats": last.value}


def _outcome(violated: bool) -> ProbeOutcome:
    return ProbeOutcome.VIOLATED if violated else ProbeOutcome.NOT_SHOWN


def _flip_sentence(compared: int, apart: float, noise: float, violated: bool) -> str:
    if not violated:
        return f"{compared} running losses over the first half are the same whatever the second half holds."
    return (
        f"Two validation streams agree in their first half, and the running losses over that half differ by up to "
        f"{apart:.4f} (the same stream twice: {noise:.4f}): what was scored early depends on tokens that come later. "
        "Score each token before anything has read what follows it."
    )
