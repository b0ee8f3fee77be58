"""The score that a submission claims, against the lines of its logs."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from rules.analysis.once import once
from rules.analysis.seeds import Run, runs_of
from rules.competition import Competition
from rules.rule import Evidence, Location
from rules.submission import Claim, Quantity, Score, Submission, TrainLog

PLAUSIBLE_BPB = (0.001, 20.0)
LINES_PER_RUN = 20_000
FIGURES = 50  # stated scores that are compared with the logs
NEAR = 0.002  # bits per byte: a label this near to the claim is the one that is meant
_BPB = r"(?:val[ _-]?)?bpb"
_NUMBER = r"(?<![\w.])(\d\.\d{2,9})(?![\w.]*\d)"
_COMPARES = re.compile(r"degrad|gap\b|delta|improve|penalt|reduc|\bgain|\bcosts?\b|baseline|previous", re.I)
_TITLE = re.compile(rf"{_BPB}[^\d\n]{{0,16}}{_NUMBER}|{_NUMBER}[*_` ]{{0,3}}{_BPB}", re.I)


@dataclass(frozen=True, slots=True)
class RunScore:
    """A score line and the run whose log holds it."""

    run: Run
    log: TrainLog
    score: Score

    @property
    def value(self) -> float:
        """Bits per byte."""
        return self.score.val_bpb if self.score.val_bpb is not None else math.nan

    @property
    def evidence(self) -> Evidence:
        """The line as a quoted place."""
        return Evidence(self.score.location, self.score.quote or self.score.label, "measured")


@dataclass(frozen=True, slots=True)
class Shown:
    """A value that the logs show: one line, or the mean over `lines` of one label, one for each run."""

    value: float
    lines: tuple[RunScore, ...]

    @property
    def final(self) -> bool:
        """Whether all lines carry a label that a headline may come from."""
        return all(line.score.final for line in self.lines)

    @property
    def values(self) -> tuple[float, ...]:
        """The value of each line."""
        return tuple(line.value for line in self.lines)

    @property
    def label(self) -> str:
        """The label of the lines."""
        return self.lines[0].score.label

    @property
    def seeds(self) -> tuple[int, ...]:
        """The known seeds of the lines."""
        return tuple(line.run.seed for line in self.lines if line.run.seed is not None)

    @property
    def deviation(self) -> float | None:
        """The sample standard deviation between runs, None for a single one."""
        return stdev(line.value for line in self.lines) if len(self.lines) > 1 else None

    @property
    def where(self) -> str:
        """The label, and the line or how many runs the mean is over."""
        if len(self.lines) == 1:
            return f"`{self.label}`, {self.lines[0].score.location}"
        return f"mean of `{self.label}` over {len(self.lines)} runs"


def headline_claim(submission: Submission) -> Claim | None:
    """The score that submission.json states for the submission as a whole, else the first one of the README."""
    for part in (submission.metadata, submission.readme):
        for claim in part.claims if part else ():
            is_score = claim.quantity is Quantity.VAL_BPB and claim.seed is None and is_plausible(claim.value)
            if is_score and not (part is submission.readme and _COMPARES.search(stated(submission, claim).quote)):
                return claim
    return None


def title_score(title: str) -> float | None:
    """The score that a title states next to the word `bpb`, None where it states none or several."""
    found = {float(m[1] or m[2]) for m in _TITLE.finditer(title)}
    return found.pop() if len(found) == 1 else None


def is_plausible(value: float) -> bool:
    """Whether a number can be a score in bits per byte at all; 0 stands for "not yet known"."""
    return PLAUSIBLE_BPB[0] < value < PLAUSIBLE_BPB[1]


def tolerance(value: float, competition: Competition) -> float:
    """How far a claim may lie from what shows it: the competition's agreement, or half a unit of its last digit."""
    text = repr(value)
    decimals = len(text.partition(".")[2]) if "e" not in text else 9
    return max(competition.scores.agreement, 0.5 * 10.0**-decimals + 1e-9)


def exactly(claim: Claim, value: float) -> bool:
    """Whether a claim is that value, rounded to the digits that the claim has."""
    text = repr(claim.value)
    decimals = 9 if "e" in text else max(3, len(text.partition(".")[2]))
    return abs(claim.value - value) <= 0.51 * 10.0**-decimals + 1e-9


def claimed_seeds(submission: Submission) -> tuple[int, ...]:
    """The seeds that submission.json names, in its order; where it names none, those that it states a score for."""
    if submission.metadata is None:
        return ()
    named = [int(c.value) for c in submission.metadata.claims if c.quantity is Quantity.SEED]
    scored = [c.seed for c in submission.metadata.claims if c.quantity is Quantity.VAL_BPB and c.seed is not None]
    return tuple(dict.fromkeys(named or scored))


def averaged(submission: Submission) -> tuple[RunScore, ...]:
    """The lines that a stated mean is taken over: the most that the title, submission.json or README average.

    The headline's own lines where no stated figure is the mean of more.
    """
    found = headline(submission)
    best = found.lines if found else ()
    title = title_score(submission.pull_request.title)
    parts = (submission.metadata, submission.readme)
    stated_values = [
        c for part in parts if part for c in part.claims if c.quantity is Quantity.VAL_BPB and c.seed is None
    ]
    if title is not None:
        stated_values.insert(0, Claim(Quantity.VAL_BPB, title, Location("")))
    for mean in means(runs_of(submission)):
        if len(mean.lines) > len(best) and mean.final and any(exactly(c, mean.value) for c in stated_values[:FIGURES]):
            best = mean.lines
    return best


def lines_of(run: Run) -> Iterator[RunScore]:
    """Every score line of a run; of very many the last ones of each log, up to a limit."""
    each = max(1, LINES_PER_RUN // max(1, len(run.logs)))
    for log in run.logs:
        for score in log.scores[-each:]:
            if score.val_bpb is not None and math.isfinite(score.val_bpb):
                yield RunScore(run, log, score)


def means(runs: Sequence[Run]) -> Iterator[Shown]:
    """For each label the mean of the last line over the runs that have it, and that of each run's lowest final."""
    by_label: dict[str, dict[int, RunScore]] = {}
    for number, run in enumerate(runs):
        for line in lines_of(run):
            by_label.setdefault(line.score.label, {})[number] = line
    for found in by_label.values():
        if len(found) > 1:
            yield _mean(found.values())
    best = [min(finals, key=lambda r: r.value) for run in runs if (finals := _finals(run))]
    if len(best) > 1:
        yield _mean(best)


@once
def shown(submission: Submission) -> list[Shown]:
    """Every value that a claim may rest on: each line, and the means over all runs and over the claimed seeds."""
    runs = runs_of(submission)
    found = [Shown(line.value, (line,)) for run in runs for line in lines_of(run)]
    found += means(runs)
    wanted = set(claimed_seeds(submission))
    claimed = [run for run in runs if run.seed in wanted]
    if 1 < len(claimed) < len(runs):
        found += means(claimed)
    return found


def nearest(value: float, candidates: Iterable[Shown]) -> Shown | None:
    """The candidate nearest to a claim; of equally near ones a final label, then a mean, goes first."""
    return min(candidates, key=lambda s: (round(abs(s.value - value), 7), not s.final, -len(s.lines)), default=None)


@once
def headline(submission: Submission) -> Shown | None:
    """The score that the logs show for the submission, None where no log shows one.

    The claim only chooses among the final labels: by the mean or the line nearest to it, where one lies within
    `NEAR`; otherwise each run's last final line counts. The value is that label's mean over the claimed seeds, or
    over all runs where the claimed ones are not there.
    """
    runs = _headline_runs(submission)
    claim = headline_claim(submission)
    finals = [s for s in (*means(runs), *_single(runs)) if s.final]
    if claim is not None and finals:
        chosen = nearest(claim.value, finals)
        if chosen is not None and abs(chosen.value - claim.value) <= NEAR:
            return _whole(chosen, runs)
    last = [lines[-1] for run in runs if (lines := _finals(run))]
    return _mean(last) if last else None


def _headline_runs(submission: Submission) -> tuple[Run, ...]:
    runs = runs_of(submission)
    wanted = set(claimed_seeds(submission))
    claimed = tuple(run for run in runs if run.seed in wanted and _finals(run))
    return claimed or runs


def _whole(chosen: Shown, runs: Sequence[Run]) -> Shown:
    """A single line stands for its label: take that label's last line of every other run as well."""
    if len(chosen.lines) > 1:
        return chosen
    line = chosen.lines[0]
    others = [
        same[-1]
        for run in runs
        if run is not line.run and (same := [r for r in _finals(run) if r.score.label == chosen.label])
    ]
    return _mean([line, *others])


def _single(runs: Iterable[Run]) -> Iterator[Shown]:
    return (Shown(line.value, (line,)) for run in runs for line in lines_of(run))


def _finals(run: Run) -> list[RunScore]:
    return [line for line in lines_of(run) if line.score.final]


def _mean(lines: Iterable[RunScore]) -> Shown:
    found = tuple(lines)
    return Shown(fmean(line.value for line in found), found)


def stated(submission: Submission, claim: Claim) -> Evidence:
    """The line of submission.json or README on which a claim stands."""
    return quoted(submission, claim.location, "claim")


def quoted(submission: Submission, location: Location, role: str) -> Evidence:
    """A line of submission.json or README as evidence."""
    texts = {part.path: part.text for part in (submission.metadata, submission.readme) if part}
    line = location.line or 0
    lines = texts.get(location.path, "").split("\n", line)
    return Evidence(location, lines[line - 1].strip()[:300] if 0 < line <= len(lines) else "", role)
