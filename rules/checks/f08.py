"""A file is identical to one of an earlier pull request.

## Why it matters
The same script has been judged before, under its own number: a ruling there may hold here. An identical log of another
author is not a run of this one.

## Flagged
    train_gpt.py, byte for byte that of an earlier pull request

## Allowed
A rerun of another's script that names it; the competition's own baseline.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rules.competition import Competition
from rules.rule import Finding, Location, Rule, Severity
from rules.submission import Submission, Twin

RULE = Rule(code="F08", name="duplicate-or-superseded", category="duplicate", severity=Severity.NOTE, doc=__doc__)

_SHOWN = 5
_FIX = "Say in the README what is new, and name the source."


def check(submission: Submission, _: Competition) -> Iterator[Finding]:
    """Yield one note for each set of earlier pull requests, with the files that they share with this one."""
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
