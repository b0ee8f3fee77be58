from __future__ import annotations

import json
import math
from dataclasses import replace

from rules.report.contract import entry
from rules.rule import Evidence, Location, Severity
from rules.submission import BaseKind, PullRequest, Scope
from tests.rules.report import samples


def test_an_entry_begins_with_the_keys_that_others_rely_on() -> None:
    written = entry(samples.triage(samples.finding()), 0.02)
    assert list(written)[:9] == [
        *("number", "head_sha", "track", "verdict", "seconds", "findings", "techniques", "parents", "measurements"),
    ]
    assert list(written["findings"][0])[:8] == [
        *("code", "name", "category", "severity", "path", "line", "message", "source"),
    ]
    assert list(written["measurements"]) == [
        *("val_bpb", "artifact_bytes", "train_seconds", "eval_seconds", "world_size", "seeds"),
    ]


def test_an_entry_tells_what_was_found() -> None:
    triage = samples.triage(
        samples.finding(
            evidence=[Evidence(Location(samples.LOG, 13), "Total: 16024793 bytes", "measured")], fix="Pack."
        ),
        techniques=["gqa", "xsa"],
        citations=(samples.parent(549), samples.parent(549)),
        disclosures=(samples.disclosure("Claude"),),
        logs=[samples.train_log(artifact_bytes=15_025_238, train_seconds=600.1, world_size=8)],
    )
    written = entry(triage, 0.123456)
    assert written["number"] == 7
    assert written["head_sha"] == samples.HEAD
    assert written["track"] == "record"
    assert written["verdict"] == "likely-invalid"
    assert written["seconds"] == 0.1235
    assert written["findings"] == [
        {
            "code": "E05",
            "name": "artifact-over-16mb",
            "category": "over-cap",
            "severity": "block",
            "path": samples.LOG,
            "line": 12,
            "message": "16,024,793 bytes; the cap is 16,000,000.",
            "source": "rule",
            "unpacked_line": None,
            "fix": "Pack.",
            "evidence": [
                {
                    "path": samples.LOG,
                    "line": 13,
                    "unpacked_line": None,
                    "quote": "Total: 16024793 bytes",
                    "role": "measured",
                }
            ],
        }
    ]
    assert written["techniques"] == ["gqa", "xsa"]
    assert written["parents"] == [{"number": 549, "similarity": None, "cited": True}]
    assert written["measurements"] == {
        "val_bpb": 1.0821,
        "artifact_bytes": 15_025_238,
        "train_seconds": 600.1,
        "eval_seconds": None,
        "world_size": 8,
        "seeds": [42],
    }
    assert written["agents"] == ["Claude"]


def test_what_is_unknown_is_null_and_never_zero() -> None:
    triage = samples.triage(
        samples.finding("F01", Severity.INCOMPLETE, path=None),
        scope=Scope("", None, BaseKind.NONE),
        pull_request=PullRequest(9, ""),
    )
    written = entry(triage, 0.0)
    assert (written["track"], written["findings"][0]["path"], written["findings"][0]["line"]) == (None, None, None)
    assert written["measurements"] == {
        "val_bpb": None,
        "artifact_bytes": None,
        "train_seconds": None,
        "eval_seconds": None,
        "world_size": None,
        "seeds": [],
    }


def test_a_line_of_a_packed_script_keeps_both_lines() -> None:
    found = replace(samples.finding(), location=Location(samples.SCRIPT, 2, unpacked_line=371))
    written = entry(samples.triage(found), 0.0)["findings"][0]
    assert (written["line"], written["unpacked_line"]) == (2, 371)


def test_an_entry_is_json_whatever_the_submission_holds() -> None:
    triage = samples.triage(
        samples.finding(message="\ud800\u202e\x00", path="a\nb\udcff"),
        logs=[samples.train_log(train_seconds=math.inf)],
    )
    text = json.dumps(entry(triage, 0.0), allow_nan=False)
    assert text.isascii()
    assert json.loads(text)["measurements"]["train_seconds"] is None
