"""Score-first test-time training: the model is trained on validation tokens after they have been scored, never before.

## Recognised by
The order of what happens to validation tokens, as the walk of the program finds it. Where it sees no score beside the
learning: a live function that evaluates and trains, and adds up the score of a chunk before it takes a step on it.

## Not to be confused with
Training on validation tokens before they are scored; SLOT, which optimises a vector for each sample. That no token
is trained on before its score counts is for the rules to show.
"""

from __future__ import annotations

from rules.analysis.adaptation import adaptations
from rules.analysis.live import Program, Sighting

NAME = "score-first-ttt"
TITLE = "Score-first test-time training"


def detect(program: Program) -> Sighting | None:
    """Where live code shows it, or None."""
    return next((a.trained for a in adaptations(program) if a.score_first), None)
