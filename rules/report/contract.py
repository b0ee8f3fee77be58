"""One triage as the JSON that tools outside the project rely on.

The first keys of an entry, their names and their meaning are fixed; keys may be added at the end. Numbers that no log
shows are null, never zero; numbers that JSON cannot carry (infinite, not a number) are null too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rules.analysis.flow.established import Fact
from rules.lineage.news import News
from rules.report.sections import agents_of, kin_by_others, kin_of_author
from rules.rule import Finding, Location
from rules.screening import Triage
from rules.submission import Kin


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
        "parents": [kin_entry(kin) for kin in kin_by_others(submission)],
        "measurements": _finite(triage.summary.as_dict()),
        "folder": submission.folder,
        "logs": len(submission.logs),
        "agents": [agent for agent, _ in agents_of(submission)],
        "established": [fact_entry(fact) for fact in triage.established],
        "own_earlier": [kin_entry(kin) for kin in kin_of_author(submission)],
        "new": None if triage.news is None else news_entry(triage.news),
        "runs": _runs(triage),
    }


def _runs(triage: Triage) -> list[dict[str, Any]]:
    """The scores of the runs whose mean is the measured one: bits per byte, and nats per token where printed."""
    shown = triage.summary.headline
    lines = shown.lines if shown is not None else ()
    return [
        {"seed": line.run.seed, **_finite({"val_bpb": line.value, "val_loss": line.score.val_loss})} for line in lines
    ]


def kin_entry(kin: Kin) -> dict[str, Any]:
    """One earlier pull request; its similarity is null where its script is not known."""
    similarity = None if kin.similarity is None else round(kin.similarity, 4)
    return {"number": kin.number, "similarity": similarity, "cited": kin.cited}


def news_entry(news: News) -> dict[str, Any]:
    """What is new against an earlier pull request, shortened to what a report shows."""
    return {
        "against": news.against,
        "gained": list(news.gained),
        "lost": list(news.lost),
        "settings": [
            {"name": s.name, "before": s.before, "after": s.after, **_place(s.location)} for s in news.settings
        ],
        "functions": [
            {"name": f.name, "change": f.change.value, "lines": f.lines, **_place(f.location)} for f in news.functions
        ],
        "more_settings": news.more_settings,
        "more_functions": news.more_functions,
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
