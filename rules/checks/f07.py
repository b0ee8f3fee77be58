"""The pull request changes more than one new submission folder.

## Why it matters
A submission adds one folder and leaves the rest alone. Other changes cannot be merged with it: they would alter the
baseline or somebody else's record.

## Flagged
    train_gpt.py at the top of the repository, a second folder below records/, an edit to another entry

## Allowed
Anything inside the one new folder. Folders that an earlier pull request brought are noted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rules.competition import Competition
from rules.rule import Evidence, Finding, Location, Rule, Severity
from rules.submission import ChangedFile, Status, Submission

RULE = Rule(
    code="F07", name="edits-outside-records-folder", category="scope", severity=Severity.INCOMPLETE, doc=__doc__
)

_SHOWN = 5
_WORKFLOWS = ".github/"


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield one finding each for further submission folders, those of the branch below, and other changes."""
    scope = submission.scope
    if not scope.folder:
        return  # nothing was submitted: that is a finding of its own
    if scope.other_folders:
        yield RULE.at(
            Location(scope.other_folders[0]),
            f"{len(scope.other_folders) + 1} submission folders in one pull request: `{scope.folder}` was judged, "
            f"not {_listed(scope.other_folders)}.",
            fix="Keep one folder; open another pull request for each of the others.",
        )
    if scope.earlier_folders:
        yield RULE.at(
            Location(scope.earlier_folders[0]),
            f"The branch also carries what earlier pull requests brought: {_listed(scope.earlier_folders)}.",
            fix="Make the branch on the default branch, so that it shows this submission alone.",
            severity=Severity.NOTE,
        )
    inside = tuple(f"{folder}/" for folder in scope.other_folders)
    outside = [f for f in scope.outside if not f.path.startswith(inside)]
    if outside:
        yield _outside(outside, competition)


def _outside(files: Sequence[ChangedFile], competition: Competition) -> Finding:
    counts = Counter(f.status for f in files)
    kinds = ", ".join(f"{counts[s]} {s.value}" for s in (Status.ADDED, Status.MODIFIED, Status.DELETED) if counts[s])
    others = [f for f in files if _is_foreign_record(f, competition)]
    foreign = f"; {len(others)} of them belong to other entries" if others else ""
    foreign += "; workflows among them" if any(f.path.startswith(_WORKFLOWS) for f in files) else ""
    shown = sorted(files, key=lambda f: _rank(f, competition))
    return RULE.at(
        Location(shown[0].path),
        f"{len(files)} file{'' if len(files) == 1 else 's'} outside of the submission folder ({kinds}){foreign}: "
        f"{_listed([f.path for f in shown])}.",
        fix="Take these changes out of the pull request.",
        evidence=tuple(Evidence(Location(f.path), f.status.value, "changed") for f in shown[:_SHOWN]),
    )


def _is_foreign_record(file: ChangedFile, competition: Competition) -> bool:
    """Whether a file of an entry that was there before is altered."""
    return file.status is not Status.ADDED and file.path.startswith(tuple(f"{t.folder}/" for t in competition.tracks))


def _rank(file: ChangedFile, competition: Competition) -> tuple[bool, bool, bool, str]:
    """Workflows first, then other entries, then what is not new."""
    is_workflow = file.path.startswith(_WORKFLOWS)
    return not is_workflow, not _is_foreign_record(file, competition), file.status is Status.ADDED, file.path


def _listed(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(f"`{path}`" for path in paths[:_SHOWN]) + more
