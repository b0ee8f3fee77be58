"""One triage as the JSON that tools outside the project rely on.

The first keys of an entry, their names and their meaning are fixed; keys may be added at the end. Numbers that no log
shows are null, never zero; numbers that JSON cannot carry (infinite, not a number) are null too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rules.analysis.flow.established import Fact
from rules.report.sections import agents_of, parents_of
from rules.rule import Finding, Location
from rules.screening import Triage


def entry(triage: Triage, seconds: float) -> dict[str, Any]:
    """One entry of `pull_requests`; `seconds` is the processor time that the triage took."""
    submission = triage.submission
    return {
        "number": submission.pull_request.number,
        "head_sha": submission.pull_request.head_sha,
        "track": submission.scope.track,
        "verdict": triage.verdict.value,
        "seconds": round(seconds, 4),
        "findings": [finding_entry(finding) for finding in triage.findings],
        "techniques": [technique.name for technique in triage.techniques],
        "parents": [{"number": number, "similarity": None, "cited": True} for number, _ in parents_of(submission)],
        "measurements": _finite(triage.summary.as_dict()),
        "folder": submission.folder,
        "logs": len(submission.logs),
        "agents": [agent for agent, _ in agents_of(submission)],
        "established": [fact_entry(fact) for fact in triage.established],
    }


def fact_entry(fact: Fact) -> dict[str, Any]:
    """One fact of an entry; `text` names its places in words, `places` hold them in full."""
    return {
        "subject": fact.subject,
        "text": fact.told(),
        "places": [{**_place(place), "unpacked_line": place.unpacked_line} for place in fact.places],
    }


def finding_entry(finding: Finding) -> dict[str, Any]:
    """One finding of an entry."""
    return {
        "code": finding.code,
        "name": finding.name,
        "category": finding.category,
        "severity": finding.severity.value,
        **_place(finding.location),
        "message": finding.message,
        "source": finding.source.value,
        "unpacked_line": None if finding.location is None else finding.location.unpacked_line,
        "fix": finding.fix,
        "evidence": [
            {
                **_place(item.location),
                "unpacked_line": item.location.unpacked_line,
                "quote": item.quote,
                "role": item.role,
            }
            for item in finding.evidence
        ],
    }


def _place(location: Location | None) -> dict[str, Any]:
    return {
        "path": None if location is None else location.path,
        "line": None if location is None else location.line,
    }


def _finite(values: Mapping[str, object]) -> dict[str, object]:
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}
