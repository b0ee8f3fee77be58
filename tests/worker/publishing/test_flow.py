"""What appears on a pull request from the first sight of a commit to its verdict."""

from __future__ import annotations

from rules.rule import Severity
from tests.worker.publishing.scene import Scene, finding
from worker.store.models import Outcome


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
