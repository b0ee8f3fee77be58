"""Coverage: whether the score is of every token that we wrote, and of no other."""

from __future__ import annotations

from evaluator.evidence import ProbeOutcome, ProbeResult
from evaluator.probes import streams
from evaluator.probes.causality import same_score
from evaluator.probes.trial import Trial, Trials
from rules.submission import Quantity

NAME = "coverage"
_SLACK = 0.1  # of the tokens: whole sequences and batches leave a rest


def coverage(trials: Trials) -> ProbeResult:
    """Stated counts beside those that we wrote, and a second half whose exchange must change the score."""
    settings = trials.settings
    whole = trials.of(streams.whole(trials.data, settings.tokens, settings.seed))
    if whole.score is None:
        return ProbeResult(NAME, ProbeOutcome.NOT_RUN, reason=whole.reason)
    written = whole.streams.scored
    figures = {"tokens_written": float(written), **_stated(whole)}
    stated = figures.get("tokens_stated")
    if stated is not None and abs(stated - written) > 1 + _SLACK * written:
        return _violated(
            f"It says that it scored {stated:,.0f} tokens; the validation shards hold {written:,}.", figures
        )
    flipped = trials.of(streams.flipped(trials.data, settings.tokens, settings.seed))
    if flipped.score is None:
        return ProbeResult(NAME, ProbeOutcome.NOT_RUN, reason=flipped.reason)
    if same_score(whole, flipped, trials.data.vocab_size):
        shown = whole.score.quote.strip()[:120]
        return _violated(
            "The last half of the validation tokens was exchanged, and the score stayed the same to every digit "
            f"({shown}): these tokens were not scored.",
            figures,
        )
    text = "The score changes with the last half of the validation tokens, and the count fits."
    return ProbeResult(NAME, ProbeOutcome.NOT_SHOWN, text, tokens=written, figures=figures)


def _stated(trial: Trial) -> dict[str, float]:
    told = {"tokens_stated": trial.log.last(Quantity.VAL_TOKENS), "bytes_stated": trial.log.last(Quantity.VAL_BYTES)}
    return {name: found.value for name, found in told.items() if found is not None}


def _violated(sentence: str, figures: dict[str, float]) -> ProbeResult:
    text = f"{sentence} Score the whole validation split, each token once."
    return ProbeResult(NAME, ProbeOutcome.VIOLATED, text, tokens=int(figures["tokens_written"]), figures=figures)
