"""The claimed number does not come from the artifact that was counted.

## Why it matters
What is scored has to be what fits into the limit. A score of the model in memory, or that score with a guess of what
quantisation costs added to it, says nothing of the file that is submitted.

## Flagged
    roundtrip_bpb = raw_bpb + 3e-5
    print(f"final_roundtrip val_bpb:{roundtrip_bpb}")

    MEASURED = {42: 1.14859931}                             # the claimed number stands in the program
    print(f"final val_bpb:{MEASURED.get(seed, bpb)}")

    torch.save(quantized(model), "model.ptz")
    check(torch.load("model.ptz"))                          # read, and put into no network
    print(f"final val_bpb:{evaluate(model, val_tokens)}")   # the network in memory answers

    kept = {n: w for n, w in read("model.ptz").items() if "embed" not in n}
    model.load_state_dict(kept, strict=False)               # the embedding in memory answers

## Allowed
Weights that were dequantised from the very bytes that were written; further scores of the model in memory beside the
claimed one; small constants inside logarithms and divisions; scores of earlier submissions to compare with.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.flow.claimed import claimed_print, claimed_scores
from rules.analysis.flow.events import Event, Kind, Trace
from rules.analysis.flow.labels import NLL, PACKED, PARTLY, RAND, SHIFTED, STORED, TRAIN, VAL
from rules.analysis.flow.objects import Instance, Optimizer, owners, with_originals
from rules.analysis.flow.order import precedes
from rules.analysis.flow.walk import trace_of
from rules.analysis.flow.written import shown_as_written, written_down
from rules.analysis.headline import headlines_of
from rules.competition import Competition
from rules.rule import Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(
    code="A10",
    name="headline-not-from-roundtripped-artifact",
    category="byte-accounting",
    severity=Severity.BLOCK,
    doc=__doc__,
)

_INTO_WEIGHTS = frozenset({"load_state_dict", "copy_"})
_ANY_BYTES = frozenset({"write", "write_text"})

_FIX = "Decompress and load the artifact that was written, score that model, and claim what is printed for it."


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield one finding: a constant was added to a loss, it is no result, or the network in memory is scored."""
    trace = trace_of(submission)
    if trace is None:
        return
    found = list(_shifted(trace, submission)) or list(_written_down(trace, submission))
    yield from found or _in_memory(trace, submission)


def _shifted(trace: Trace, submission: Submission) -> Iterator[Finding]:
    """The claimed number is printed from a loss with a constant added."""
    shown = claimed_print(trace, submission)
    if shown is not None and {VAL, NLL, SHIFTED} <= shown.labels:
        yield RULE.at(
            shown.location,
            "The claimed score is printed from another score with a constant added: no model that was loaded from the "
            "artifact is behind it.",
            fix=_FIX,
            evidence=(shown.evidence("claim"),),
        )


def _written_down(trace: Trace, submission: Submission) -> Iterator[Finding]:
    """The claimed number stands in the program: it is printed from there, or it is not known what for."""
    shown = shown_as_written(trace, submission)
    if shown is not None:
        yield RULE.at(
            shown.location,
            "The claimed score is printed from a number that stands in the program: it was known before the run.",
            fix=_FIX,
            evidence=(shown.evidence("claim"),),
        )
        return
    place = written_down(submission)
    if place is not None:
        source, line = place
        yield RULE.at(
            source.locate(line),
            "The claimed score stands in the program as a number, to its last digit: it was known before the run. "
            "Whether the printed score is taken from there was not followed.",
            fix=_FIX,
            severity=Severity.REVIEW,
            evidence=(source.evidence(line, "number"),),
        )


def _in_memory(trace: Trace, submission: Submission) -> Iterator[Finding]:
    """The artifact is written, and nothing that is read reaches the network that learnt and that answers."""
    trains = any(TRAIN in event.labels for event in trace.all(Kind.LEARN))  # else it evaluates what was trained before
    if not trains or not any(run.certain for run in headlines_of(submission)):
        return
    score = next(iter(claimed_scores(trace, submission)), None)
    saves = [e for e in trace.all(Kind.SAVE) if not e.name.startswith("json.") and score and precedes(e, score)]
    if score is None or not any(_may_be_artifact(event) for event in saves):
        return
    asked = _asked_of_what_learnt(trace, score)  # a copy keeps the weights that it was made with
    later = [e for e in trace.all(Kind.LOAD, Kind.PUT, Kind.ESCAPE) if not precedes(e, saves[0])]
    partly = [event for event in later if _is_partly(event, asked)]
    later = [event for event in later if event not in partly and not _is_of_before(event, later)]
    if not asked and not _is_of_functions(trace, score):
        return
    if any(_may_reach(event, asked, score) for event in later):
        return
    read = next((e for e in reversed(partly or later) if e.kind is Kind.LOAD and precedes(e, score)), None)
    what = "nothing is read again" if read is None else f"what is read again at line {read.line} is put into none asked"
    if partly and read is not None:
        what = f"some of what is read again is left out by its name where line {read.line} puts it into the network"
    places = (saves[-1].evidence("write"), *(() if read is None else (read.evidence("read"),)))
    yield RULE.at(
        score.location,
        f"The artifact is written at line {saves[-1].line}, and {what} before the claimed score is "
        f"summed up at line {score.line}: {'what it has' if partly else 'the network'} in memory answers.",
        fix=_FIX,
        severity=Severity.REVIEW,
        evidence=(*places, score.evidence("score")),
    )


def _is_of_functions(trace: Trace, score: Event) -> bool:
    """Whether the network is no object: functions are given its weights, and the score is made of none from a file."""
    params = [step.detail.params for step in trace.all(Kind.STEP) if isinstance(step.detail, Optimizer)]
    plain = any(RAND in one.all_labels() for one in params) and not any(map(owners, params))
    return plain and not trace.cut and not trace.all(Kind.MODEL) and STORED not in score.labels


def _is_partly(event: Event, asked: frozenset[Instance]) -> bool:
    """Whether some weights that were read are put into the network that is asked, which keeps the others it had."""
    return event.kind is Kind.LOAD and PARTLY in event.labels and bool((event.detail or frozenset()) & asked)


def _is_of_before(event: Event, later: list[Event]) -> bool:
    """Whether it is a copy of a network into which nothing was put since the artifact was written."""
    if event.name != "deepcopy" or not isinstance(event.detail, frozenset):
        return False
    copied = with_originals(event.detail) - event.detail
    puts = (e for e in later if e.name != "deepcopy" and e.kind is not Kind.ESCAPE and precedes(e, event))
    return not any(not put.detail or put.detail & copied for put in puts if isinstance(put.detail, frozenset))


def _may_reach(event: Event, asked: frozenset[Instance], score: Event) -> bool:
    """Whether what is read or put somewhere may be what the network answers with. That a file is read is not enough."""
    if event.kind is Kind.ESCAPE:
        return True
    if event.kind is Kind.LOAD and event.name.rpartition(".")[2] not in _INTO_WEIGHTS:
        return False
    into = event.detail or frozenset()
    perhaps = any(block.what == "branch" and block not in score.trail for block in event.trail)
    return not into or bool(into & asked) or perhaps  # after a branch the network may be the other one


def _may_be_artifact(save: Event) -> bool:
    """Whether weights are written, as far as it is known: a file of a few bytes is written too, a counter or a log."""
    return bool(save.detail) or PACKED in save.labels or save.name.rpartition(".")[2] not in _ANY_BYTES


def _asked_of_what_learnt(trace: Trace, score: Event) -> frozenset[Instance]:
    """The networks that answer what is scored, none unless all are such as have learnt.

    They are asked in the innermost loop around the score in which any is: its windows may be summed up one by one.
    """
    taught = set[Instance]()
    for step in trace.all(Kind.STEP):
        if isinstance(step.detail, Optimizer):
            taught |= owners(step.detail.params)
    answers = list(trace.all(Kind.MODEL))
    loops = ([e.detail for e in answers if loop in e.trail] for loop in reversed(score.loops()))
    asked = next(filter(None, loops), [])
    sure = all(with_originals(one) & taught for one in asked)
    return frozenset[Instance]().union(*asked) if sure else frozenset()
