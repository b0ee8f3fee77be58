"""The gate or weight of an expert looks at the token that it helps to predict.

## Why it matters
Whether an expert may speak at a position, and how loudly, has to follow from the text before it. A gate that opens
inside a word, decided by the token itself, tells the model what kind of token comes; a weight made of that token's own
loss trusts the expert exactly where the model was wrong.

## Flagged
    ngram_tilt:hints total=47851520 gated=13023303 token_gate=628130 within_gate=9866847 word_gate=2891588

    alpha = 0.5 * min(2.0, nll / 2.5)
    p = (1 - alpha) * math.exp(-nll) + alpha * expert_p

    gate = torch.sigmoid(ngram_nll - nll)                     # each prediction counts where it was the better one
    p = gate * torch.exp(-nll) + (1 - gate) * torch.exp(-ngram_nll)

    weight = torch.where(begins_word[targets], 0.1, 0.3)      # how loud the expert is depends on what came
    nll = -torch.lerp(model_p, expert_p, weight[:, None]).gather(1, targets[:, None]).log()

    implausible = logits < logits.max(-1, keepdim=True).values + math.log(0.1)
    implausible.scatter_(-1, targets.unsqueeze(-1), False)    # the token that came is always kept
    logits = logits.masked_fill(implausible, -math.inf)

## Allowed
The same code with these gates closed (`within_gate=0 word_gate=0 agree2plus=0`): the gate by context tokens alone is
causal. A mask that is made of the text before alone. Weights by the entropy of the whole distribution; weights that are
learnt after the score. Logs on which the claimed score does not rest are noted only.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.configuration import Configuration, configuration_of
from rules.analysis.flow.candidates import spared_of
from rules.analysis.flow.claimed import claimed_print
from rules.analysis.flow.events import Event, Kind, Trace
from rules.analysis.flow.labels import AIMED, GATED, NLL, OWNED, SPREAD, TARGET, VAL
from rules.analysis.flow.reach import before, foreign_claim, reach_of, weight
from rules.analysis.flow.tables import lookups_of, places
from rules.analysis.flow.walk import trace_of
from rules.analysis.headline import headlines_of, quoted, settled
from rules.competition import Competition
from rules.rule import Evidence, Finding, Rule, Severity
from rules.submission import Measurement, Setting, Submission, TrainLog

RULE = Rule(code="A03", name="target-conditioned-gate", category="target-gate", severity=Severity.BLOCK, doc=__doc__)

GATES = ("within_gate", "word_gate", "agree2plus")  # decided by the class of the current token
BOOSTS = ("within_boost", "word_boost", "ngram_within_beta", "ngram_word_beta")  # how loud the experts behind them are

_FIX = "Close the gates within and at the start of words and the bonus for agreement, and run again."
_LEARN = "Make the weight of losses of earlier tokens, and change it after the score."
_MASK = "Mask tokens by the text before them alone, and score the token that came by what is left."
_BEFORE = "Make the weight of what is known before the token, such as the token before it or the entropy of the answer."
_WEIGH = "Make the weight of what is known before the token, such as the entropy of the whole distribution."


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield one finding for what logs count, else for what machine code may do, one each for a weight and a mask."""
    counted = any(name in log.gates for log in submission.logs for name in GATES)
    yield from _counted(submission) if counted else _elsewhere(submission)
    yield from list(_by_own_loss(submission)) or _weighed(submission)
    yield from _aimed(submission)
    yield from _spared(submission)


def _counted(submission: Submission) -> Iterator[Finding]:
    runs = headlines_of(submission)
    claimed = [run for run in runs if _active(run.log)]
    if claimed:
        several = f" in {len(claimed)} of the claimed runs" if len(claimed) > 1 else " in the claimed run"
        severity = Severity.BLOCK if settled(claimed, runs) else Severity.REVIEW
        yield _finding(_active(claimed[0].log), several, severity)
        return
    others = [active for log in submission.logs if (active := _active(log))]
    if others:
        rests = Severity.NOTE if runs else Severity.REVIEW
        yield _finding(others[0], " in a log on which the claimed score does not rest" if runs else "", rests)


def _active(log: TrainLog) -> list[Measurement]:
    return [gate for name in GATES if (gate := log.gates.get(name)) is not None and gate.value > 0]


def _finding(active: list[Measurement], where: str, severity: Severity) -> Finding:
    counts = ", ".join(f"{gate.label} {int(gate.value):,}" for gate in active)
    return RULE.at(
        active[0].location,
        f"Gates that depend on the predicted token's own class opened{where}: {counts} times.",
        fix=_FIX,
        severity=severity,
        evidence=(quoted(active[0]),),
    )


def _elsewhere(submission: Submission) -> Iterator[Finding]:
    """Hints that machine code gives change the claimed score, and no log counts which gates gave them."""
    trace = trace_of(submission)
    call = foreign_claim(trace, submission) if trace is not None else None
    shown = claimed_print(trace, submission) if trace is not None else None
    if call is None or shown is None or not {VAL, NLL} <= shown.labels:
        return
    configuration = configuration_of(submission)
    boosts = [setting for name in BOOSTS if (setting := configuration.value(name)) is not None]
    if boosts and all(_is_off(setting, configuration) for setting in boosts):
        return
    yield RULE.at(
        call.location,
        f"`{call.name}` is machine code, and what it gives for validation tokens changes the claimed score: whether "
        "its gates look at the token that is scored is not followed here, and no log counts them.",
        fix="Print how often each gate opened, and show that none depends on the token that it helps to predict.",
        severity=Severity.REVIEW,
        evidence=(
            call.evidence("not followed here"),
            *(Evidence(setting.location, f"{setting.name}: {setting.value}", "setting") for setting in boosts),
        ),
    )


def _is_off(setting: Setting, configuration: Configuration) -> bool:
    return configuration.number(setting.name) == 0


def _weighed(submission: Submission) -> Iterator[Finding]:
    """A weight that is made of the loss of the very token, in a mixture with a table of counts."""
    every = lookups_of(submission)
    found = [one for one in every if one.counted and one.target and GATED in one.score.labels]
    trace = trace_of(submission)
    if not found or trace is None or trace.all(Kind.BESIDE):  # an entropy taken out of a stack of losses looks like one
        return
    one = min(found, key=lambda one: one.claimed is False)
    severity, open_question = weight(one.claimed, submission, one.score)
    if severity is Severity.BLOCK:
        severity, open_question = Severity.REVIEW, " Open: whether it is that loss, or losses of tokens before it."
    yield RULE.at(
        one.score.location,
        f"The weight of what `{one.read.name[:80]}` gives is made of the loss of the very token that is scored: "
        f"the expert is trusted most where the model was wrong.{open_question}",
        fix=_WEIGH,
        severity=severity,
        evidence=places(one, every),
    )


def _by_own_loss(submission: Submission) -> Iterator[Finding]:
    """A weight of probabilities that is made of the losses of the same tokens."""
    trace = trace_of(submission)
    reach = reach_of(OWNED, trace, submission) if trace is not None else None
    mix = before(reach.score, Kind.TRUSTED, trace) if trace is not None and reach is not None else None
    if trace is None or reach is None or mix is None:
        return
    made = before(mix, Kind.TRUST, trace)
    severity, open_question = weight(reach.claimed, submission, mix, reach.score)
    yield RULE.at(
        mix.location,
        "The weight that is given here to a prediction is made of the losses of the very tokens that it is for, and "
        f"line {reach.score.line} scores: which prediction is good is known only once the token is.{open_question}",
        fix=_LEARN,
        severity=severity,
        evidence=(
            *((made.evidence("weight"),) if made is not None and made.line != mix.line else ()),
            mix.evidence("weighed"),
            reach.score.evidence("score"),
        ),
    )


def _aimed(submission: Submission) -> Iterator[Finding]:
    """A weight between distributions that is made of the token that the mixture is then asked for."""
    trace = trace_of(submission)
    reach = reach_of(AIMED, trace, submission) if trace is not None else None
    asked = before(reach.score, Kind.AIMED, trace) if trace is not None and reach is not None else None
    if trace is None or reach is None or asked is None or SPREAD in reach.score.labels:
        return  # a weight of a byte may be made of the bytes before it in the same token
    mixes = [event for event in trace.all(Kind.WEIGHED) if event.detail & asked.detail]
    mix = mixes[-1] if mixes else asked
    severity, open_question = weight(reach.claimed, submission, mix, reach.score)
    if severity is Severity.BLOCK and _asks_by_target(asked, trace):
        severity = Severity.REVIEW
        open_question = " Open: whether it is that token, or the text before it, that the network is asked with too."
    elif severity is Severity.BLOCK and not mixes:
        severity, open_question = Severity.REVIEW, " Open: by what the weight is made of that token."
    yield RULE.at(
        mix.location,
        "The weight that is given here to a distribution is made of the very token that it is then asked for, and line "
        f"{reach.score.line} scores: each token that might have come has a mixture of its own.{open_question}",
        fix=_BEFORE,
        severity=severity,
        evidence=(mix.evidence("weighed"), asked.evidence("asked for that token"), reach.score.evidence("score")),
    )


def _asks_by_target(asked: Event, trace: Trace) -> bool:
    """Whether what looks like the token that came is what the network of the same turns is asked with."""
    around = asked.loops()[-1:]
    models = (event for event in trace.all(Kind.MODEL) if event.loops()[-1:] == around)
    return TARGET in asked.detail and any(TARGET in event.labels for event in models)


def _spared(submission: Submission) -> Iterator[Finding]:
    """A mask over the vocabulary that takes tokens away, but never the one that came."""
    found = spared_of(submission)
    if found is None:
        return
    severity, open_question = weight(found.claimed, submission, found.score)
    yield RULE.at(
        found.source.locate(found.at),
        "A mask that takes tokens out of the answer is opened at the very token that is scored, and laid on it at line "
        f"{found.used}: whichever token came counts as plausible.{open_question}",
        fix=_MASK,
        severity=severity,
        evidence=found.evidence(),
    )
