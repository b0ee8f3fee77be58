"""Adapters that one text has taught help to score another that stands beside it.

## Why it matters
A token's probability may depend on the artifact and on earlier tokens. Rows of a batch, and the texts of ranks, stand
beside each other: what one of them teaches before the others are scored is no earlier text for them, and may be later.

## Flagged
    lora = SharedAdapter(rank)                       # one for all documents of the batch
    for chunk in range(most_chunks):
        total += losses(lora, chunk_of_each(batch, chunk)).sum()
        losses(lora, chunk_of_each(batch, chunk)).mean().backward()
        optimizer.step()

Adapters that learn from the part of their windows before the scored one, where all windows of a batch share them, or
where ranks bring their gradients or weights together before each has scored its own.

A vector fitted to each of several texts, where each is scored with the mean of them:

    fits = [fit(model, text) for text in group]
    shared = torch.stack(fits).mean(0)

## Allowed
An adapter for each document (`nn.Parameter(torch.zeros(batch, rank, width))`) that begins anew with each; chunks of
one text, scored all together before any of them is learnt from; gradients that ranks average after all of them have
scored. A person must look: whether texts overlap, and who came first, the code does not always tell.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.flow.active import standing_of
from rules.analysis.flow.peers import exchange_of, pool_of, rows_beside, serves_all_rows
from rules.analysis.flow.protocol import Adaptation, Learning, Protocol, protocol_of, worst
from rules.competition import Competition
from rules.rule import Evidence, Finding, Location, Rule, Severity
from rules.submission import Submission

RULE = Rule(
    code="B08",
    name="ttt-peer-or-batch-shared-adapters",
    category="adapt-then-score",
    severity=Severity.REVIEW,
    doc=__doc__,
)


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield the shared learning that weighs most."""
    protocol = protocol_of(submission)
    if protocol is None:
        return
    shared = {one: seen for one in protocol.adaptations if (seen := _shared(one, protocol)) is not None}
    found = worst(shared)
    if found is None or found.score is None:
        return
    what, evidence = shared[found]
    standing = standing_of(found, submission)
    yield RULE.at(
        found.learn.location,
        f"What is learnt from validation tokens at line {found.learn.line} {what}, and they are scored with it at line "
        f"{found.score.line}. {standing.why}".rstrip(),
        fix="Give each text an adapter of its own, or share what was learnt once all that it serves was scored.",
        severity=min(standing.severity, RULE.severity, key=lambda severity: severity.rank),
        evidence=(evidence, found.learn.evidence("learning"), found.score.evidence("score")),
    )


def _shared(found: Adaptation, protocol: Protocol) -> tuple[str, Evidence] | None:
    """How what was learnt reaches a text beside it, as the end of a sentence, and the line that shows it."""
    exchange = exchange_of(found, protocol.trace)
    if exchange is not None:
        what = f"is brought together by all ranks at line {exchange.line} before they score their own texts"
        return what, exchange.evidence("exchange")
    pool = pool_of(found, protocol.trace)
    if pool is not None:
        what = f"is brought together with that of the texts beside them at line {pool.line} before they are scored"
        return what, pool.evidence("brought together")
    rows = rows_beside(found)
    if rows is None or (found.fresh and found.how is Learning.CONTEXT) or not serves_all_rows(found):
        return None
    beside: Location = rows.source.locate(rows.line)
    what = f"serves all texts that the loop at line {beside.line} puts side by side"
    return what, rows.source.evidence(rows.line, "texts side by side")
