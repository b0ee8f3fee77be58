"""The check run: one for each head commit, with a conclusion, annotations and buttons."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from rules.report import escape
from rules.report.links import ARCHIVED
from rules.rule import Severity
from rules.submission import Status
from rules.verdict import Verdict
from worker.clients.gateway import Annotation, Check, CheckAction, Conclusion
from worker.clients.snapshot import Snapshot
from worker.commands.asked import HUMAN_REVIEW, REPRODUCE, RERUN
from worker.publishing import texts
from worker.publishing.situation import Phase, Situation
from worker.store.models import FindingRow, Outcome

NAME = "Fairway"
ACTIONS = (
    CheckAction("Re-run", "Read and check this commit again", RERUN),
    CheckAction("Request human review", "Ask the organizers to look at it", HUMAN_REVIEW),
    CheckAction("Request reproduction", "Ask for a run on a reference machine", REPRODUCE),
)
TEXT_BYTES = 64_000  # GitHub takes 65,535
ANNOTATIONS_AT_MOST, EVIDENCE_AT_MOST = 200, 6
TITLE, MESSAGE, FIX, QUOTE = 120, 500, 300, 160  # characters
MEND = "To mend: {}"
LEVELS = {
    Severity.BLOCK: "failure",
    Severity.REVIEW: "warning",
    Severity.INCOMPLETE: "warning",
    Severity.NOTE: "notice",
}
BY_VERDICT = {
    Verdict.CLEAR: Conclusion.SUCCESS,
    Verdict.NEEDS_REVIEW: Conclusion.NEUTRAL,
    Verdict.INCOMPLETE: Conclusion.ACTION_REQUIRED,
    Verdict.LIKELY_INVALID: Conclusion.ACTION_REQUIRED,
}
BY_OUTCOME = {
    Outcome.HELD: Conclusion.NEUTRAL,
    Outcome.ACCEPTED: Conclusion.SUCCESS,
    Outcome.NEEDS_CHANGES: Conclusion.ACTION_REQUIRED,
    Outcome.REJECTED: Conclusion.ACTION_REQUIRED,
}


def check_of(situation: Situation) -> Check:
    """The check run as it should be."""
    judged = situation.phase is Phase.JUDGED
    tells = judged or (situation.phase is Phase.NO_SUBMISSION and bool(situation.on_configuration))
    return Check(
        NAME,
        situation.head_sha,
        str(situation.submission.id),
        texts.title(situation),
        texts.fitted(texts.summary(situation), TEXT_BYTES, _bytes),
        _text(situation) if tells else "",
        conclusion_of(situation),
        situation.page,
        tuple(islice(annotations_of(situation), ANNOTATIONS_AT_MOST)) if tells else (),
        ACTIONS if judged else ACTIONS[:1] if situation.phase is not Phase.READING else (),
    )


def superseded_check(head_sha: str, external_id: str, by: str) -> Check:
    """How the check of a head ends that nobody waits for any more."""
    text = texts.SUPERSEDED.format(escape.code(by))
    return Check(
        NAME, head_sha, external_id, texts.SUPERSEDED_TITLE, text, conclusion=Conclusion.NEUTRAL, actions=ACTIONS[:1]
    )


def conclusion_of(situation: Situation) -> Conclusion | None:
    """None while it is read. Nothing fails by itself: only the competition may ask for that."""
    if situation.phase is not Phase.JUDGED:
        return None if situation.phase is Phase.READING else Conclusion.NEUTRAL
    outcome, verdict = situation.outcome, situation.verdict
    if outcome is Outcome.REJECTED and Verdict.LIKELY_INVALID.value in situation.fail_on:
        return Conclusion.FAILURE
    if outcome is not None:
        return BY_OUTCOME[outcome]
    assert verdict is not None  # what is judged and not ruled on has one
    return Conclusion.FAILURE if verdict.value in situation.fail_on else BY_VERDICT[verdict]


def annotations_of(situation: Situation) -> Iterator[Annotation]:
    """Notes at the lines that show the findings, worst first, each place of a finding once.

    Only in files that the head commit has: not in those that the pull request deletes, and for a line inside a packed
    script at the line of the shipped file that holds it.
    """
    known = _paths(situation)
    told: set[tuple[str, int, str]] = set()
    shown = situation.counted if situation.phase is Phase.JUDGED else situation.on_configuration
    for finding in sorted(shown, key=lambda f: (-f.severity.rank, f.position)):
        title = f"{finding.code} {finding.name}"
        for path, line, message in _places(finding):
            shipped = path if path in known else path.partition(ARCHIVED)[0]
            place = shipped, max(line or 1, 1), title
            if shipped in known and place not in told:
                told.add(place)
                yield Annotation(*place[:2], LEVELS[finding.severity], escape.cut(title, TITLE), message)


def _places(finding: FindingRow) -> Iterator[tuple[str, int | None, str]]:
    """Where a finding shows, with what is to be said there."""
    message = escape.prose(finding.message, MESSAGE)
    mend = MEND.format(escape.prose(finding.fix, FIX)) if finding.fix else ""
    if finding.path is not None:
        yield finding.path, finding.line, "\n".join(part for part in (message, mend) if part)
    for item in finding.evidence[:EVIDENCE_AT_MOST]:
        if item["path"] is not None:
            shown = ": ".join(t for t in (escape.prose(item["role"], TITLE), escape.code(item["quote"], QUOTE)) if t)
            yield item["path"], item["line"], "\n".join(part for part in (message, shown) if part)


def _paths(situation: Situation) -> frozenset[str]:
    """The files of the head commit that we know of; none where another version of Fairway fetched them."""
    try:
        snapshot = Snapshot.from_json(situation.submission.snapshot or {})
    except ValueError:
        return frozenset()
    shipped = {file.path for file in snapshot.entries} | {change.path for change in snapshot.changed}
    return frozenset(shipped - {change.path for change in snapshot.changed if change.status is Status.DELETED})


def _text(situation: Situation) -> str:
    """The report, and what was found besides."""
    if situation.phase is Phase.NO_SUBMISSION:
        return texts.fitted(texts.findings(situation.on_configuration), TEXT_BYTES, _bytes)
    besides = situation.added
    parts = [f"{texts.FOUND_BESIDES}\n\n{texts.findings(besides)}"] if besides else []
    return texts.fitted("\n\n".join([*parts, situation.submission.report or ""]).strip(), TEXT_BYTES, _bytes)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
