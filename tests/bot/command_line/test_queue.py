from __future__ import annotations

import getpass
import json

import pytest
from sqlalchemy import select

from migrations.apply import downgrade
from rules.precedents import guilt_of
from rules.verdict import Verdict
from tests.bot.command_line.conftest import Fairway
from tests.rules.precedents.test_precedents import SCRIPT, code, finding
from tests.worker.rows import NAME, OPENED, REPOSITORY, add_repository, add_submission
from worker.store import jobs, precedents, repositories, rulings
from worker.store.models import (
    AuditEvent,
    Job,
    Outcome,
    Publication,
    PullRequestRow,
    Repository,
    Ruling,
    Stage,
    SubmissionRow,
)
from worker.store.session import SessionScope


def ruled(scope: SessionScope) -> list[tuple[str, list[str], str, str]]:
    with scope() as session:
        found = session.scalars(select(Ruling).order_by(Ruling.created_at))
        return [(one.outcome.value, one.codes, one.reason, one.ruler) for one in found]


def events(scope: SessionScope) -> list[AuditEvent]:
    with scope() as session:
        return list(session.scalars(select(AuditEvent).order_by(AuditEvent.at)))


def test_the_list_has_the_worst_first_and_hides_what_acts_on_terminals(known: SessionScope, fairway: Fairway) -> None:
    outcome = fairway("queue")
    assert outcome.code == 0, outcome.err
    heads = [line.split()[0] for line in outcome.out.splitlines()[1:4]]
    assert heads == ["#13", "#12", "#14"]
    assert "E05 F04x2" in outcome.out
    assert r"Lower\x1b[31m" in outcome.out
    assert "3 waiting." in outcome.out


def test_the_list_can_be_cut_and_says_so(known: SessionScope, fairway: Fairway) -> None:
    assert "2 of 3 waiting." in fairway("queue", "--limit", 2).out


def test_an_empty_queue_says_so(scope: SessionScope, fairway: Fairway) -> None:
    assert fairway("queue").out == "Nothing waits for a person.\n"


def test_the_list_marks_what_is_on_hold_and_where_a_person_was_asked_for(known: SessionScope, fairway: Fairway) -> None:
    fairway("queue", "hold", "14")
    with known() as session:
        for submission in session.scalars(select(SubmissionRow).where(SubmissionRow.verdict == Verdict.NEEDS_REVIEW)):
            submission.human_requested_at = OPENED
    lines = fairway("queue").out.splitlines()
    assert "clear (on hold)" in next(line for line in lines if line.startswith("#14") or " #14" in line)
    assert "needs review (a person was asked for)" in "\n".join(lines)


def test_the_list_tells_what_was_set_aside_and_which_configuration_is_broken(
    known: SessionScope, fairway: Fairway
) -> None:
    with known() as session:
        jobs.request(session, Stage.FETCH, f"{REPOSITORY}#15")
        session.query(Job).update({"quarantined_at": OPENED, "last_error": "ValueError: \x1b[2J odd"})
        session.get_one(Repository, REPOSITORY).configuration_fault = "fairway.toml:3: unknown key `x`"
    out = fairway("queue").out
    assert "fetch #15" in out
    assert r"ValueError: \x1b[2J odd; `fairway queue retry 15` tries again" in out
    assert f"configuration of {NAME}: fairway.toml:3: unknown key `x`" in out


def test_the_list_as_json(known: SessionScope, fairway: Fairway) -> None:
    told = json.loads(fairway("queue", "--json", "-", "--limit", 1).out)
    assert told["total"] == 3
    (first,) = told["waiting"]
    assert (first["number"], first["verdict"], first["codes"]) == (13, "likely-invalid", ["D02"])
    assert told["set_aside"] == told["configuration_faults"] == []


def test_several_are_rejected_in_one_call_numbers_then_codes(known: SessionScope, fairway: Fairway) -> None:
    outcome = fairway(
        "queue", "reject", "12", "#13", "14", "A01", "f04", "--reason", "targets in the key", "--as", "olga"
    )
    assert outcome.code == 0, outcome.err
    assert outcome.out.splitlines() == [f"#{n} rejected at {'a' * 10} (A01, F04)" for n in (12, 13, 14)]
    assert ruled(known) == [("rejected", ["A01", "F04"], "targets in the key", "olga")] * 3
    assert fairway("queue").out == "Nothing waits for a person.\n"
    with known() as session:
        decided = session.scalars(select(Job.subject).where(Job.stage == Stage.DECIDE)).all()
    assert len(decided) == 3


def test_where_one_cannot_be_ruled_on_none_is(known: SessionScope, fairway: Fairway) -> None:
    outcome = fairway("queue", "accept", "12", "99")
    assert outcome.code == 2
    assert f"{NAME} has no pull request #99 that Fairway has read" in outcome.err
    assert ruled(known) == []
    assert events(known) == []


def test_the_audit_holds_the_account_of_the_machine_whoever_is_named(known: SessionScope, fairway: Fairway) -> None:
    fairway("queue", "accept", "12", "--as", "olga")
    fairway("queue", "needs-changes", "13", "--reason", "add the logs")
    account = getpass.getuser()
    assert [(event.actor, event.detail["way"]) for event in events(known)] == [
        ("olga", f"command line, as {account}"),
        (account, f"command line, as {account}"),
    ]
    assert [(outcome, ruler) for outcome, _, _, ruler in ruled(known)] == [
        ("accepted", "olga"),
        ("needs-changes", account),
    ]


def test_head_makes_sure_of_the_commit(known: SessionScope, fairway: Fairway) -> None:
    moved = fairway("queue", "accept", "12", "--head", "bbb")
    assert moved.code == 2
    assert f"#12 is at {'a' * 10} now, not at bbb" in moved.err
    assert ruled(known) == []
    assert fairway("queue", "accept", "12", "--head", "AAAAAAA").code == 0
    assert "single pull request" in fairway("queue", "accept", "12", "13", "--head", "aaa").err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["reject", "12", "--reason", "why"], "name at least one rule by its code"),
        (["reject", "12", "F04"], "say why"),
        (["reject", "F04", "12", "--reason", "why"], "numbers first"),
        (["reject", "12", "Q99", "--reason", "why"], "there is no rule `Q99`"),
        (["waive", "12", "F04"], "say why"),
        (["accept", "12", "F04"], "'F04' is no number of a pull request"),
        (["accept", "0"], "'0' is no number of a pull request"),
        (["accept"], "Missing argument"),
        (["accept", "12", "--as", "a b"], "is no login"),
        (["accept", "12", "--repository", "a/b"], f"there is no repository 'a/b'; --repository takes one of {NAME}"),
        (["retry"], "or give --all"),
        (["retry", "12", "--all"], "or give --all"),
        (["show", "99"], "has no pull request #99"),
    ],
)
def test_wrong_usage_is_one_line_of_advice_and_changes_nothing(
    known: SessionScope, fairway: Fairway, arguments: list[str], says: str
) -> None:
    outcome = fairway("queue", *arguments)
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert says in outcome.err
    assert ruled(known) == []


def test_a_waiver_of_what_nothing_found_is_told(known: SessionScope, fairway: Fairway) -> None:
    out = fairway("queue", "waive", "12", "F04", "D02", "--reason", "known").out
    assert out == f"#12 waived at {'a' * 10} (F04, D02); no finding of D02 is there to be waived\n"


def test_of_several_repositories_one_has_to_be_named(known: SessionScope, fairway: Fairway) -> None:
    with known() as session:
        add_repository(session, 72, "thimble/other")
        add_submission(session, 12, repository_id=72, title="The other one")
    assert "there are several repositories" in fairway("queue", "accept", "12").err
    assert fairway("queue", "--repository", "Thimble/Other", "accept", "12").code == 0
    assert "The other one" not in fairway("queue").out
    assert fairway("queue", "accept", "12", "--repository", NAME).code == 0
    assert len(ruled(known)) == 2


def test_the_list_names_the_repository_where_there_are_several(known: SessionScope, fairway: Fairway) -> None:
    with known() as session:
        add_repository(session, 72, "thimble/other")
        add_submission(session, 12, repository_id=72)
    assert "thimble/other  " in fairway("queue").out
    assert "#13" not in fairway("queue", "--repository", "thimble/other").out


def test_show_tells_findings_with_evidence_rulings_runs_and_what_was_published(
    known: SessionScope, fairway: Fairway
) -> None:
    fairway("queue", "waive", "12", "E05", "--reason", "clock skew", "--as", "olga")
    with known() as session:
        row = repositories.pull_request(session, REPOSITORY, 12)
        assert row is not None
        session.add(Publication(pull_request_id=row.id, kind="comment", subject="", github_id=881))
    out = fairway("queue", "show", "12").out
    assert out.startswith(f"{NAME}#12: needs review\n")
    assert "F04 seeds-with-different-config at entries/new/seed_1.log:3\n" in out
    assert "setting: entries/new/seed_1.log:3 │ learning_rate: 0.006" in out
    assert "E05 seeds-with-different-config at entries/new/seed_1.log:3 (waived by olga)" in out
    assert "waived E05 by olga: clock skew" in out
    assert "comment, number 881" in out
    told = json.loads(fairway("queue", "show", "12", "--json", "-").out)
    assert [finding["code"] for finding in told["findings"]] == ["F04", "F04", "E05"]
    assert told["rulings"][0]["reason"] == "clock skew"


def test_show_lets_no_escape_sequence_through(known: SessionScope, fairway: Fairway) -> None:
    with known() as session:
        row = repositories.pull_request(session, REPOSITORY, 13)
        assert row is not None
        submission = repositories.current_submission(session, row)
        assert submission is not None
        rulings.record(session, submission.id, Outcome.HELD, reason="\x1b[2J", ruler="o\x07", ruler_id=1, origin="t")
    assert {c for c in fairway("queue", "show", "13").out if not c.isprintable()} == {"\n"}


def test_retry_asks_again_for_what_was_set_aside(known: SessionScope, fairway: Fairway) -> None:
    with known() as session:
        for number in (12, 15):
            jobs.request(session, Stage.COMMAND, f"{REPOSITORY}#{number}!rerun")
        session.query(Job).update({"quarantined_at": OPENED})
    assert fairway("queue", "retry", "12").out.startswith("2 asked for again")
    with known() as session:
        again = {job.subject for job in session.scalars(select(Job).where(Job.quarantined_at.is_(None)))}
    assert again == {f"{REPOSITORY}#12!rerun", f"{REPOSITORY}#12"}
    assert fairway("queue", "retry", "--all").out.startswith("1 asked for again")
    assert {event.action for event in events(known)} == {"asked to try again"}


def test_a_database_that_is_not_migrated_is_named(scope: SessionScope, fairway: Fairway) -> None:
    with scope() as session:
        bind = session.get_bind()
    downgrade(bind.engine)
    outcome = fairway("queue")
    assert outcome.code == 2
    assert "run `fairway migrate` first" in outcome.err


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:////no/such/place.db", "there is no database at '/no/such/place.db'"),
        ("postgresql://someone:s3cr3t@127.0.0.1:1/none", "cannot be reached"),
        ("nonsense", "FAIRWAY_DATABASE_URL is no address of a database"),
    ],
)
def test_a_database_that_is_not_there_is_one_line_without_its_password(
    fairway: Fairway, monkeypatch: pytest.MonkeyPatch, url: str, says: str
) -> None:
    monkeypatch.setenv("FAIRWAY_DATABASE_URL", url)
    outcome = fairway("queue")
    assert outcome.code == 2
    assert says in outcome.err
    assert outcome.err.count("\n") == 1
    assert "s3cr3t" not in outcome.err


def test_a_setting_that_is_none_is_named(fairway: Fairway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRWAY_CONCURRENCY", "many")
    assert "FAIRWAY_CONCURRENCY: Input should be a valid integer" in fairway("queue").err


def test_a_dry_run_tells_whom_a_ruling_would_touch_and_rules_nothing(known: SessionScope, fairway: Fairway) -> None:
    with known() as session:
        ids = dict(session.execute(select(PullRequestRow.number, SubmissionRow.id).join(SubmissionRow)).all())
        guilt = [one.as_json() for one in guilt_of([finding(5)], code(SCRIPT))]
        for number in (12, 13):
            precedents.keep_code(session, ids[number], code(SCRIPT).packed(), guilt)
    asked = ("queue", "reject", 12, "A01", "--reason", "the key holds the answer")
    outcome = fairway(*asked, "--dry-run")
    assert outcome.code == 0, outcome.err
    assert outcome.out == (
        f"#12 would be rejected at {'a' * 10}. It is a precedent for later pull requests that keep 1 guilty statement "
        "of it. Open ones that hold the same lines today, were opened before and are not touched: `#13`.\n"
    )
    assert ruled(known) == []
    assert events(known) == []
    assert "It is a precedent for later pull requests" in fairway(*asked).out
    assert "The precedent that stood on this commit ends." in fairway("queue", "accept", 12, "--dry-run").out
    assert len(ruled(known)) == 1
