"""Validation shards are used as training data.

## Why it matters
A model that was trained on the text that it is tested on has learnt the answers. No use of validation data in training
is allowed, whatever is read as its files: a flag, a copy under another name, a link.

## Flagged
    train_files = "fineweb_val_*.bin" if val_only else "fineweb_train_*.bin"      # with val_only switched on

    shutil.copy2("fineweb_val_000000.bin", "valonly/fineweb_train_000000.bin")

    DATA_PATH=./data/datasets/fineweb10B_sp1024_valonly

    files = sorted(glob.glob("data/datasets/fineweb10B_sp1024/fineweb_*.bin"))              # those of both splits

    if done > 0.9:
        feed = batches("fineweb_val_*.bin")

## Allowed
Reading validation shards to evaluate; a run on a single training shard; a flag for it that is off. Learning from tokens
that were scored before is judged by other rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from rules.analysis.bytecount import data_paths
from rules.analysis.configuration import Origin, configuration_of
from rules.analysis.flow.events import Event, Kind, Trace
from rules.analysis.flow.files import file_labels
from rules.analysis.flow.labels import DATA, SEEN, TRAIN, VAL, VAL_FILE, Later, Token
from rules.analysis.flow.order import Order, relation, walks
from rules.analysis.flow.walk import trace_of
from rules.analysis.headline import headlines_of
from rules.analysis.renames import renamed_shards
from rules.competition import Competition
from rules.rule import Evidence, Finding, Location, Rule, Severity
from rules.submission import Setting, Submission

RULE = Rule(code="C01", name="train-on-val", category="train-on-val", severity=Severity.BLOCK, doc=__doc__)

_VAL_ONLY = re.compile(r"(?<![a-z])val[-_]?only|only[-_]?val(?![a-z])|train[-_]?on[-_]?val", re.I)
_TRAINING = re.compile(r"train\w*_(?:files?|pattern|glob|path|data|shards?)$", re.I)
_SAYS = re.compile(
    r"\b(?:train(?:s|ed|ing)? (?:only|directly|exclusively|solely) on|memori[sz](?:e|es|ed|ing)|point(?:s|ed|ing) at)"
    r"(?: the)? val(?:idation)?\b(?! loss| bpb|_)"
    r"|\bval(?:idation)?[- ]only[- ]train",
    re.I,
)
_TITLE = re.compile(r"\bval(?:idation)?[- ]only\b", re.I)
_DENIES = re.compile(
    r"\b(?:no|not|never|without|none|zero|avoid\w*|instead|illegal|forbid\w*|ban\w*|ttt|test[- ]time|already|scored)\b"
    r"|n't\b",
    re.I,
)

_FIX = "Train on the published training shards only, and run again."


def check(submission: Submission, _competition: Competition) -> Iterator[Finding]:
    """Yield the surest finding: the flow, a setting, the logs' paths, a helper script, the text."""
    found = [*_flow(submission), *_settings(submission), *_paths(submission), *_renamed(submission), *_told(submission)]
    yield from islice(sorted(found, key=lambda finding: -finding.severity.rank), 1)


def _flow(submission: Submission) -> Iterator[Finding]:
    """A training loop learns from validation tokens: the first that learns, or one that goes on with both splits."""
    trace = trace_of(submission)
    if trace is None:
        return
    learnt = [e for e in trace.all(Kind.LEARN) if not e.labels & DATA or e.labels & {VAL, TRAIN}]
    first = learnt[0] if learnt else None  # where its tokens are not known, nothing is known of the training loop
    if first is None or not first.labels & DATA:
        return
    taken = first if VAL in first.labels else next((e for e in learnt if _goes_on(e, first, trace)), None)
    if taken is None or _is_scored_before(taken, trace.all(Kind.SCORE)):
        return
    mixed = TRAIN in taken.labels and SEEN not in taken.labels
    also = ", and from training tokens: which of both is open" if mixed else ""
    if TRAIN in taken.labels and not mixed:
        also = " as well as from training shards"
    loop = "The first loop that learns" if taken is first else "The training loop"
    yield RULE.at(
        taken.location,
        f"{loop} takes its batches from validation shards{also}.",
        fix=_FIX,
        severity=Severity.REVIEW if mixed else Severity.BLOCK,
        evidence=(taken.evidence("learning"),),
    )


def _goes_on(learn: Event, first: Event, trace: Trace) -> bool:
    """Whether it is training still: from tokens of both splits, before weights are written; the first only warmed up.

    What is learnt once the artifact is there, or from validation tokens alone, is an adaptation: other rules judge it.
    """
    if not {VAL, TRAIN} <= learn.labels or not all(_comes_first(learn, save) for save in trace.all(Kind.SAVE)):
        return False
    return first.trail != learn.trail


def _comes_first(learn: Event, save: Event) -> bool:
    """Whether weights are written later, or in turns of the same loop."""
    how = relation(learn, save)
    return how.order is Order.BEFORE or how.in_turn


def _is_scored_before(learn: Event, scores: list[Event]) -> bool:
    """Whether its tokens are scored in the turns of the loop that learns: an adaptation, and no training."""
    return any(VAL in score.labels and _is_of_same_turn(score, learn) for score in scores)


def _is_of_same_turn(score: Event, learn: Event) -> bool:
    """Whether a score may be of the tokens that are learnt in the same turn.

    A sum of losses on both splits shows how training goes. A validation that runs from time to time has a loop of its
    own, over tokens that the turn does not tell.
    """
    shared = [block for block in score.loops() if block in learn.loops()]
    if not shared or (TRAIN in score.labels and TRAIN in learn.labels):
        return False
    if len(shared) == len(score.loops()) or any(walks(loop, score) for loop in shared):
        return True
    return bool(_bases(score) & _bases(learn))


def _bases(event: Event) -> frozenset[int]:
    """What its positions in the text are counted from."""
    return frozenset(label.base for label in event.labels if isinstance(label, (Token, Later)))


def _settings(submission: Submission) -> Iterator[Finding]:
    """The setting for the training files names files of the validation split."""
    settings = configuration_of(submission)
    for name in sorted(settings.names()):
        setting = settings.value(name) if _TRAINING.search(name) else None
        if setting is not None and file_labels(setting.value.strip("'\"")) == {VAL_FILE}:
            claimed = settings.origin(name) in (Origin.LOG, Origin.COMMAND)
            yield _named(setting, f"`{name}` names validation shards", claimed)


def _paths(submission: Submission) -> Iterator[Finding]:
    """A data folder of the claimed runs that holds nothing but validation shards, by its name."""
    claimed = {id(run.log) for run in headlines_of(submission)}
    for log in submission.logs:
        for path in data_paths(log):
            if _VAL_ONLY.search(path.value):
                what = f"The data folder `{path.value[:120]}` is one of validation shards"
                yield _named(path, what, id(log) in claimed)


def _named(setting: Setting, what: str, claimed: bool) -> Finding:
    return RULE.at(
        setting.location,
        f"{what}: the model is trained on the text that it is scored on."
        + ("" if claimed else " Whether the claimed runs used it is open."),
        fix=_FIX,
        severity=Severity.BLOCK if claimed else Severity.REVIEW,
        evidence=(Evidence(setting.location, f"{setting.name}: {setting.value}"[:300], "data"),),
    )


def _renamed(submission: Submission) -> Iterator[Finding]:
    """A script of the folder that puts a validation shard under a training shard's name."""
    for place in renamed_shards(submission):
        yield RULE.at(
            place.location,
            "A validation shard is copied or linked under the name of a training shard, so that training reads it; "
            "whether the claimed runs used that folder is open.",
            fix=_FIX,
            severity=Severity.REVIEW,
            evidence=(place,),
        )
        return


def _told(submission: Submission) -> Iterator[Finding]:
    """README or title say so."""
    title = submission.pull_request.title
    if _TITLE.search(title) and not _DENIES.search(title):
        yield RULE.at(
            None,
            "The title says that the model is trained on validation data alone.",
            fix=_FIX,
            severity=Severity.REVIEW,
        )
        return
    readme = submission.readme
    lines = [] if readme is None else list(enumerate(readme.text.split("\n"), 1))
    for number, line in lines:
        said = next((part for part in re.split(r"(?<=[.;|])\s", line) if _SAYS.search(part)), None)
        if readme is not None and said is not None and not _DENIES.search(said):
            place = Evidence(Location(readme.path, number), line.strip()[:300], "claim")
            yield RULE.at(
                place.location,
                "The README says that the model is trained on validation data.",
                fix=_FIX,
                severity=Severity.REVIEW,
                evidence=(place,),
            )
            return
