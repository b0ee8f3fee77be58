"""The submitted script fetches text, models or data over the network.

## Why it matters
What is fetched while a model is evaluated is knowledge that its size does not show, and other text than the official
data set is another competition. Only the prepared data may be read.

## Flagged
    corpus = load_dataset("some/corpus")
    model = AutoModel.from_pretrained("some/model")

## Allowed
The competition's own data set and its download script, separate preparation scripts, installing packages, local paths.
A data set that was tokenized anew and is fetched before training is put before a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.analysis.flow.events import Event, Kind, Trace
from rules.analysis.flow.order import Order, relation
from rules.analysis.flow.walk import trace_of
from rules.competition import Competition
from rules.rule import Evidence, Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(code="C07", name="network-or-dataset-access", category="network", severity=Severity.BLOCK, doc=__doc__)

_TEXT = frozenset({"load_dataset"})
_MODELS = frozenset({"from_pretrained"})
_LOCAL = re.compile(r"^(?:\.{0,2}/|~|[A-Za-z]:\\)|\.(?:json|model|pt|bin|safetensors)$")
_OFFICIAL = re.compile(r"parameter[-_]golf", re.I)
_SHELL = re.compile(r"\b(?:wget|curl|gsutil|rclone|aria2c|git clone|huggingface-cli download|hf download|aws s3)\b")

_FIX = (
    "Read only the prepared data and tokenizer; describe any preparation in the README and keep it in its own script."
)


def check(submission: Submission, _competition: Competition) -> Iterator[Finding]:
    """Yield the gravest access of the program, with the others as evidence."""
    trace = trace_of(submission)
    if trace is None:
        return
    found = [(_judged(event, trace), event) for event in _fetches(trace)]
    if not found:
        return
    (severity, why), event = max(found, key=lambda pair: pair[0][0].rank)
    others = [other.evidence("fetch") for _, other in found if other is not event][:4]
    source = f" for `{_what(event)[:80]}`" if _what(event) else ""
    yield RULE.at(
        event.location,
        f"`{event.name.removeprefix('().')}` reaches the network{source}: {why}.",
        fix=_FIX,
        severity=severity,
        evidence=(Evidence(event.location, event.evidence().quote, "fetch"), *others),
    )


def _fetches(trace: Trace) -> Iterator[Event]:
    """Accesses that are none of a local path, and programs that fetch."""
    for event in trace.all(Kind.FETCH, Kind.ESCAPE):
        if event.kind is Kind.FETCH:
            if not _LOCAL.search(_what(event)):
                yield event
        elif _SHELL.search(event.evidence().quote):
            yield event


def _what(event: Event) -> str:
    return event.detail if isinstance(event.detail, str) else ""


def _judged(event: Event, trace: Trace) -> tuple[Severity, str]:
    """How grave an access is, and why."""
    last = event.name.rpartition(".")[2]
    scores, learnt = trace.all(Kind.SCORE), trace.all(Kind.LEARN)
    if _OFFICIAL.search(_what(event)):
        return Severity.NOTE, "it is the competition's own data"
    if last in _TEXT:
        return Severity.BLOCK, "text other than the prepared shards is read"
    if last in _MODELS:
        return Severity.REVIEW, "what was trained elsewhere is loaded, a tokenizer or a model"
    if any(relation(e, event).order is Order.BEFORE for e in learnt) and scores:
        return Severity.BLOCK, "it happens after training, where evaluation may fetch nothing"
    return Severity.REVIEW, "data is fetched when the script starts; whether it is the official text is open"
