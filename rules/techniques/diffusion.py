"""Diffusion: the model learns to restore masked or noised text, and is scored by a bound on its likelihood.

## Recognised by
Live classes or functions whose name says diffusion, MDLM or LLaDA.

## Not to be confused with
Masked attention; token dropping; noise that only regularises.
"""

from __future__ import annotations

from rules.analysis.live import Program, Sighting

NAME = "diffusion"
TITLE = "Diffusion language model"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    return program.made_any("diffusion", "mdlm", "llada", "masked diffusion", "denoise", "denoising")
