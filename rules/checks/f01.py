"""A file or a figure that every submission needs is missing.

## Why it matters
Without the script nobody can reproduce the score, without a log nobody can see that it was ever reached, and without
submission.json no table can list it.

## Flagged
    a folder without train_gpt.py, without a training log or with those of somebody else alone, or whose submission.json
    is not valid JSON

## Allowed
A log under any name: logs are recognised by what they print. A byte-order mark in front of the JSON.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.claims import headline_claim, is_plausible, title_score
from rules.analysis.problems import problems_of
from rules.competition import Competition
from rules.rule import Finding, Location, Rule, Severity
from rules.submission import Metadata, ProblemKind, Quantity, Submission

RULE = Rule(
    code="F01", name="missing-submission-files", category="missing-evidence", severity=Severity.INCOMPLETE, doc=__doc__
)

_SIZE_KEYS = frozenset({"bytes_total", "total_bytes", "artifact_bytes", "artifact_size_bytes", "submission_bytes"})
_NOT_JSON = {
    ProblemKind.INVALID_JSON: "is not valid JSON",
    ProblemKind.NOT_AN_OBJECT: "is JSON, but no object with keys",
    ProblemKind.EMPTY: "is empty",
}


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield a finding for each required file that is missing, unreadable as JSON, or states no score."""
    if not submission.folder:
        yield _no_folder(submission, competition)
        return
    for name in competition.files.required:
        if submission.file(name) is None:
            yield _missing(submission, competition, name)
    if competition.files.log and not submission.logs:
        yield _no_log(submission)
    yield from _foreign_logs(submission)
    unread = [p for p in problems_of(submission, *_NOT_JSON) if _is_top_file(submission, competition, p.location.path)]
    for problem in unread:
        yield RULE.at(
            problem.location,
            f"`{submission.inside(problem.location.path)}` {_NOT_JSON[problem.kind]}"
            + (f": {problem.detail}." if problem.detail else "."),
            fix="Correct the file and check it before the next push.",
        )
    if submission.metadata is not None and not unread:
        yield from _no_score(submission, submission.metadata, competition)
        yield from _no_size(submission, submission.metadata)


def _no_folder(submission: Submission, competition: Competition) -> Finding:
    folders = " or ".join(f"`{track.folder}/`" for track in competition.tracks)
    changed = len(submission.scope.changed)
    return RULE.at(
        None,
        f"No submission folder: the pull request changes {changed} file{'' if changed == 1 else 's'}, "
        f"none of them in a new folder below {folders}.",
        fix=f"Put {', '.join(competition.files.required)} and the training logs into one new folder there.",
    )


def _missing(submission: Submission, competition: Competition, name: str) -> Finding:
    fix = f"Add `{name}` to the folder."
    message = f"`{name}` is missing in `{submission.folder}`."
    script = submission.script
    if script is not None and not script.path.startswith(f"{submission.folder}/"):
        script = None  # the one at the top of the repository
    if name == competition.files.script and script is not None:
        message = f"`{name}` is missing; the folder's script is `{submission.inside(script.path)}`."
        track = competition.track(submission.scope.track)
        return RULE.at(
            Location(script.path),
            message,
            fix=f"Name the script that produces the score `{name}`.",
            severity=None if track is not None and track.record else Severity.NOTE,
        )
    return RULE.at(Location(f"{submission.folder}/{name}"), message, fix=fix)


def _no_log(submission: Submission) -> Finding:
    candidates = [f.name for f in submission.files if f.name.casefold().endswith((".log", ".txt", ".out"))]
    others = [name for name in candidates if name.casefold() != "requirements.txt"][:3]
    shows = "shows" if len(others) == 1 else "show"
    seen = f" ({', '.join(f'`{n}`' for n in others)} {shows} no training run)" if others else ""
    return RULE.at(
        None,
        f"No training log in `{submission.folder}`{seen}: nothing proves the score, the times and the size.",
        fix="Add the complete output of each run, from the first line to the final score.",
    )


def _foreign_logs(submission: Submission) -> Iterator[Finding]:
    """Every log of the folder is, byte for byte, one of another author's earlier pull request."""
    author = submission.pull_request.author
    foreign = {twin.path: twin for twin in submission.twins if twin.author != author}
    if not submission.logs or any(log.path not in foreign for log in submission.logs):
        return
    first = foreign[submission.logs[0].path]
    yield RULE.at(
        Location(first.path),
        f"No log of a run of this submission: {_all(len(submission.logs))} identical to those of other authors, as "
        f"`{submission.inside(first.path)}` to that of #{first.number} by {first.author}.",
        fix="Add the logs of your own runs.",
    )


def _all(count: int) -> str:
    return "its log is" if count == 1 else f"all {count} logs are"


def _is_top_file(submission: Submission, competition: Competition, path: str) -> bool:
    return submission.inside(path).casefold() in {
        competition.files.metadata.casefold(),
        competition.files.readme.casefold(),
    }


def _no_score(submission: Submission, metadata: Metadata, competition: Competition) -> Iterator[Finding]:
    name = competition.metric.name
    if any(c.quantity is Quantity.VAL_BPB and is_plausible(c.value) for c in metadata.claims):
        return
    elsewhere = headline_claim(submission)
    value = elsewhere.value if elsewhere else title_score(submission.pull_request.title)
    known = "" if value is None else f"; {'the README' if elsewhere else 'the title'} says {value}"
    yield RULE.at(
        Location(metadata.path),
        f"`{submission.inside(metadata.path)}` states no {name}{known}.",
        fix=f'Add `"{name}": …` with the mean over the runs, as the logs print it.',
    )


def _no_size(submission: Submission, metadata: Metadata) -> Iterator[Finding]:
    """A size that submission.json has a key for and leaves open."""
    if any(c.quantity is Quantity.ARTIFACT_BYTES for c in metadata.claims):
        return
    key = next((k for k, v in metadata.data.items() if v is None and k.casefold() in _SIZE_KEYS), None)
    if key is not None:
        position = metadata.text.find(f'"{key}"')
        line = metadata.text.count("\n", 0, position) + 1 if position >= 0 else None
        yield RULE.at(
            Location(metadata.path, line),
            f"`{submission.inside(metadata.path)}` leaves `{key}` open and states no size of the artifact.",
            fix="Put in the bytes of the code plus the compressed model, as the logs print them.",
        )
