"""Is a claim valid, does it improve on the record of its day, is it a record? And the records in order of time.

Three answers, since they may differ: a sound submission need not improve on anything, and a gain need not be more than
chance. The frontier is computed from accepted entries alone and again whenever a ruling changes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from rules.analysis.claims import Shown, claimed_seeds, headline
from rules.analysis.once import once
from rules.competition import Competition, Significance, Tokenizer
from rules.statistics import Comparison, Runs, compare, nats_per_bit
from rules.submission import Quantity, Submission
from rules.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Entry:
    """A submission as the frontier knows it. `nats` is `nats_per_bit` of its tokens, None where that is not known."""

    number: int
    created_at: datetime
    runs: Runs
    author: str = ""
    nats: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """An entry that was the best when it came, and how it compares with the one before; None for the first."""

    entry: Entry
    before: Entry | None
    comparison: Comparison | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is to be said of a claim; None stands for not known.

    `valid`: nothing speaks against it, or a person accepted it. `improves`: its mean is better than the incumbent's.
    `record`: the gain beats the margin at the level of its day. A change of systems alone needs no `record`.
    """

    valid: bool | None
    improves: bool | None
    record: bool | None
    comparison: Comparison | None

    @property
    def clears(self) -> bool | None:
        """Whether the mean is better by more than the margin, by chance or not; better at all where none is known."""
        return self.improves if self.comparison is None else self.comparison.gain > self.comparison.margin


def frontier(accepted: Iterable[Entry], competition: Competition) -> tuple[Step, ...]:
    """The accepted entries that were the best of their time, in order of creation, ties by number."""
    steps: list[Step] = []
    for entry in sorted(accepted, key=lambda e: (e.created_at, e.number)):
        best = steps[-1].entry if steps else None
        if best is None or _better(entry.runs.mean, best.runs.mean, competition):
            found = None if best is None else _against(entry, best.runs, competition)
            steps.append(Step(entry, best, found))
    return tuple(steps)


def incumbent_at(accepted: Iterable[Entry], moment: datetime, competition: Competition) -> Entry | None:
    """The best accepted entry of those that were opened before the moment."""
    steps = frontier((e for e in accepted if e.created_at < moment), competition)
    return steps[-1].entry if steps else None


def judge(
    entry: Entry | None, incumbent: Runs | None, competition: Competition, *, valid: bool | None = None
) -> Answer:
    """The three answers for an entry against the runs of the incumbent at its creation.

    An entry without a measured score (None) and a day without an incumbent leave the last two open.
    """
    if entry is None or incumbent is None:
        return Answer(valid, None, None, None)
    improves = _better(entry.runs.mean, incumbent.mean, competition)
    found = _against(entry, incumbent, competition)
    return Answer(valid, improves, None if found is None else found.significant, found)


def validity(verdict: Verdict, *, accepted: bool | None = None) -> bool | None:
    """Whether a submission counts as valid: as a person ruled, else not known unless the verdict is clear."""
    if accepted is not None:
        return accepted
    return {Verdict.CLEAR: True, Verdict.LIKELY_INVALID: False}.get(verdict)


def listed_incumbent(competition: Competition, moment: datetime) -> Runs:
    """The runs of the record that the competition lists for a day: several where it names them, else one value."""
    found = competition.incumbent(moment.date())
    return Runs(found.runs or (found.score,))


def entry_of(submission: Submission, competition: Competition) -> Entry | None:
    """A submission as its logs show it, None without a score or a time of creation."""
    shown, created_at = headline(submission), submission.pull_request.created_at
    if shown is None or created_at is None:
        return None
    request = submission.pull_request
    return Entry(
        request.number, created_at, runs_shown(submission), request.author, nats_of(submission, shown, competition)
    )


def answer_for(submission: Submission, runs: Runs, competition: Competition) -> Answer:
    """The answers for some runs of a submission against the record that is listed for its day.

    All are open on tracks that keep no record and without a time of creation. Nats follow from the submission's logs.
    """
    track, entry = competition.track(submission.scope.track), entry_of(submission, competition)
    request = submission.pull_request
    if track is None or not track.record or request.created_at is None:
        return judge(None, None, competition)
    nats = None if entry is None else entry.nats
    chosen = Entry(request.number, request.created_at, runs, request.author, nats)
    return judge(chosen, listed_incumbent(competition, request.created_at), competition)


def runs_shown(submission: Submission) -> Runs:
    """The measured scores behind the headline. Raises ValueError where no log shows any."""
    shown = headline(submission)
    if shown is None:
        raise ValueError("no log shows a score")
    seen = {line.run.seed for line in shown.lines}
    # Logs that print no seed at all say nothing about which seeds they are of.
    missing = () if None in seen else tuple(s for s in claimed_seeds(submission) if s not in seen)
    return Runs(shown.values, shown.seeds, missing)


def nats_of(submission: Submission, shown: Shown, competition: Competition) -> float | None:
    """Nats per token in one bit per byte: from the two scores of the logs' own lines, else from counts of tokens."""
    ratios = [s.val_loss / line.value for line in shown.lines if (s := line.score).val_loss and line.value > 0]
    if ratios:
        return fmean(ratios)
    tokenizer = _tokenizer(submission, competition)
    return None if tokenizer is None else nats_per_bit(tokenizer.val_tokens, competition.fingerprints.val_bytes)


@once
def _val_tokens(submission: Submission) -> float | None:
    found = (m.value for log in submission.logs if (m := log.last(Quantity.VAL_TOKENS)))
    return next(found, None)


def _tokenizer(submission: Submission, competition: Competition) -> Tokenizer | None:
    """The tokenization whose number of validation tokens the logs print."""
    tokens, prints = _val_tokens(submission), competition.fingerprints
    if tokens is None:
        return None
    fit = (t for t in prints.tokenizers if 0 <= t.val_tokens - tokens <= prints.val_tokens_rounding)
    return next(fit, None)


def bar_of(entry: Entry, competition: Competition) -> Significance:
    """What a record had to show on the day of the entry."""
    return competition.significance_on(entry.created_at.date())


def _against(entry: Entry, incumbent: Runs, competition: Competition) -> Comparison | None:
    return compare(entry.runs, incumbent, competition, bar_of(entry, competition), entry.nats)


def _better(one: float, other: float, competition: Competition) -> bool:
    return one < other if competition.metric.better == "lower" else one > other
