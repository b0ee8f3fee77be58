"""Training data was rebuilt so that it overlaps the validation split.

## Why it matters
A training shard that holds scored documents lets the model memorise what it is tested on. A preparation script whose
default sets too few validation documents apart does exactly that.

## Flagged
    train_shards: 1499
    val_tokens: 47851520

## Allowed
The organizers' data, whatever part of its shards is used. A preparation script in the folder is no evidence of its
use: what the log counted decides; only where no log tells is the evidence incomplete. Training on rebuilt data while
scoring a smaller split of its own is another fault
(`non-canonical-val-partition`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.analysis.bytecount import data_paths, is_whole_split, tokenizer_of
from rules.analysis.expressions import number_of
from rules.analysis.headline import Headline, headlines_of, quoted
from rules.analysis.index import index_of
from rules.competition import Competition
from rules.rule import Evidence, Finding, Rule, Severity
from rules.submission import Quantity, Setting, Submission

RULE = Rule(
    code="C03", name="train-val-overlap-in-data-prep", category="data-overlap", severity=Severity.BLOCK, doc=__doc__
)

# A folder that is named after how it joins both splits; "fineweb_train_*.bin" beside "fineweb_val_*.bin" is none.
_JOINED = re.compile(r"train[^/]{0,40}val|val[^/]{0,40}train", re.I)

_FIX = "Train on the published shards, or rebuild them with all validation documents left out, and run again."


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield the first claimed run on rebuilt shards, and the first data path that names a rebuilt set."""
    for run in headlines_of(submission):
        found = _shards(run, competition)
        if found is not None:
            yield found
            return
    yield from _unknown_data(submission, competition)
    for log in submission.logs:
        path = next((s for s in data_paths(log) if _names_both(s)), None)
        if path is not None:
            yield RULE.at(
                path.location,
                f"The data folder `{path.value[:120]}` is a local construction that joins training and validation "
                "documents; the published data has no such folder.",
                fix=_FIX,
                severity=Severity.REVIEW,
                evidence=(Evidence(path.location, f"{path.name}: {path.value}"[:300], "data"),),
            )
            return


def _shards(run: Headline, competition: Competition) -> Finding | None:
    """Shards that the published data does not have, beside a validation on the whole split."""
    known = competition.fingerprints
    shards, tokens = run.log.last(Quantity.TRAIN_SHARDS), run.log.last(Quantity.VAL_TOKENS)
    if shards is None or tokens is None:
        return None
    tokenizer = tokenizer_of(run.log, competition)
    if tokenizer is None or not is_whole_split(int(tokens.value), tokenizer, competition):
        return None
    foreign = int(shards.value) in known.foreign_train_shards
    if not foreign and not (tokenizer.transforms_text and shards.value > max(known.train_shards)):
        return None
    what = "only a set rebuilt with too few validation documents set apart has so many"
    if not foreign:
        what = f"the published {tokenizer.name} data has at most {max(known.train_shards)}"
    return RULE.at(
        shards.location,
        f"The run trained on {int(shards.value):,} shards while scoring the whole split of {int(tokens.value):,} "
        f"tokens; {what}, so that scored documents may be among the training data.",
        fix=_FIX,
        severity=run.severity(Severity.BLOCK) if foreign else Severity.REVIEW,
        evidence=(quoted(shards), quoted(tokens)),
    )


def _unknown_data(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """A preparation script that sets too few documents apart, while no log tells which shards were used."""
    if any(log.last(Quantity.TRAIN_SHARDS) for log in submission.logs):
        return
    for source in submission.python_sources():
        for option in index_of(source).options if "val-docs" in source.code or "val_docs" in source.code else ():
            apart = number_of(option.default)
            named = "val" in option.name and "doc" in option.name
            if named and apart is not None and 0 < apart < competition.fingerprints.val_documents:
                yield _preparation(source.evidence(option.line, "default"), int(apart), competition)
                return


def _preparation(place: Evidence, apart: int, competition: Competition) -> Finding:
    return RULE.at(
        place.location,
        f"The preparation script sets {apart:,} validation documents apart unless told otherwise; the split has "
        f"{competition.fingerprints.val_documents:,}, and no log shows which shards the runs trained on.",
        fix="Commit the logs with their number of shards, and say how the data was made.",
        severity=Severity.INCOMPLETE,
        evidence=(place,),
    )


def _names_both(setting: Setting) -> bool:
    folders = setting.value.split("/")[:-1] if "." in setting.value.rsplit("/", 1)[-1] else setting.value.split("/")
    return any(_JOINED.search(folder) for folder in folders)
