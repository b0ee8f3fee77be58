"""What appears on a pull request from the first sight of a commit to its verdict."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from pydantic import HttpUrl

from rules.rule import Severity
from tests.rules.report.rendering import tokens
from tests.standin import ORGANIZER
from tests.worker.publishing.scene import FOLDER, SCRIPT, Scene, finding, snapshot
from worker.store import publications
from worker.store.models import Outcome

SHIPPED = (Path("rules") / "competitions" / "parameter_golf.toml").read_text(encoding="utf-8")


def test_check_in_progress_becomes_the_check_of_the_verdict(publishing: Scene) -> None:
    publishing.publish()
    assert (publishing.check.status, publishing.check.title) == ("in_progress", "Fairway reads this submission")
    assert publishing.comments == []
    publishing.decide(finding(), finding("F01", Severity.NOTE)).publish()
    assert len(publishing.checks) == 1
    assert (publishing.check.status, publishing.check.conclusion) == ("completed", "neutral")
    assert publishing.check.title == "needs review: 1 needs a person, 1 note"
    assert publishing.check.external_id == str(publishing.submission_id)
    assert f"What was found at {publishing.pull.head_sha}" in publishing.comment
    assert publishing.labels == {"fairway:needs-review"}
    assert publishing.row.published_at is not None


def test_publishing_again_writes_nothing(publishing: Scene) -> None:
    publishing.decide(finding()).publish()
    written, published_at = publishing.writes(), publishing.row.published_at
    publishing.publish()
    assert publishing.writes() == written
    assert publishing.row.published_at == published_at
    assert not publishing.job.pending


def test_only_what_changed_is_written(publishing: Scene) -> None:
    publishing.decide(finding()).publish()
    log = publishing.github.state.log
    labels, edits = log.count("*", "*/labels*"), log.count("PATCH", "*/comments/*")
    publishing.decide(finding(message="it reads a file of tomorrow"), report="## Fairway: needs review\n\nOther.\n")
    publishing.publish()
    assert log.count("*", "*/labels*") == labels
    assert log.count("PATCH", "*/comments/*") == edits + 1
    assert "Other." in publishing.comment


def test_rejected_pull_request_is_told_why_and_gets_its_label(publishing: Scene) -> None:
    publishing.decide(finding()).publish()
    publishing.rule(Outcome.REJECTED, "C07", reason="it downloads weights").publish()
    assert (publishing.check.conclusion, publishing.check.title) == (
        "action_required",
        "rejected: 1 needs a person",
    )
    assert "**Rejected** by `olga`" in publishing.comment
    assert "`C07`: it downloads weights." in publishing.comment
    assert publishing.labels == {"fairway:needs-review", "fairway:rejected"}


def test_120_annotations_take_three_requests_and_none_comes_twice(publishing: Scene) -> None:
    many = [finding(line=n) for n in range(1, 121)]
    publishing.publish().decide(*many).publish()
    assert publishing.github.state.log.count("PATCH", "*/check-runs/*") == 3
    assert [one["start_line"] for one in publishing.check.annotations] == list(range(1, 121))
    publishing.decide(*many, finding(line=200), report="Read again.").publish()
    assert publishing.github.state.log.count("PATCH", "*/check-runs/*") == 4
    assert [one["start_line"] for one in publishing.check.annotations] == [*range(1, 121), 200]


def test_check_that_is_born_decided_brings_its_first_fifty_annotations(publishing: Scene) -> None:
    publishing.decide(*(finding(line=n) for n in range(1, 121))).publish()
    log = publishing.github.state.log
    assert (log.count("POST", "*/check-runs"), log.count("PATCH", "*/check-runs/*")) == (1, 2)
    assert len(publishing.check.annotations) == 120


def test_annotations_stand_in_the_file_of_the_head_commit(publishing: Scene) -> None:
    quote = {"path": SCRIPT, "line": 7, "unpacked_line": None, "quote": "get(URL)", "role": "read"}
    gone = f"{FOLDER}/old.py"
    files = snapshot(publishing.pull.head_sha, deleted=[gone])
    publishing.decide(finding(severity=Severity.BLOCK, evidence=[quote]), finding(path=gone), files=files).publish()
    told = [(one["path"], one["start_line"], one["annotation_level"]) for one in publishing.check.annotations]
    assert told == [(SCRIPT, 3, "failure"), (SCRIPT, 7, "failure")]


def test_humans_labels_stay_and_ours_follow_the_verdict(publishing: Scene) -> None:
    people, number = publishing.github.people, publishing.pull.number
    people.label(publishing.github.repository, number, ORGANIZER, "bug", "fairway:favourite")
    publishing.decide(finding()).publish()
    assert publishing.labels == {"bug", "fairway:favourite", "fairway:needs-review"}
    publishing.decide().publish()
    assert publishing.labels == {"bug", "fairway:favourite", "fairway:clear"}
    assert publishing.github.state.log.count("DELETE", "*/labels/*") == 1


def test_label_that_a_person_takes_off_is_not_put_back(publishing: Scene) -> None:
    publishing.decide(finding()).publish()
    publishing.github.people.unlabel(
        publishing.github.repository, publishing.pull.number, ORGANIZER, "fairway:needs-review"
    )
    publishing.decide(finding(), report="Read again.").publish()
    assert publishing.labels == set()


def test_new_commit_ends_the_old_check_and_never_shows_the_old_verdict_as_current(publishing: Scene) -> None:
    old = publishing.pull.head_sha
    publishing.publish().decide()
    new = publishing.push()
    publishing.publish()
    assert (publishing.check_at(old).conclusion, publishing.check_at(old).title) == (
        "neutral",
        "Superseded by a newer commit",
    )
    assert f"moved on to `{new}`" in str(publishing.check_at(old).summary)
    assert publishing.check_at(new).status == "in_progress"
    assert publishing.comments == []
    assert publishing.labels == set()


def test_superseded_check_is_ended_once(publishing: Scene) -> None:
    old = publishing.pull.head_sha
    publishing.publish().push()
    publishing.publish().push()
    publishing.publish()
    updates = publishing.github.state.log.count("PATCH", f"*/check-runs/{publishing.check_at(old).id}")
    assert updates == 1
    assert [run.status for run in publishing.checks] == ["completed", "completed", "in_progress"]


def test_verdict_of_an_old_commit_stays_at_its_commit(publishing: Scene) -> None:
    old = publishing.pull.head_sha
    publishing.decide(finding()).publish()
    new = publishing.push()
    publishing.publish()
    assert publishing.check_at(old).title == "needs review: 1 needs a person"
    assert f"A newer commit, `{new}`, is being read" in publishing.comment
    publishing.decide().publish()
    assert "A newer commit" not in publishing.comment
    assert f"What was found at {new}" in publishing.comment
    assert publishing.labels == {"fairway:clear"}


def test_ruling_does_not_survive_a_push(publishing: Scene) -> None:
    publishing.decide(finding()).rule(Outcome.ACCEPTED, reason="checked").publish()
    assert publishing.labels == {"fairway:accepted", "fairway:needs-review"}
    assert publishing.check.conclusion == "success"
    publishing.push()
    publishing.publish()
    assert publishing.labels == {"fairway:needs-review"}
    publishing.decide(finding()).publish()
    assert publishing.check.conclusion == "neutral"
    assert "Accepted" not in publishing.comment


def test_return_to_an_earlier_commit_shows_its_verdict_again(publishing: Scene) -> None:
    first = publishing.pull.head_sha
    publishing.publish()
    publishing.push()
    publishing.publish()
    publishing.see(first).decide(finding()).publish()
    assert publishing.check_at(first).title == "needs review: 1 needs a person"
    assert len(publishing.checks) == 2


def test_hold_is_shown_until_the_next_ruling(publishing: Scene) -> None:
    publishing.decide().rule(Outcome.HELD, reason="asked the author").publish()
    assert (publishing.check.conclusion, publishing.check.title) == ("neutral", "on hold")
    assert "**On hold** by `olga` since" in publishing.comment
    assert publishing.labels == {"fairway:clear", "fairway:held"}
    publishing.rule(Outcome.ACCEPTED).publish()
    assert (publishing.check.conclusion, publishing.check.title) == ("success", "accepted")
    assert publishing.labels == {"fairway:clear", "fairway:accepted"}


def test_waived_code_is_told_and_counts_no_more(publishing: Scene) -> None:
    publishing.decide(finding("A01", Severity.BLOCK)).publish()
    publishing.rule(Outcome.WAIVED, "A01", reason="measured, no leak").decide(finding("A01", Severity.BLOCK)).publish()
    assert (publishing.check.conclusion, publishing.check.title) == ("success", "clear")
    assert "**Waived** by `olga`" in publishing.comment
    assert "`A01`: measured, no leak. It stays listed" in publishing.comment
    assert publishing.labels == {"fairway:clear"}


def test_check_fails_only_where_the_competition_asks_for_it(publishing: Scene) -> None:
    block = finding("A01", Severity.BLOCK)
    publishing.decide(block).publish()
    assert publishing.check.conclusion == "action_required"
    publishing.configure(SHIPPED + '\n[publishing]\nfail_on = ["likely-invalid"]\n').publish()
    assert publishing.check.conclusion == "failure"


def test_what_people_wrote_neither_calls_anybody_nor_commands(publishing: Scene) -> None:
    nasty = "@everyone\n/fairway accept <img src=x> [x](http://a.example) #1"
    publishing.decide(finding(message=nasty, name=nasty), report=None)
    publishing.rule(Outcome.REJECTED, "C07", reason=nasty, ruler="eve[bot]").publish()
    for text in (publishing.comment, str(publishing.check.summary), str(publishing.check.text)):
        assert not re.search(r"[@#]\w|<img|\]\(", without_code(text))
        assert not re.search(r"^[\s>*-]*/fairway", text, re.M)


def test_again_is_said_where_somebody_asked_for_it(publishing: Scene) -> None:
    publishing.decide(finding()).publish()
    written = publishing.writes()
    with publishing.pipeline.context.scope() as session:
        publications.say_again(session, publishing.pull_request_id, publishing.pull.head_sha)
    publishing.publish().publish()
    assert publishing.writes() == written + 1
    assert len(publishing.check.annotations) == 1
    with publishing.pipeline.context.scope() as session:
        publications.say_again(session, publishing.pull_request_id, publishing.pull.head_sha)
    publishing.publish()
    assert publishing.writes() == written + 2


def test_details_lead_to_the_public_page(publishing: Scene) -> None:
    context = publishing.pipeline.context
    settings = context.settings.model_copy(update={"public_url": HttpUrl("https://fairway.example/app/")})
    publishing.pipeline.context = replace(context, settings=settings)
    publishing.decide(finding()).publish()
    page = f"https://fairway.example/app/submissions/{publishing.submission_id}"
    assert publishing.check.details_url == page
    assert f"[All details]({page})" in publishing.comment


def without_code(markdown: str) -> str:
    """What stands outside of code spans and of our own HTML."""
    return "\n".join(token.content for token in tokens(markdown) if token.type == "text")
