"""Which logs and score lines the headline rests on, and how surely.

A folder holds logs of ablations, of other machines and of earlier versions next to those of the claimed runs, and a
log holds diagnostics next to the score. A limit is broken only by a run that the claim rests on, so that rules on
time, size, hardware and data first ask here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rules.analysis.claims import NEAR, RunScore, headline, headline_claim
from rules.competition import Competition, Track
from rules.rule import Evidence, Severity
from rules.submission import Claim, Measurement, Quantity, Score, Submission, TrainLog

_DECLINES = re.compile(r"non[-_ ]?record|not (?:a|an) record|unlimited[-_ ]compute", re.I)


@dataclass(frozen=True, slots=True)
class Headline:
    """A log and the score line in it that the headline rests on.

    `certain` says that a claimed number led there; otherwise it is the best guess among the logs.
    """

    log: TrainLog
    score: Score
    certain: bool

    def severity(self, full: Severity) -> Severity:
        """`full` for a line that the claim rests on; a guess is at most for a person to look at."""
        return full if self.certain or full.rank <= Severity.REVIEW.rank else Severity.REVIEW


def settled(faulty: Sequence[Headline], runs: Sequence[Headline]) -> bool:
    """Whether a fault in how runs were scored stands: a claimed run has it, or every run that the claim may mean."""
    return any(run.certain for run in faulty) or len(faulty) == len(runs)


def headlines_of(submission: Submission) -> tuple[Headline, ...]:
    """The score lines behind the headline, at most one for each log; () where no log shows a final score.

    All of them where their mean is the claimed score; else those that show it, or that show the claim for their seed;
    else, as a guess, each run's last final line. The last answer is kept, since many rules ask. Not shared between
    threads.
    """
    if not _last or _last[0][0] is not submission:
        _last[:] = [(submission, _headlines(submission))]
    return _last[0][1]


_last: list[tuple[Submission, tuple[Headline, ...]]] = []


def _headlines(submission: Submission) -> tuple[Headline, ...]:
    shown = headline(submission)
    if shown is None:
        return ()
    claim = headline_claim(submission)
    lines = {id(line.log): line for line in shown.lines}.values()
    if claim is None or abs(shown.value - claim.value) > NEAR:
        sure = {id(line.log) for line in lines if _is_claimed(line, claim, submission)}
    else:
        sure = {id(line.log) for line in lines}
    return tuple(
        Headline(line.log, line.score, id(line.log) in sure) for line in lines if not sure or id(line.log) in sure
    )


def _is_claimed(line: RunScore, claim: Claim | None, submission: Submission) -> bool:
    """Whether the line shows the claimed score, or the one that is claimed for its seed."""
    by_seed = submission.metadata.by_seed(Quantity.VAL_BPB) if submission.metadata is not None else {}
    own = by_seed.get(line.run.seed) if line.run.seed is not None else None
    return any(c is not None and abs(line.value - c.value) <= NEAR for c in (claim, own))


def quoted(found: Measurement, role: str = "measured") -> Evidence:
    """A measurement as a quoted place."""
    return Evidence(found.location, found.quote, role)


def timed_track(submission: Submission, competition: Competition) -> Track | None:
    """The submission's track where limits on seconds and hardware apply, else None."""
    track = competition.track(submission.scope.track)
    return track if track is not None and track.timed else None


def declines_record(submission: Submission) -> bool:
    """Whether title or submission.json say that no record is claimed, whatever folder was chosen."""
    metadata = submission.metadata
    named = (metadata.track, metadata.name) if metadata is not None else ()
    return any(text and _DECLINES.search(text) for text in (submission.pull_request.title, *named))
