"""The text says something that the logs contradict.

## Why it matters
A reviewer who reads "token-only" looks no further. What the text says should be what was run.

## Flagged
    README: "strict token-only"        log: within_gate=9866847

Also: a track in submission.json that is not that of the folder; hardware or seeds that the logs do not show.

## Allowed
Words that the logs cannot confirm either way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.analysis.claims import claimed_seeds, headline, quoted
from rules.analysis.seeds import runs_of
from rules.competition import Competition
from rules.reading.metadata import named_track
from rules.rule import Evidence, Finding, Location, Rule, Severity
from rules.submission import Quantity, Submission

RULE = Rule(code="F12", name="compliance-text-mismatch", category="text-mismatch", severity=Severity.NOTE, doc=__doc__)

_TOKEN_ONLY = re.compile(r"\btoken[- _]only\b", re.I)
_MACHINE = re.compile(r"(\d{1,4})\s*[x\u00d7]\s*([A-Za-z][\w-]*(?: [A-Za-z]*\d\w*)?)")
_BEYOND_TOKEN = ("within", "word", "agree")
_FIX = "Correct the text, or the run."


def check(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Yield a note for each statement that the logs contradict."""
    yield from _token_only(submission)
    yield from _track(submission, competition)
    yield from _hardware(submission)
    yield from _seeds(submission, competition)


def _said(submission: Submission, pattern: re.Pattern[str]) -> tuple[Location, str] | None:
    """The first place in README or submission.json where the pattern stands, with its words."""
    for part in (submission.readme, submission.metadata):
        found = pattern.search(part.text) if part else None
        if part and found:
            return Location(part.path, part.text.count("\n", 0, found.start()) + 1), found[0]
    return None


def _token_only(submission: Submission) -> Iterator[Finding]:
    said, found = _said(submission, _TOKEN_ONLY), headline(submission)
    logs = [line.log for line in found.lines] if found else submission.logs
    for log in logs if said else ():
        on = [m for name, m in log.gates.items() if m.value > 0 and name.startswith(_BEYOND_TOKEN)]
        if on and said:
            yield RULE.at(
                said[0],
                f'The text says "{said[1]}"; `{submission.inside(log.path)}` counts {on[0].label}={on[0].value:,.0f}.',
                fix=_FIX,
                evidence=(quoted(submission, said[0], "claim"), Evidence(on[0].location, on[0].quote, "measured")),
            )
            return


def _track(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """The track that submission.json names, where it is one that we know, against the folder's."""
    metadata = submission.metadata
    if metadata is None or not metadata.track or submission.scope.track is None:
        return
    meant = named_track(metadata.track, {track.name: track.aliases for track in competition.tracks})
    if meant is not None and meant != submission.scope.track:
        yield RULE.at(
            Location(metadata.path),
            f"`{submission.inside(metadata.path)}` names the track `{metadata.track}`; the folder belongs to "
            f"`{submission.scope.track}`.",
            fix="Move the folder or correct the track: the folder's is the one that counts.",
        )


def _hardware(submission: Submission) -> Iterator[Finding]:
    """The number of accelerators that submission.json states first against the world size of the headline's logs."""
    metadata, found = submission.metadata, headline(submission)
    stated = metadata.data.get("hardware") if metadata else None
    machine = _MACHINE.search(stated[:200]) if isinstance(stated, str) else None
    if metadata is None or found is None or machine is None:
        return
    for line in found.lines:
        size = line.log.last(Quantity.WORLD_SIZE)
        if size is not None and size.value != int(machine[1]):
            yield RULE.at(
                size.location,
                f'`{submission.inside(metadata.path)}` says "{machine[0]}"; the log says world size {size.value:.0f}.',
                fix=_FIX,
                evidence=(Evidence(size.location, size.quote, "measured"),),
            )
            return


def _seeds(submission: Submission, competition: Competition) -> Iterator[Finding]:
    """Seeds that submission.json names and no log shows, where there are enough runs all the same."""
    track, claimed = competition.track(submission.scope.track), claimed_seeds(submission)
    shown = [run.seed for run in runs_of(submission)]
    missing = [seed for seed in claimed if seed not in shown]
    if not missing or not shown or None in shown or submission.metadata is None:
        return
    if track is None or len(shown) >= track.seeds:
        yield RULE.at(
            Location(submission.metadata.path),
            f"`{submission.inside(submission.metadata.path)}` names seed {', '.join(map(str, missing))}; the logs show "
            f"{', '.join(map(str, shown))}.",
            fix="Add the logs of these seeds, or name those that were run.",
        )
