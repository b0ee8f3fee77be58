"""The reported score covers only a part of the validation split.

## Why it matters
Scores compare only on the same text. A part of it can be easier, and a smaller part leaves more time for each token.

## Flagged
    val_tokens: 9662464
    quantized_ttt_phased val_loss:2.19 val_bpb:1.0205

    losses.append(model(*random_batch(val_tokens)))        # some batches, picked at random

    val_tokens = load_validation_tokens(files)[:10_000_000]

    for window in windows[::8]: score(window)              # the others are left out

    if time.time() > deadline: break                       # and the sums so far are reported

    for window in windows[rank::world_size]: score(window) # and no sum is reduced over the ranks

## Allowed
Windows that are divided among ranks, whose sums are reduced; rounding to whole sequences and batches; another
tokenization, which has another number of tokens. Validation on a part during training while the claimed score covers
all. A deadline after which the rest is scored otherwise; one that the logged evaluation did not reach is noted only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from rules.analysis.bytecount import coverage, val_tokens
from rules.analysis.flow.claimed import claimed_scores
from rules.analysis.flow.coverage import Deadline, at_random, deadlines, limited, sparse
from rules.analysis.flow.events import Block, Event
from rules.analysis.flow.shares import unjoined
from rules.analysis.flow.walk import trace_of
from rules.analysis.headline import Headline, headlines_of, quoted, settled
from rules.competition import Competition
from rules.rule import Evidence, Finding, Rule, Severity
from rules.submission import Submission

RULE = Rule(
    code="C08", name="subset-of-val-scored", category="partial-validation", severity=Severity.BLOCK, doc=__doc__
)

PART = 0.9  # below this share of the split nothing but a part explains the count
ROUNDING = 0.99  # above it, odd sequence lengths and batches may


_SCORED = re.compile(r"\b(?:scored_|n_)?(?:tokens|scored)[=:] ?(\d{4,10})\b", re.I)

_FIX = "Score every token of the official validation split once, and report that number."


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield what the logs show; where they show nothing, what the program does."""
    found = list(_logged(submission, competition))
    yield from found or islice(_followed(submission, competition), 1)


def _logged(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """The claimed run that covers least, else a claimed line that counts fewer tokens than its run has."""
    runs = headlines_of(submission)
    covered = [(part, run) for run in runs if (part := coverage(run.log, run.score, competition))]
    if not covered:
        return
    part, run = min(covered, key=lambda pair: pair[0].share)
    if part.share >= 1 - competition.fingerprints.val_bytes_tolerance:
        yield from islice((finding for _, run in covered if (finding := _line(run)) is not None), 1)
        return
    if part.share < PART:
        small = [run for part, run in covered if part.share < PART]
        severity = Severity.BLOCK if settled(small, runs) else Severity.REVIEW
    else:
        severity = Severity.REVIEW if part.share < ROUNDING else Severity.NOTE
    yield RULE.at(
        part.shown.location,
        f"The run validates on {int(part.shown.value):,} tokens, {part.share:.1%} of the split "
        f"({part.expected:,} {part.unit}).",
        fix=_FIX,
        severity=severity,
        evidence=(quoted(part.shown), Evidence(run.score.location, run.score.quote, "measured")),
    )


def _line(run: Headline) -> Finding | None:
    """The claimed line itself counts only a part; it may be that of one process among several."""
    found, whole = _SCORED.search(run.score.quote), val_tokens(run.log)
    if found is None or whole is None or int(found[1]) >= PART * whole.value:
        return None
    return RULE.at(
        run.score.location,
        f"The line with the claimed score counts {int(found[1]):,} tokens; the run has {int(whole.value):,} "
        "validation tokens.",
        fix=_FIX,
        severity=Severity.REVIEW,
        evidence=(Evidence(run.score.location, run.score.quote, "measured"), quoted(whole)),
    )


def _followed(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Batches at random, a limit, stretches that are left out, else a clock that ends the loop that scores."""
    trace = trace_of(submission)
    if trace is None:
        return
    picked = at_random(trace, submission)
    if picked is not None:
        yield RULE.at(
            picked.location,
            "The score is that of batches of validation tokens picked at random: some tokens are scored not at all, "
            "others several times.",
            fix=_FIX,
            evidence=(picked.evidence("score"),),
        )
    smallest = min(one.val_tokens for one in competition.fingerprints.tokenizers)
    first = limited(trace, submission, int(PART * smallest))
    if first is not None:
        score, count = first
        yield RULE.at(
            score.location,
            f"The score is that of the first {count:,} validation tokens: no tokenization of the split has so few.",
            fix=_FIX,
            severity=Severity.REVIEW,
            evidence=(score.evidence("score"),),
        )
    share = unjoined(trace, submission)
    if share is not None:
        score, line = share
        yield RULE.at(
            score.location,
            f"Each process scores the share that line {line} cuts for it, and nothing is seen that brings their sums "
            "together before the claimed number is printed: it is that of one share.",
            fix="Reduce the sums of losses, tokens and bytes over all processes before they are divided.",
            severity=Severity.REVIEW,
            evidence=(score.source.evidence(line, "share"), score.evidence("score")),
        )
    thinned = sparse(trace, submission)
    if thinned is not None:
        yield _thinned(*thinned, bool(claimed_scores(trace, submission)))
    for ending in sorted(deadlines(trace, submission), key=lambda one: (one.fired is None, one.not_fired)):
        fired = ending.fired
        came = () if fired is None else (fired,)
        yield RULE.at(
            ending.branch.source.locate(ending.branch.line),
            "A clock ends the loop that scores, and the sums so far are reported" + _came(ending),
            fix=_FIX,
            severity=Severity.REVIEW if fired is not None or not ending.not_fired else Severity.NOTE,
            evidence=(
                ending.branch.source.evidence(ending.branch.line, "deadline"),
                ending.score.evidence("score"),
                *came,
            ),
        )


def _thinned(score: Event, branch: Block | None, of: int, claimed: bool) -> Finding:
    """Of so many stretches of the text one is scored."""
    by = () if branch is None else (branch.source.evidence(branch.line, "left out"),)
    return RULE.at(
        score.location if branch is None else branch.source.locate(branch.line),
        "Stretches of the validation tokens are left out all along the text "
        + (f"(one of {of} is scored)" if of > 1 else "(the steps are longer than what is scored)")
        + ": some tokens are scored not at all.",
        fix=_FIX,
        severity=Severity.BLOCK if claimed else Severity.REVIEW,
        evidence=(*by, score.evidence("score")),
    )


def _came(ending: Deadline) -> str:
    """What the logs tell of whether the clock ended the loop."""
    if ending.fired is not None and ending.fired.role == "measured":
        return ": the logged evaluation took no less time than the clock gives it."
    if ending.fired is not None:
        return ": the log shows that it did."
    return f"; {ending.not_fired or 'no log tells whether it did'}."
