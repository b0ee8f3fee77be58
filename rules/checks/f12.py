"""The text says something that the logs contradict.

## Why it matters
A reviewer who reads "token-only" looks no further. What the text says should be what was run.

## Flagged
    README: "strict token-only"        log: within_gate=9866847

Also: no test-time training in the text and a headline from a test-time training line; a track in submission.json that
is not that of the folder; hardware or seeds that the logs do not show.

## Allowed
Words that the logs cannot confirm either way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.analysis.claims import claimed_seeds, headline, quoted
from rules.analysis.seeds import runs_of
from rules.competition import Competition
from rules.rule import Evidence, Finding, Location, Rule, Severity
from rules.submission import Quantity, Submission

RULE = Rule(code="F12", name="compliance-text-mismatch", category="text-mismatch", severity=Severity.NOTE, doc=__doc__)

_TOKEN_ONLY = re.compile(r"\btoken[- _]only\b", re.I)
_NO_TTT = re.compile(r"\b(?:no|without(?: any)?) (?:ttt|test[- ]time training)\b|\bttt(?:[- ]|: ?)disabled\b", re.I)
_BEYOND_TOKEN = ("within", "word", "agree")
_FIX = "Correct the text, or the run."


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield a note for each statement that the logs contradict."""
    yield from _token_only(submission)
    yield from _no_training(submission)
    yield from _track(submission, competition)
    yield from _hardware(submission, competition)
    yield from _seeds(submission)


def _said(submission: Submission, pattern: re.Pattern[str]) -> tuple[Location, str] | None:
    """The first place in README or submission.json where the pattern stands, with its words."""
    for part in (submission.readme, submission.metadata):
        found = pattern.search(part.text) if part else None
        if part and found:
            return Location(part.path, part.text.count("\n", 0, found.start()) + 1), found[0]
    return None


def _token_only(submission: Submission) -> Iterator[Finding]:
    said = _said(submission, _TOKEN_ONLY)
    for log in submission.logs if said else ():
        on = [m for name, m in log.gates.items() if m.value > 0 and name.startswith(_BEYOND_TOKEN)]
        if on and said:
            yield RULE.at(
                said[0],
                f'The text says "{said[1]}"; `{submission.inside(log.path)}` counts {on[0].label}={on[0].value:,.0f}.',
                fix=_FIX,
                evidence=(quoted(submission, said[0], "claim"), Evidence(on[0].location, on[0].quote, "measured")),
            )
            return


def _no_training(submission: Submission) -> Iterator[Finding]:
    said, found = _said(submission, _NO_TTT), headline(submission)
    if said and found and re.search(r"(?:^|_)ttt(?:_|$|:)", found.label, re.I):
        yield RULE.at(
            said[0],
            f'The text says "{said[1]}"; the score stands on a line labelled `{found.label}`.',
            fix=_FIX,
            evidence=(quoted(submission, said[0], "claim"), found.lines[0].evidence),
        )


def _track(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """The track that submission.json names, where it is one that we know, against the folder's."""
    metadata = submission.metadata
    if metadata is None or not metadata.track or submission.scope.track is None:
        return
    named = metadata.track.strip().casefold()
    meant = [t.name for t in competition.tracks if named in {t.name.casefold(), *(a.casefold() for a in t.aliases)}]
    if meant and submission.scope.track not in meant:
        yield RULE.at(
            Location(metadata.path),
            f"`{submission.inside(metadata.path)}` names the track `{metadata.track}`; the folder belongs to "
            f"`{submission.scope.track}`.",
            fix="Move the folder or correct the track: the folder's is the one that counts.",
        )


def _hardware(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """What submission.json says about the machine against what the logs of the score print."""
    metadata, found = submission.metadata, headline(submission)
    stated = metadata.data.get("hardware") if metadata else None
    wanted = competition.hardware
    if metadata is None or found is None or not isinstance(stated, str):
        return
    if not re.search(rf"\b{wanted.world_size}\s*[x\u00d7]\s*(?:nvidia )?{re.escape(wanted.gpu)}", stated, re.I):
        return
    for line in found.lines:
        size, gpu = line.log.last(Quantity.WORLD_SIZE), line.log.gpu
        if size is not None and size.value != wanted.world_size:
            yield RULE.at(
                size.location,
                f'`{submission.inside(metadata.path)}` says "{stated[:60]}"; the log says world size {size.value:.0f}.',
                fix=_FIX,
                evidence=(Evidence(size.location, size.quote, "measured"),),
            )
            return
        if gpu is not None and wanted.gpu.casefold() not in gpu.value.casefold():
            yield RULE.at(
                gpu.location,
                f'`{submission.inside(metadata.path)}` says "{stated[:60]}"; the log names "{gpu.value[:60]}".',
                fix=_FIX,
            )
            return


def _seeds(submission: Submission) -> Iterator[Finding]:
    claimed, shown = claimed_seeds(submission), [run.seed for run in runs_of(submission)]
    missing = [seed for seed in claimed if seed not in shown]
    if missing and shown and None not in shown and submission.metadata is not None:
        yield RULE.at(
            Location(submission.metadata.path),
            f"`{submission.inside(submission.metadata.path)}` names seed {', '.join(map(str, missing))}; the logs show "
            f"{', '.join(map(str, shown))}.",
            fix="Add the logs of these seeds, or name those that were run.",
        )
