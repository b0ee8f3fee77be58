"""A table that was filled from training text is used in the evaluation, and no artifact holds it.

## Why it matters
What the evaluation knows has to fit into the artifact. Counts of the training text that stay in memory are parameters
that nobody paid for.

## Flagged
    for shard in glob.glob("fineweb_train_*.bin"): cache.update(load(shard))
    loss_sum += score(model, cache, val_tokens)

## Allowed
Tables inside the compressed artifact, loaded from it again; tables that only text of the validation split fills, each
token after its score; weights of the training loss.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.analysis.flow.labels import TRAIN
from rules.analysis.flow.reach import weight
from rules.analysis.flow.tables import LookUp, lookups_of, places
from rules.analysis.headline import headlines_of
from rules.competition import Competition
from rules.rule import Evidence, Finding, Location, Rule, Severity
from rules.submission import Submission, TrainLog

RULE = Rule(
    code="A09",
    name="prefilled-cache-or-state-outside-artifact",
    category="ngram-cache",
    severity=Severity.BLOCK,
    doc=__doc__,
)

_FIX = "Store the table in the artifact, count its bytes, and load it from there; or begin with an empty one."
_CACHE = re.compile(r"n-?gram|phrase[ _-]cache|cache[ _-](?:eval|hit)", re.I)
_NAME = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)+", re.I)
_PREFILL = re.compile(r"pre-?(?:fill|warm|populat|load|comput)", re.I)


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield one finding: a look-up in a table that training text filled, or log lines about a cache not shipped."""
    every = lookups_of(submission)
    filled = [one for one in every if one.written_by(TRAIN)]
    if filled:
        yield _finding(min(filled, key=lambda one: (one.claimed is False, not one.summed)), every, submission)
    elif not every:
        yield from _unshipped(submission)


def _finding(one: LookUp, every: tuple[LookUp, ...], submission: Submission) -> Finding:
    write = one.written_by(TRAIN)[0]
    severity, open_question = weight(one.claimed, submission, write, one.read)
    return RULE.at(
        write.location,
        f"Training tokens fill a table at line {write.line} that is looked up at line {one.read.line} while validation "
        f"tokens are scored; it stays in memory and is in no artifact.{open_question}",
        fix=_FIX,
        severity=severity,
        evidence=places(one, every, first=write),
    )


def _unshipped(submission: Submission) -> Iterator[Finding]:
    """A claimed run's log tells of a cache of n-grams, and nothing that is shipped prints such a line."""
    code = "\n".join(source.code for source in submission.sources)
    for run in headlines_of(submission):
        lines = _lines(run.log, code)
        if lines:
            number, words = lines[0]
            filled = " It was filled before the run scored anything." if _PREFILL.search(words) else ""
            yield RULE.at(
                Location(run.log.path, number),
                f"The log of a claimed run tells of a cache of n-grams (`{words[:80]}`), and no shipped code holds "
                f"one: what filled it and how it was scored with cannot be seen.{filled}",
                fix="Ship the script that ran, with the cache and what fills it.",
                severity=Severity.REVIEW,
                evidence=tuple(Evidence(Location(run.log.path, n), text[:200], "printed") for n, text in lines[:3]),
            )
            return


def _lines(log: TrainLog, code: str) -> list[tuple[int, str]]:
    """Beginnings of lines that name a cache of n-grams, of which neither all nor a name of it stands in the code."""
    said = {words: number for words, number in {**log.prefixes, **log.openings}.items() if words not in log.settings}
    found = {words: number for words, number in said.items() if _CACHE.search(words) and words not in code}
    return sorted(
        (number, words) for words, number in found.items() if not any(_holds(code, n) for n in _NAME.findall(words))
    )


def _holds(code: str, name: str) -> bool:
    """Whether a name stands in the code, whole or as a text that a number is put behind: `f"ngram_{order}"`."""
    stem = name.rstrip("0123456789")
    return name in code or (stem != name and f"{stem}{{" in code)
