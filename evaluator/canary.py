"""The incompressible canary: on noise nobody scores better than chance, except by having seen the answer.

Tokens are drawn uniformly and independently from a vocabulary of V. Where each position's distribution p_t is
normalised and depends on earlier tokens only, E = prod V p_t(x_t) = exp(n ln V - total NLL) is a non-negative
martingale of mean 1, so that P(E >= 1/alpha) <= alpha (Ville's inequality), whatever the program does. A loss below
n ln V - ln(1/alpha) nats proves at level alpha that a target leaked into its own prediction, that probabilities do not
sum to one, or that tokens were miscounted. `TOLERANCE` is for floating point: losses are summed in single precision and
printed rounded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

ALPHA = 1e-9
TOLERANCE = 1e-3  # nats per token that the mean must lie below ln V besides


@dataclass(frozen=True, slots=True)
class Canary:
    """A score on noise, judged. `nats_per_token` is the mean over `tokens` tokens."""

    nats_per_token: float
    tokens: int
    vocab_size: int
    alpha: float = ALPHA

    @property
    def chance(self) -> float:
        """Nats per token of a uniform guess, ln V."""
        return math.log(self.vocab_size)

    @property
    def ln_e(self) -> float:
        """The natural logarithm of the e-value: n ln V - total NLL."""
        return self.tokens * (self.chance - self.nats_per_token)

    @property
    def bound(self) -> float:
        """What `ln_e` must exceed, ln(1/alpha)."""
        return -math.log(self.alpha)

    @property
    def violated(self) -> bool:
        """Whether the score is impossible without a leak, a mixture that does not sum to one, or a wrong count."""
        return self.ln_e > self.bound and self.nats_per_token < self.chance - TOLERANCE

    def sentence(self) -> str:
        """What it means, for the author."""
        figures = (
            f"On {self.tokens:,} validation tokens drawn uniformly at random from {self.vocab_size:,} it reports "
            f"{self.nats_per_token:.4f} nats per token, where a uniform guess costs ln {self.vocab_size:,} = "
            f"{self.chance:.4f} (ln E = {self.ln_e:,.0f}, the bound is {self.bound:.1f} at alpha = {self.alpha:g})."
        )
        if not self.violated:
            return f"{figures} That is no better than chance, as it must be."
        return (
            f"{figures} No causal and normalised predictor does better than chance on noise: a target reached its own "
            "prediction, tokens were learnt before they were scored, probabilities sum to more than one, losses were "
            "changed after they were computed, or the score was not measured. Score each token once, from a "
            "distribution over the whole vocabulary that was fixed before that token was read."
        )
