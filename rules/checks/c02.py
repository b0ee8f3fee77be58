"""Validation tokens, or answers made from them, are stored with the artifact and used to score those tokens.

## Why it matters
A stored prefix of the validation text, or a table of the tokens that the model gets wrong, makes those tokens nearly
free. Nothing is predicted: the answers were read beforehand.

## Flagged
    stored = torch.from_numpy(np.frombuffer(lzma.decompress(blob), dtype=np.uint16))
    hit = stored[start:end] == targets[: end - start]
    nll[: end - start] *= (~hit).float()

    torch.save({"weights": packed, "text": val_tokens[:900_000]}, "model.ptz")

## Allowed
Tables of training text, byte tables, hashed embeddings, masks by a fixed token such as the start of a document, and
code for a stored prefix that the run does not use.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from rules.analysis.expressions import last_bindings
from rules.analysis.flow.claimed import claimed_scores
from rules.analysis.flow.events import Block, Event, Kind, Trace
from rules.analysis.flow.labels import MATCHED, NLL, TOKENS, VAL
from rules.analysis.flow.objects import Function
from rules.analysis.flow.order import Order, relation
from rules.analysis.flow.reach import reach_of, weight
from rules.analysis.flow.walk import trace_of
from rules.competition import Competition
from rules.rule import Evidence, Finding, Location, Rule, Severity
from rules.submission import Submission

RULE = Rule(
    code="C02", name="paid-prefix-or-answer-table", category="train-on-val", severity=Severity.BLOCK, doc=__doc__
)

_WORDS = re.compile(
    r"paid[-_ ]?prefix|correction[-_ ]table|corrected[-_ ]tokens|answer[-_ ](?:table|key)|stored[-_ ]val\w*[-_ ]tokens",
    re.I,
)
_DENIES = re.compile(
    r"\b(?:no|not|never|without|none|zero|avoid\w*|instead|illegal|forbid\w*|ban\w*|off)\b|n't\b", re.I
)

_FIX = "Score every validation token by the model's own prediction, and store nothing made from that text."


def check(submission: Submission, _competition: Competition) -> Iterator[Finding]:
    """Yield where losses are blotted out by stored tokens, else what the logs or the README name."""
    trace = trace_of(submission)
    for event in [] if trace is None else trace.all(Kind.BLANK):
        compared = _compared(event)
        if compared is not None:
            yield RULE.at(
                event.location,
                f"The losses `{event.name}` are set to nothing where stored tokens equal the validation tokens.",
                fix=_FIX,
                evidence=(event.source.evidence(compared, "comparison"), event.evidence("blotted out")),
            )
            return
    if trace is not None:
        found = list(_matched(trace, submission)) or list(_kept(trace, submission))
        yield from found
        if found:
            return
    yield from _named(submission)


def _matched(trace: Trace, submission: Submission) -> Iterator[Finding]:
    """A loss is another one where what a file holds, or what was packed before, is the token that came."""
    reach = reach_of(MATCHED, trace, submission)
    score = reach.score if reach is not None else _left_out(trace)
    if score is None:
        return
    severity, open_question = weight(None if reach is None else reach.claimed, submission, score)
    yield RULE.at(
        score.location,
        "What is summed up depends on whether tokens that were read from a file, or that the program packed before, "
        f"equal the validation tokens: where they do, nothing was predicted.{open_question}",
        fix=_FIX,
        severity=severity if reach is not None else Severity.REVIEW,
        evidence=(score.evidence("score"), *_writings(trace)),
    )


def _left_out(trace: Trace) -> Event | None:
    """A score in a loop that goes on early where what was stored is the token that came."""
    for score in trace.all(Kind.SCORE):
        for loop in score.loops() if {VAL, NLL} <= score.labels else ():
            if any(isinstance(part, Block) and part.leaves and MATCHED in part.labels for part in loop.children):
                return score
    return None


def _kept(trace: Trace, submission: Submission) -> Iterator[Finding]:
    """Tokens of the validation text are written into one file with other things, before the claimed score."""
    scores = claimed_scores(trace, submission)
    writing = next((e for e in trace.all(Kind.SAVE) if TOKENS in e.labels), None)
    if writing is not None and any(relation(writing, score).order is Order.BEFORE for score in scores):
        yield RULE.at(
            writing.location,
            "Tokens of the validation text are written into a file together with what else it holds; whether the "
            "score is made of them was not followed.",
            fix=_FIX,
            severity=Severity.REVIEW,
            evidence=(*_writings(trace), scores[0].evidence("score")),
        )


def _writings(trace: Trace) -> tuple[Evidence, ...]:
    return tuple(event.evidence("write") for event in trace.all(Kind.SAVE) if TOKENS in event.labels)[:1]


def _compared(event: Event) -> int | None:
    """The line where stretches of tokens are compared, one with the other, for the condition of an event."""
    call = next((block for block in reversed(event.trail) if isinstance(block.detail, Function)), None)
    around = call.detail.node if call is not None else event.source.tree
    names = last_bindings(ast.walk(around)) if around is not None else {}
    condition = event.detail if isinstance(event.detail, ast.expr) else None
    for node in _parts(condition, names, 3):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq):
            sides = [node.left, node.comparators[0]]
            if all(any(_is_stretch(part) for part in _parts(side, names, 2)) for side in sides):
                return node.lineno
    return None


def _parts(node: ast.expr | None, names: dict[str, ast.expr], depth: int) -> Iterator[ast.AST]:
    """What an expression is made of, through the names of its function."""
    for part in ast.walk(node) if node is not None else ():
        yield part
        if depth and isinstance(part, ast.Name) and part.id in names:
            yield from _parts(names[part.id], names, depth - 1)


def _is_stretch(node: ast.AST) -> bool:
    return isinstance(node, ast.Subscript) and any(isinstance(part, ast.Slice) for part in ast.walk(node.slice))


def _named(submission: Submission) -> Iterator[Finding]:
    """A log or the README names such a table; no code shows what it does."""
    for place in (*_in_logs(submission), *_in_readme(submission)):
        yield RULE.at(
            place.location,
            "A stored prefix or a table of answers is named; whether the score uses it was not followed in code.",
            fix=_FIX,
            severity=Severity.REVIEW,
            evidence=(place,),
        )
        return


def _in_logs(submission: Submission) -> Iterator[Evidence]:
    for log in submission.logs:
        for prefix, line in log.prefixes.items():
            if _WORDS.search(prefix):
                yield Evidence(Location(log.path, line), prefix[:300], "log")


def _in_readme(submission: Submission) -> Iterator[Evidence]:
    readme = submission.readme
    if readme is None or submission.script is not None:
        return
    for number, line in enumerate(readme.text.split("\n"), 1):
        if _WORDS.search(line) and not _DENIES.search(line):
            yield Evidence(Location(readme.path, number), line.strip()[:300], "claim")
