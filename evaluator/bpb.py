"""Bits per byte = (mean NLL in nats / ln 2) x tokens / bytes, from logits or from the loss of each token.

Losses are added up in double precision: over 60 million tokens single precision would be wrong in the fourth digit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


class ScoreError(ValueError):
    """Losses and counts make no score. The message says why."""


def token_nll(logits: Tensor, targets: Tensor) -> Tensor:
    """Nats of each target in double precision, shaped like `targets`; `logits` has the vocabulary behind that shape."""
    import torch

    if logits.shape[:-1] != targets.shape:
        raise ScoreError(f"logits of shape {tuple(logits.shape)} do not fit targets of {tuple(targets.shape)}")
    wide = logits.double()
    chosen = wide.gather(-1, targets.long().unsqueeze(-1)).squeeze(-1)
    return torch.logsumexp(wide, dim=-1) - chosen


def bits_per_byte(total_nats: float, byte_count: int) -> float:
    """Bits per byte of a total loss. Raises ScoreError where there is no byte, or the loss is no number."""
    if byte_count <= 0:
        raise ScoreError("no byte was scored: bits per byte are undefined")
    if not math.isfinite(total_nats):
        raise ScoreError(f"the total loss is {total_nats}")
    return total_nats / math.log(2) / byte_count


@dataclass(slots=True)
class Tally:
    """Sums over what was scored so far: nats, tokens, bytes."""

    nats: float = 0.0
    tokens: int = 0
    bytes: int = 0

    def add(self, nll: Tensor, byte_count: int) -> None:
        """Book the losses of some tokens, in nats, and the bytes that they stand for."""
        self.nats += float(nll.double().sum().item())
        self.tokens += nll.numel()
        self.bytes += byte_count

    @property
    def nats_per_token(self) -> float:
        """The mean loss."""
        if not self.tokens:
            raise ScoreError("no token was scored")
        return self.nats / self.tokens

    @property
    def val_bpb(self) -> float:
        """Bits per byte."""
        return bits_per_byte(self.nats, self.bytes)
