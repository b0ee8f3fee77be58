from __future__ import annotations

import io

import pytest
from rich.console import Console

from rules.competition import builtin
from rules.report.console import print_report
from rules.rule import Evidence, Location, Severity
from rules.screening import Triage
from rules.submission import BaseKind, Disclosure, Quantity, Scope
from tests.rules.report import samples


def printed(triage: Triage, *, width: int = 100, terminal: bool = False) -> str:
    stream = io.StringIO()
    console = Console(
        file=stream, width=width, force_terminal=terminal, color_system="standard" if terminal else None, markup=False
    )
    print_report(triage, builtin(), console)
    return stream.getvalue()


def test_the_report_names_verdict_finding_place_quote_and_remedy() -> None:
    quote = Evidence(Location(samples.LOG, 13), "Total: 16024793 bytes", "measured")
    text = printed(samples.triage(samples.finding(evidence=[quote], fix="Pack.")))
    assert text.splitlines()[0] == "Fairway: likely invalid"
    assert "\n  E05 artifact-over-16mb at train_seed42.log:12\n" in text
    assert "\n      16,024,793 bytes; the cap is 16,000,000.\n" in text
    assert "\n      measured: train_seed42.log:13 │ Total: 16024793 bytes\n" in text
    assert "\n      to mend: Pack.\n" in text


def test_claims_stand_beside_measurements() -> None:
    text = printed(
        samples.triage(
            logs=[samples.train_log(artifact_bytes=16_100_000)],
            claims=[samples.claim(Quantity.ARTIFACT_BYTES, 16_000_000)],
        ),
        width=140,
    )
    row = next(line for line in text.splitlines() if line.startswith("artifact bytes"))
    assert row.split() == [
        *("artifact", "bytes", "16,000,000", "submission.json:2", "16,100,000", "train_seed42.log:20"),
        *("differs", "by", "100,000,", "over", "16,000,000"),
    ]


def test_no_line_is_wider_than_the_terminal() -> None:
    text = printed(samples.triage(samples.finding(message="word " * 100, fix="word " * 50)), width=60)
    assert max(map(len, text.splitlines())) <= 60


def test_escape_sequences_and_markup_of_a_participant_are_shown_and_not_obeyed() -> None:
    nasty = "\x1b[2J\x1b]0;title\x07 [bold]x[/bold] \u202e :tada:"
    path = f"{samples.FOLDER}/{nasty}"
    triage = samples.triage(
        samples.finding(message=nasty, path=path, evidence=[Evidence(Location(path, 2), nasty, nasty)], fix=nasty),
        scope=Scope(path, "record", BaseKind.NONE),
        disclosures=(Disclosure(nasty, nasty, Location(path)),),
    )
    text = printed(triage)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert r"\x1b[2J\x1b]0;title\x07 [bold]x[/bold] \u202e :tada:" in text


@pytest.mark.parametrize("terminal", [True, False])
def test_colours_are_for_terminals_alone(terminal: bool) -> None:
    assert ("\x1b[" in printed(samples.triage(samples.finding()), terminal=terminal)) is terminal


def test_very_many_findings_are_counted_and_not_all_printed() -> None:
    findings = [samples.finding(f"E{n:02}", Severity.REVIEW) for n in range(70)]
    text = printed(samples.triage(*findings))
    assert text.count("artifact-over-16mb") == 60
    assert "… and 10 more; --json writes all of them" in text
