from __future__ import annotations

import re

from hypothesis import given

from rules.rule import Severity, Source
from rules.verdict import Verdict
from tests.rules.report.rendering import NASTY, html, links
from tests.worker.publishing.rows import HEAD, found, judged, ruling, situation, submission
from tests.worker.publishing.scene import snapshot
from worker.publishing.comment import LIMIT, MARKER, comment_of
from worker.store.models import Outcome


def test_comment_is_marker_report_and_footer_where_the_findings_say_all() -> None:
    text = comment_of(situation(submission(found())))
    assert text.startswith(f"{MARKER}\n\n## Fairway: needs-review\n\nAll of it.\n\n<sub>About commit `{HEAD}`.")
    assert "`/fairway help`" in text
    assert text.count("## Fairway") == 1


def test_ruling_stands_above_the_report_under_a_heading_of_its_own() -> None:
    text = comment_of(situation(judged(Verdict.LIKELY_INVALID), ruling(Outcome.REJECTED, "A01", reason="it peeks")))
    assert text.startswith(f"{MARKER}\n\n## Fairway: rejected\n\n> **Rejected** by `olga`")
    assert "\n\n### What was found\n\nAll of it." in text
    assert "likely-invalid" not in text.replace("`", "")


def test_verdict_after_a_waiver_is_not_contradicted_by_the_reports_heading() -> None:
    row = submission(found("A01", Severity.BLOCK))
    row.verdict = Verdict.CLEAR
    text = comment_of(situation(row, ruling(Outcome.WAIVED, "A01", reason="measured")))
    assert re.findall("^## (.*)$", text, re.M) == ["Fairway: clear"]
    assert "Without what is waived: **clear**." in text


def test_verdict_that_another_source_changed_is_not_contradicted_either() -> None:
    row = submission(found(severity=Severity.NOTE), found("R09", Severity.BLOCK, source=Source.RUN, message="slower"))
    row.entry = {"verdict": "clear", "findings": row.entry["findings"]} if row.entry else None
    row.report = "## Fairway: clear\n\nAll of it.\n"
    text = comment_of(situation(row))
    assert re.findall("^## (.*)$", text, re.M) == ["Fairway: likely invalid"]
    assert "### Found besides\n\n- **R09** fault-r09" in text


def test_submission_that_could_not_be_read_is_told_so() -> None:
    text = comment_of(situation(submission(found("X01", message="the stage failed"), report=None)))
    assert "## Fairway: needs review\n\n**Something here needs the eyes of a person" in text
    assert "**X01** fault-x01" in text


def test_earlier_report_is_marked_while_a_newer_commit_is_read() -> None:
    newer = situation(submission(decided=False, head_sha="b2" * 20))
    text = comment_of(newer, submission(found()))
    assert f"> A newer commit, `{'b2' * 20}`, is being read. What follows was found at `{HEAD}`" in text
    assert "### What was found\n\nAll of it." in text
    assert f"<sub>About commit `{HEAD}`." in text
    closed = situation(submission(decided=False, head_sha="b2" * 20, state="closed"))
    assert "was closed before" in comment_of(closed, submission(found()))


def test_no_submission_keeps_nothing_of_an_earlier_one() -> None:
    none = situation(submission(found(), head_sha="b2" * 20, files=snapshot("b2" * 20, folder="")))
    text = comment_of(none, submission(found()))
    assert "## No submission in this pull request" in text
    assert "All of it." not in text
    assert f"`{'b2' * 20}`" in text


def test_page_is_linked_where_there_is_one() -> None:
    page = "https://fairway.example/submissions/7"
    assert links(comment_of(situation(submission(found()), page=page))) == [page]
    assert links(comment_of(situation(submission(found())))) == []


def test_comment_stays_below_githubs_limit_and_keeps_its_ends() -> None:
    row = submission(
        *(found(f"C{n:02}", message="@ " * 300, fix="@ " * 200, source=Source.RUN) for n in range(40)),
        report="## Fairway: needs-review\n\n<details><summary>all</summary>\n\n" + "line\n" * 15_000 + "\n</details>\n",
    )
    ruled = [ruling(Outcome.WAIVED, f"Z{n:02}", reason="@ " * 400) for n in range(40)]
    text = comment_of(situation(row, *ruled, ruling(Outcome.REJECTED, reason="@ " * 2_000)))
    assert 60_000 < len(text) <= LIMIT
    assert text.startswith(MARKER)
    assert text.endswith("</sub>")
    assert text.count("<details>") == text.count("</details>") == 1


@given(NASTY, NASTY)
def test_html_of_the_comment_is_ours_alone(reason: str, message: str) -> None:
    row = submission(found(message=message, source=Source.REVIEWER))
    text = comment_of(situation(row, ruling(Outcome.REJECTED, message, reason=reason, ruler=reason)))
    assert set(html(text)) == {MARKER, "<sub>", "</sub>"}
    assert links(text) == []
