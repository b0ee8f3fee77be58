"""The swap: who scores much better on the official split than on other text of the same kind has seen the split."""

from __future__ import annotations

import statistics

from evaluator.evidence import ProbeOutcome, ProbeResult
from evaluator.probes import streams
from evaluator.probes.causality import same_score
from evaluator.probes.trial import Trials

NAME = "swap"
EXCHANGEABLE = 3
_DEVIATIONS = 10.0  # of the scores on exchangeable text
_LEAST = 0.02  # of their mean


def swap(trials: Trials) -> ProbeResult:
    """Train on the same text, score the official split and three stretches that training never had."""
    runs = [trials.of(one) for one in streams.exchanged(trials.data, trials.settings.tokens, EXCHANGEABLE)]
    losses: list[float] = []
    for trial in runs:
        if trial.score is None or (loss := trial.score.val_loss or trial.score.val_bpb) is None:
            return ProbeResult(NAME, ProbeOutcome.NOT_RUN, reason=trial.reason or "no loss was printed")
        losses.append(loss)
    official, others = losses[0], losses[1:]
    mean, spread = statistics.fmean(others), statistics.stdev(others)
    gain = mean - official
    figures = {"official": official, "exchangeable": mean, "deviation": spread, "gain": gain}
    same = all(same_score(runs[0], other, trials.data.vocab_size) for other in runs[1:])
    if same:
        text = f"Four different texts get the same score to every digit ({official:g}): it was not measured."
    elif gain > max(_DEVIATIONS * spread, _LEAST * mean):
        text = (
            f"The official split costs {official:.4f}, other text of the same kind {mean:.4f} (deviation "
            f"{spread:.4f}): the submission has seen the official split. Keep all of it out of artifact and code."
        )
    else:
        text = f"The official split costs {official:.4f}, other text of the same kind {mean:.4f}."
        return ProbeResult(NAME, ProbeOutcome.NOT_SHOWN, text, tokens=runs[0].streams.scored, figures=figures)
    return ProbeResult(NAME, ProbeOutcome.VIOLATED, text, tokens=runs[0].streams.scored, figures=figures)
