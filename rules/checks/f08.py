"""A submission repeats an earlier one: a file byte for byte, or the script but for a few lines.

## Why it matters
The same script has been judged before, under its own number: a ruling there may hold here. An identical log of another
author is not a run of this one. A script that its author opens again under another number takes the
place of the first.

## Flagged
    train_gpt.py, byte for byte that of an earlier pull request
    a script that is 99 % the script of another author, beyond the repository's own, and does not name it

## Allowed
A rerun of another's script that names it; the competition's own baseline. Likeness is a lead for a person, never a
proof: two people may have begun with the same third.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rules.competition import Competition
from rules.lineage.kin import NEARLY_THE_SAME
from rules.rule import Finding, Location, Rule, Severity
from rules.submission import Kin, Submission, Twin

RULE = Rule(code="F08", name="duplicate-or-superseded", category="duplicate", severity=Severity.NOTE, doc=__doc__)

_SHOWN = 5
_FIX = "Say in the README what is new, and name the source."


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield one note for each set of earlier pull requests with identical files, then one for near copies."""
    yield from _identical(submission)
    yield from _near_copy(submission)


def _near_copy(submission: Submission) -> Iterator[Finding]:
    """The likest earlier script, unless its identity was said already or the submission names it."""
    script, told = submission.script, {twin.number for twin in submission.twins}
    near = [k for k in submission.kin if k.similarity is not None and k.similarity >= NEARLY_THE_SAME]
    if script is None or any(k.number in told for k in near):
        return
    mentioned = {citation.number for citation in submission.citations}
    uncited = [k for k in near if not k.same_author and k.author]
    own = [k for k in near if k.same_author]
    if uncited and mentioned.isdisjoint(k.number for k in near):
        kin = uncited[0]
        yield RULE.at(
            Location(script.path),
            f"The script is {_share(kin)} that of #{kin.number} by {kin.author}, beyond the repository's own lines, "
            "and the submission does not name it.",
            fix=_FIX,
        )
    elif own:
        yield RULE.at(
            Location(script.path),
            f"The script is {_share(own[0])} that of #{own[0].number} by the same author, which this one may "
            "supersede.",
            fix="Close the earlier one, or say in the README what tells them apart.",
        )


def _share(kin: Kin) -> str:
    """How much of it, never rounded up to all of it."""
    share = kin.similarity or 0.0
    return "line for line" if share == 1.0 else f"{min(99.9, 100 * share):.1f} %"


def _identical(submission: Submission) -> Iterator[Finding]:
    by_path: dict[str, list[Twin]] = {}
    for twin in submission.twins:
        by_path.setdefault(twin.path, []).append(twin)
    by_source: dict[tuple[int, ...], list[str]] = {}
    for path, twins in sorted(by_path.items()):
        by_source.setdefault(tuple(sorted({t.number for t in twins})), []).append(path)
    cited = {citation.number for citation in submission.citations}
    logs = {log.path for log in submission.logs}
    for paths in by_source.values():
        paths.sort(key=lambda path: path in logs)
        twins, author = by_path[paths[0]], submission.pull_request.author
        names = [f"`{submission.inside(path)}`" for path in paths]
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield RULE.at(
            Location(paths[0]),
            f"{', '.join(names[:_SHOWN])}{more} {'is' if len(names) == 1 else 'are'} identical to "
            f"{'a file' if len(names) == 1 else 'files'} of {_named(twins, author)}{_credit(twins, cited, author)}.",
            fix="Add the logs of your own runs." if logs.issuperset(paths) else _FIX,
        )


def _named(twins: Sequence[Twin], author: str) -> str:
    numbers = {t.number: t.author for t in sorted(twins, key=lambda t: t.number)}
    shown = [f"#{n} (the same author)" if who == author else f"#{n} by {who}" for n, who in numbers.items()]
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more


def _credit(twins: Sequence[Twin], cited: set[int], author: str) -> str:
    others = [t for t in twins if t.author != author]
    return ", which it does not name" if others and cited.isdisjoint(t.number for t in others) else ""
