"""Rows without a database, for what is a pure function of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from rules.competition import Competition, Publishing, builtin
from rules.rule import Severity, Source
from rules.verdict import Verdict, verdict_of
from tests.worker.publishing.scene import SCRIPT, snapshot
from worker.clients.snapshot import Snapshot
from worker.publishing.situation import Situation, situation_of
from worker.store.models import FindingRow, Outcome, PullRequestRow, Ruling, SubmissionRow

HEAD = "a1" * 20
DAY = datetime(2026, 3, 21, 14, 5, tzinfo=UTC)


def found(
    code: str = "C07",
    severity: Severity = Severity.REVIEW,
    message: str = "it reaches the network",
    *,
    path: str | None = SCRIPT,
    line: int | None = 3,
    source: Source = Source.RULE,
    position: int = 0,
    fix: str = "",
    evidence: list[dict[str, Any]] | None = None,
    name: str | None = None,
) -> FindingRow:
    """A finding's row."""
    return FindingRow(
        code=code,
        name=name or f"fault-{code.lower()}",
        severity=severity,
        message=message,
        path=path,
        line=line,
        source=source,
        position=position,
        fix=fix,
        evidence=evidence or [],
    )


def shown(path: str | None = SCRIPT, line: int | None = 9, quote: str = "get(URL)", role: str = "") -> dict[str, Any]:
    """A piece of evidence as it is kept."""
    return {"path": path, "line": line, "unpacked_line": None, "quote": quote, "role": role}


def ruling(outcome: Outcome, *codes: str, reason: str = "", ruler: str = "olga") -> Ruling:
    """A ruling's row."""
    return Ruling(outcome=outcome, codes=list(codes), reason=reason, ruler=ruler, ruler_id=1, created_at=DAY)


def competition(**publishing: Any) -> Competition:
    """The shipped competition with other wishes about publishing."""
    return builtin().model_copy(update={"publishing": Publishing(**publishing)})


def submission(
    *findings: FindingRow,
    decided: bool = True,
    report: str | None = "",
    files: Snapshot | None = None,
    state: str = "open",
    held: bool = False,
    head_sha: str = HEAD,
    **more: Any,
) -> SubmissionRow:
    """A submission's row, as screening and deciding leave it; `report` "" for a plain one."""
    verdict = verdict_of(findings)
    told = [{"code": one.code, "message": one.message} for one in findings if one.source is Source.RULE]
    return SubmissionRow(
        id=UUID(int=7),
        head_sha=head_sha,
        pull_request=PullRequestRow(state=state, held=held, number=5),
        findings=list(findings),
        decided_at=DAY if decided else None,
        verdict=verdict if decided else None,
        snapshot=(files or snapshot(head_sha)).as_json(),
        entry={"verdict": verdict.value, "findings": told} if report is not None else None,
        report=f"## Fairway: {verdict.value}\n\nAll of it.\n" if report == "" else report,
        **more,
    )


def situation(row: SubmissionRow, *ruled: Ruling, page: str | None = None, **publishing: Any) -> Situation:
    """The situation of a submission."""
    return situation_of(row, ruled, competition(**publishing), page=page)


def judged(verdict: Verdict) -> SubmissionRow:
    """A submission with that verdict."""
    severities = {
        Verdict.CLEAR: Severity.NOTE,
        Verdict.INCOMPLETE: Severity.INCOMPLETE,
        Verdict.NEEDS_REVIEW: Severity.REVIEW,
        Verdict.LIKELY_INVALID: Severity.BLOCK,
    }
    return submission(found(severity=severities[verdict]))
