from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.competition import builtin
from rules.report.links import Links
from rules.report.markdown import LIMIT, render
from rules.rule import Evidence, Finding, Location, Severity
from rules.screening import Triage
from rules.submission import (
    BaseKind,
    Citation,
    Claim,
    Disclosure,
    Kin,
    Mention,
    PullRequest,
    Quantity,
    Scope,
    Score,
)
from rules.techniques import Technique
from tests.rules.report import samples
from tests.rules.report.rendering import LAID_OUT, NASTY, html, links, plain_text_of, rendered_codes

COMPETITION = builtin()
LINKS = Links("https://git.example/owner/name", rules="https://git.example/fairway/docs/rules")


def rendered(*findings: Finding, links: Links | None = None, **more: Any) -> str:
    return render(samples.triage(*findings, **more), COMPETITION, links)


def screen_of(report: str) -> str:
    return report.partition("<details>")[0]


def test_the_verdict_comes_first_in_plain_words() -> None:
    assert rendered().startswith("## Fairway: clear\n\n**Nothing was found that speaks against it.**")
    blocked = rendered(samples.finding(), samples.finding("F02", Severity.NOTE))
    assert blocked.startswith("## Fairway: likely invalid\n")
    assert "1 finding blocks, 1 note" in blocked


def test_a_finding_shows_place_message_quote_and_remedy() -> None:
    quote = Evidence(Location(samples.LOG, 13), "Total submission size: 16024793 bytes", "measured")
    report = rendered(samples.finding(evidence=[quote], fix="Compress the model further."))
    assert "- **E05** artifact-over-16mb at `train_seed42.log:12`: 16,024,793 bytes; the cap is 16,000,000." in report
    assert "  - measured: `Total submission size: 16024793 bytes` at `train_seed42.log:13`" in report
    assert "  - To mend: Compress the model further." in report


def test_paths_in_messages_are_as_short_as_places() -> None:
    report = rendered(
        samples.finding(message=f"`{samples.LOG}` and {samples.SCRIPT}:3 differ.", fix=f"Mend {samples.LOG}.")
    )
    assert ": `train_seed42.log` and `train_gpt.py:3` differ." in report
    assert "  - To mend: Mend `train_seed42.log`." in report


def test_findings_of_one_rule_stand_together() -> None:
    findings = [samples.finding(code, line=line) for code in ("E01", "E05") for line in (1, 2)]
    assert re.findall(r"\*\*(E\d\d)\*\*", screen_of(rendered(*findings))) == ["E01", "E01", "E05", "E05"]


def test_findings_stand_under_their_severity_and_notes_are_folded() -> None:
    findings = [samples.finding(c, s) for c, s in zip(("E05", "A01", "F01", "F11"), reversed(Severity), strict=True)]
    screen, _, folded = rendered(*findings).partition("<details>")
    assert re.findall(r"^### .*|\*\*[A-Z]\d\d\*\*", screen, re.M) == [
        *("### What blocks it", "**E05**", "### What a person has to look at", "**A01**"),
        *("### What is missing", "**F01**"),
    ]
    assert "**F11**" in folded


def test_claims_stand_beside_measurements_and_disagreements_are_bold() -> None:
    report = rendered(
        logs=[samples.train_log(val_bpb=1.09, artifact_bytes=15_990_000, train_seconds=612.5, world_size=8)],
        claims=[samples.claim(Quantity.VAL_BPB, 1.0821, 3), samples.claim(Quantity.ARTIFACT_BYTES, 15_990_000, 4)],
    )
    score, size, training, evaluation, accelerators, seeds = re.findall(r"^\| \w.*", report, re.M)[:6]
    assert score == (
        "| val_bpb (bits per byte) | 1.08210, `submission.json:3` | 1.09000, `train_seed42.log:90` "
        "| **differs by 0.00790** |"
    )
    assert size.endswith("| 15,990,000, `submission.json:4` | 15,990,000, `train_seed42.log:20` |  |")
    assert training.endswith("| not stated | 612.5, `train_seed42.log:21` | **over 600** |")
    assert evaluation.endswith("| not stated | no log shows it |  |")
    assert accelerators.endswith("| not stated | 8, `train_seed42.log:22` |  |")
    assert seeds == "| seeds | not stated | 42 |  |"


def test_a_limit_on_time_holds_only_on_a_timed_track() -> None:
    scope = Scope("records/track_non_record_16mb/2026-04-10_Sample", "non-record", BaseKind.MERGE_BASE)
    assert "over 600" not in rendered(logs=[samples.train_log(train_seconds=5000)], scope=scope)


def test_seeds_without_a_log_are_named() -> None:
    claims = [samples.claim(Quantity.SEED, seed) for seed in (42, 7, 9)]
    assert "| 42, 7, 9, `submission.json` | 42 | **no log for 7, 9** |" in rendered(
        claims=claims, logs=[samples.train_log()]
    )


def test_techniques_parents_and_agents_are_listed_each_once() -> None:
    report = rendered(
        techniques=["gqa", "xsa"],
        citations=(samples.parent(549), samples.parent(549, 8), samples.parent(1019), _mention(77)),
        disclosures=(samples.disclosure("Claude"), samples.disclosure("Claude")),
    )
    assert "**Uses:** gqa, xsa\n" in report
    assert "**Built on:** `#549` (`README.md:4`), `#1019` (`README.md:4`)\n" in report
    assert "**Coding agents disclosed:** `Claude` (`README.md:9`)\n" in report


def test_what_is_not_known_is_said() -> None:
    report = rendered()
    assert "**Built on:** no pull request is named\n" in report
    assert "**Coding agents disclosed:** none\n" in report
    assert "| not stated | no log shows it |" in report


def test_each_log_has_a_row_of_its_own_in_the_folded_part() -> None:
    _, _, folded = rendered(logs=[samples.train_log(artifact_bytes=15_990_000, train_seconds=599.94)]).partition(
        "What each log shows: 1"
    )
    assert "| `train_seed42.log` | 42 | `1.0821 final_int8_zlib_roundtrip` | 15,990,000 | 599.9 |  |  |" in folded


def test_a_pull_request_without_a_submission_has_no_table() -> None:
    report = rendered(samples.finding(path=None), scope=Scope("", None, BaseKind.MERGE_BASE))
    assert "of no track, no submission folder was found." in report
    assert "| claimed |" not in report


def test_a_folder_that_is_no_pull_request_yet_is_called_a_folder() -> None:
    report = rendered(samples.finding(), links=LINKS, pull_request=PullRequest(0, ""))
    assert f"Folder `{samples.FOLDER}`, track record." in report
    assert "/blob/" not in report


def test_places_link_to_the_line_at_the_head_commit() -> None:
    path = f"{samples.FOLDER}/odd name (1)#[x]\n.py"
    found = samples.finding(path=path, line=3)
    report = rendered(found, links=LINKS, paths=[path])
    target = next(link for link in links(report) if "/blob/" in link)
    assert target.startswith(f"https://git.example/owner/name/blob/{samples.HEAD}/records/")
    assert target.endswith("/odd%20name%20%281%29%23%5Bx%5D%0A.py#L3")
    assert unquote(target).endswith(f"{path}#L3")
    assert "[**E05** artifact-over-16mb](https://git.example/fairway/docs/rules/E05.md)" in report


def test_a_file_that_is_not_there_is_not_linked() -> None:
    report = rendered(samples.finding(path=f"{samples.FOLDER}/missing.py"), links=Links("https://git.example/o/n"))
    assert links(report) == []


def test_a_line_of_a_packed_script_links_to_the_payload_and_names_the_unpacked_line() -> None:
    inner = replace(samples.finding(), location=Location(f"{samples.SCRIPT}!/model.py", 2, unpacked_line=371))
    report = rendered(inner, links=Links("https://git.example/o/n"))
    assert f"(https://git.example/o/n/blob/{samples.HEAD}/{samples.SCRIPT}#L2), unpacked line 371:" in report


def test_the_first_screen_stays_short_and_counts_what_it_leaves_out() -> None:
    findings = [samples.finding(f"E{n:02}", line=n, fix="Mend it.") for n in range(1, 41)]
    report = rendered(*findings, logs=[samples.train_log()])
    screen = screen_of(report)
    assert screen.count("\n") <= 45
    shown = screen.count("artifact-over-16mb")
    assert f"- … and {40 - shown} more, folded below" in screen
    assert report.count("artifact-over-16mb") == 40


def test_one_rule_with_many_findings_does_not_crowd_out_the_others() -> None:
    findings = [samples.finding("E05", line=n, fix="Mend it.") for n in range(1, 21)] + [samples.finding("E06")]
    assert "**E06**" in screen_of(rendered(*findings))


def test_a_report_that_grows_too_long_leaves_out_whole_findings_and_says_how_many() -> None:
    quotes = [Evidence(Location(samples.LOG, n), "q" * 500, "read") for n in range(1, 7)]
    findings = [samples.finding(f"E{n:02}", message="m" * 900, evidence=quotes, fix="f" * 900) for n in range(90)]
    report = rendered(*findings)
    left = re.search(r"- … and (\d+) more: the JSON of this triage holds all of them", report)
    assert left is not None
    assert report.count("artifact-over-16mb") + int(left[1]) == 90
    assert 0.8 * LIMIT < len(report) <= LIMIT
    assert report.count("<details>") == report.count("\n</details>")


ATTACKS = [
    "@everyone please approve",
    "see #123 and owner/name#5 and GH-7",
    "![pixel](http://evil.example/x.png) [link](http://evil.example) <http://evil.example> www.evil.example",
    "<script>alert(1)</script><img src=x onerror=alert(1)></details><!--",
    "/fairway accept",
    "\n/fairway accept\n\n# Verdict: accepted\n",
    "``` \n```\n`a``b```",
    "| a | b |\n|---|---|\n",
    "$\\Huge{x}$ $`x`$",
    "\u202egnp.exe \u200b\x1b[31m",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_comes_out_as_code_or_harmless_words(attack: str) -> None:
    _check_harmless(_hostile(attack, attack, attack))


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.text(max_size=60) | NASTY, st.text(max_size=60) | NASTY, st.text(max_size=2000) | NASTY)
def test_no_text_of_a_participant_becomes_anything_but_text(one: str, two: str, three: str) -> None:
    _check_harmless(_hostile(one, two, three))


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(NASTY, st.integers(1, 400), st.sampled_from(["`", "\U000e0041", "@ ", "|", "é" * 50, "`x`"]))
def test_the_report_stays_below_its_limit_whatever_it_holds(text: str, count: int, stuffing: str) -> None:
    long = text + stuffing * 3000
    hostile = _hostile(long, long, long)
    triage = replace(hostile, findings=hostile.findings * count)
    assert len(render(triage, COMPETITION, LINKS)) <= LIMIT


def test_an_order_to_the_bot_never_begins_a_line() -> None:
    report = render(_hostile("/fairway accept", "\n/fairway accept", "\n\n/fairway accept\n"), COMPETITION)
    assert not re.search(r"^[\s>*-]*/fairway", report, re.M)


def _mention(number: int) -> Citation:
    return Citation(number, Mention.OTHER, "like", Location(samples.README, 2))


def _hostile(one: str, two: str, three: str) -> Triage:
    """A triage in which everything that a participant can write is theirs."""
    path = f"{samples.FOLDER}/{one}"
    evidence = Evidence(Location(f"{samples.FOLDER}/{two}", 3), three, two)
    log = replace(
        samples.train_log(path=path),
        scores=(Score(three, 1.08, None, Location(path, 3), final=True, quote=two),),
    )
    triage = samples.triage(
        samples.finding(message=three, path=path, evidence=[evidence], fix=two),
        samples.finding("F01", Severity.REVIEW, message=f"`{one}` is `{two}`, see {three}.", path=None),
        samples.finding("F11", Severity.NOTE, message=two, path=path, evidence=[evidence]),
        logs=[log],
        paths=[path, samples.README],
        claims=[Claim(Quantity.VAL_BPB, 1.08, Location(path, 4), key=one)],
        scope=Scope(f"{samples.FOLDER}{two}", "record", BaseKind.MERGE_BASE),
        citations=(samples.parent(549), Citation(77, Mention.PARENT, three, Location(path, 1))),
        disclosures=(Disclosure(one or "x", two, Location(path, 1)),),
        pull_request=PullRequest(7, samples.HEAD, one, two),
    )
    return replace(triage, techniques=(Technique("xsa", one, Location(path, 1), detail=three),))


def _check_harmless(triage: Triage) -> None:
    plain = render(triage, COMPETITION)
    assert "@" not in plain_text_of(plain, LAID_OUT)
    linked = render(triage, COMPETITION, LINKS)
    for report in (plain, linked):
        text = plain_text_of(report, LAID_OUT)
        assert not re.search(r"@|#\d|://|www\.|\bgh-\d|\$", text, re.IGNORECASE)
        assert all(item.startswith(("<details><summary>", "</details>")) for item in html(report))
        assert [t for t in html(report) if "script" in t or "img" in t] == []
        assert rendered_codes(report)
    assert links(plain) == []
    ours = (f"{LINKS.repository}/blob/{samples.HEAD}/records/", f"{LINKS.rules}/")
    assert all(link.startswith(ours) for link in links(linked))
    headings = re.findall(r"^#+ .*", plain, re.M)
    assert headings == [
        *("## Fairway: likely invalid", "### What blocks it", "### What a person has to look at"),
        "### Notes, without effect on the verdict",
    ]


@pytest.mark.parametrize(
    ("kin", "cited", "named"),
    [
        ((Kin(414, "quin", 0.93, cited=False, same_author=False),), (), "`#414`"),
        ((Kin(414, "quin", 0.6, cited=False, same_author=False),), (), ""),
        ((Kin(414, "pat", 0.93, cited=False, same_author=True),), (), ""),
        ((Kin(414, "quin", 0.93, cited=False, same_author=False),), (414,), ""),
    ],
)
def test_credit_is_suggested_for_a_near_one_of_others_that_nothing_names(
    kin: tuple[Kin, ...], cited: tuple[int, ...], named: str
) -> None:
    triage = samples.triage()
    citations = tuple(Citation(n, Mention.OTHER, "see", Location(samples.README, 1)) for n in cited)
    submission = replace(triage.submission, kin=kin, citations=citations)
    report = render(replace(triage, submission=submission), COMPETITION)
    suggested = f"**A suggestion:** if this builds on {named}, naming that in the README gives its author the credit."
    assert (suggested in report) if named else ("A suggestion" not in report)
