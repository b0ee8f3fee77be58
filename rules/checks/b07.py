"""A vector is fitted on the part before the scored one, but one vector serves a batch of overlapping windows.

## Why it matters
Within each window the fit looks at earlier positions alone. Windows of a batch overlap, however: what is context in
one is scored in another, so that a vector they share has seen scored tokens.

## Flagged
    delta = torch.zeros(1, 1, dim, requires_grad=True)
    for _ in range(steps):
        losses(hidden + delta, y)[context_mask].mean().backward()
        optimizer.step()

## Allowed
A vector for each row (`torch.zeros(batch, 1, dim)`), or windows taken one at a time.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rules.analysis.flow.active import standing_of
from rules.analysis.flow.objects import Array
from rules.analysis.flow.protocol import Adaptation, Learning, protocol_of, worst
from rules.analysis.nodes import nodes_of
from rules.competition import Competition
from rules.rule import Evidence, Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(code="B07", name="causal-slot-shared-delta", category="slot", severity=Severity.REVIEW, doc=__doc__)


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield the shared vector that weighs most."""
    protocol = protocol_of(submission)
    if protocol is None:
        return
    shared = {one: tensor for one in protocol.adaptations if (tensor := _shared(one)) is not None}
    found = worst(shared)
    if found is None or found.score is None:
        return
    tensor = shared[found]
    made = Evidence(tensor.source.locate(tensor.line), tensor.source.evidence(tensor.line).quote, "shared vector")
    standing = standing_of(found, submission)
    yield RULE.at(
        made.location,
        f"The vector made at line {tensor.line} is fitted on the part before the scored one (line {found.learn.line}), "
        f"but all windows of a batch share it: what is context in one is scored in another. {standing.why}".rstrip(),
        fix="Give each window a vector of its own, or take the windows one at a time.",
        severity=min(standing.severity, RULE.severity, key=lambda severity: severity.rank),
        evidence=(made, found.learn.evidence("fitting"), found.score.evidence("score")),
    )


def _shared(found: Adaptation) -> Array | None:
    """The fitted tensor, where its first dimension is one while the window is a batch's."""
    if not found.fresh or found.how is not Learning.CONTEXT:
        return None
    return next((tensor for tensor in found.tensors if _is_of_one_row(tensor)), None)


def _is_of_one_row(tensor: Array) -> bool:
    """Whether the call that made it says 1 for the first of several dimensions."""
    for node in nodes_of(tensor.source, ast.Call):
        if node.lineno == tensor.line and len(node.args) >= 2:
            first = node.args[0]
            return isinstance(first, ast.Constant) and first.value == 1
    return False
