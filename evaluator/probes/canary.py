"""The incompressible canary, and the printed bits per byte held against the bytes that we count."""

from __future__ import annotations

import math

from evaluator.canary import Canary
from evaluator.evidence import ProbeOutcome, ProbeResult
from evaluator.probes import streams
from evaluator.probes.trial import Trial, Trials

NAME = "canary"
BYTES = "bytes"
BY_SIDECAR = "Take each token's bytes from the sidecar beside the validation shards."
BY_TOKENIZER = "Count a token's bytes without the space marker, plus one for a leading space unless after a boundary."
_BYTES_OFF = 0.02  # of the bytes that we count: less may be a boundary treated in another way


def canary(trials: Trials) -> ProbeResult:
    """Noise in both splits; a loss below chance is a proof.

    Of several final score lines the lowest is judged: which of them the submission claims is not known here, and no
    honest one lies below chance.
    """
    trial = trials.of(streams.canary(trials.data, trials.settings.tokens, trials.settings.seed))
    loss = _nats_per_token(trial, trials)
    if loss is None:
        return _not_run(NAME, trial.reason or trials.data.uncounted)
    judged = Canary(loss, trial.tokens, trials.data.vocab_size, trials.settings.alpha)
    return _result(NAME, judged, judged.violated, judged.sentence(), {})


def printed_bytes(trials: Trials) -> ProbeResult:
    """The printed bits per byte on the same noise, times the bytes that we count, as a loss.

    Shown is a violation where that loss is below what was printed as the loss, or below chance, by more than a
    different treatment of boundaries explains.
    """
    trial = trials.of(streams.canary(trials.data, trials.settings.tokens, trials.settings.seed))
    if trial.score is None or trial.score.val_bpb is None:
        return _not_run(BYTES, trial.reason)
    if trials.data.uncounted:
        return _not_run(BYTES, trials.data.uncounted)
    counted = trials.data.table.count(trial.streams.val)
    ours = trial.score.val_bpb * math.log(2) * counted / trial.streams.scored
    judged = Canary(ours, trial.tokens, trials.data.vocab_size, trials.settings.alpha)
    loss = trial.score.val_loss
    implied = None if loss is None else loss * trial.streams.scored / math.log(2) / trial.score.val_bpb
    off = 0.0 if implied is None else implied / counted - 1
    figures = {"bytes_counted": float(counted), "val_bpb": trial.score.val_bpb}
    if implied is not None:
        figures |= {"bytes_implied": implied, "bytes_off": off}
    violated = judged.violated and (implied is None or off > _BYTES_OFF)
    told = _bytes_sentence(trial, counted, implied, violated)
    if violated:
        told += f" {BY_SIDECAR if trials.data.sidecars else BY_TOKENIZER}"
    return _result(BYTES, judged, violated, told, figures)


def _nats_per_token(trial: Trial, trials: Trials) -> float | None:
    """The lowest loss printed; where only bits per byte are printed, those times the bytes that we count."""
    if trial.score is None:
        return None
    losses = [score.val_loss for score in trial.finals if score.val_loss is not None]
    if losses:
        return min(losses)
    scores = [score.val_bpb for score in trial.finals if score.val_bpb is not None]
    if not scores or trials.data.uncounted:
        return None
    return min(scores) * math.log(2) * trials.data.table.count(trial.streams.val) / trial.streams.scored


def _bytes_sentence(trial: Trial, counted: int, implied: float | None, violated: bool) -> str:
    told = f"The validation tokens that we wrote stand for {counted:,} bytes"
    if implied is None:
        return f"{told}; no loss in nats was printed beside the bits per byte, so that the bytes cannot be told apart."
    if not violated:
        return f"{told}; the printed score implies {implied:,.0f}."
    shown = trial.score.quote.strip()[:120] if trial.score else ""
    return (
        f"{told}; the printed loss and score ({shown}) imply {implied:,.0f}, {implied / counted - 1:+.1%}. "
        "Counting more bytes than there are lowers the score."
    )


def _result(probe: str, judged: Canary, violated: bool, sentence: str, figures: dict[str, float]) -> ProbeResult:
    return ProbeResult(
        probe=probe,
        result=ProbeOutcome.VIOLATED if violated else ProbeOutcome.NOT_SHOWN,
        sentence=sentence,
        ln_e=judged.ln_e,
        nats_per_token=judged.nats_per_token,
        tokens=judged.tokens,
        vocab_size=judged.vocab_size,
        alpha=judged.alpha,
        figures={"ln_v": judged.chance, "bound": judged.bound, **figures},
    )


def _not_run(probe: str, reason: str) -> ProbeResult:
    return ProbeResult(probe=probe, result=ProbeOutcome.NOT_RUN, reason=reason)
