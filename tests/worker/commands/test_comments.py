"""Commands in comments, over HTTP against the stand-in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from markdown_it import MarkdownIt
from sqlalchemy import update

from rules.catalog import categories
from rules.docs import documented
from tests.standin import AUTHOR, ORGANIZER
from tests.worker.commands.world import World
from worker.commands.reading import lines_of
from worker.reproduction.codes import shown_by_runs
from worker.store.models import Outcome, Publication, PullRequestRow, Run, RunStatus, Stage


def test_a_ruling_is_done_and_acknowledged_with_a_reaction_alone(here: World) -> None:
    comment = here.say(ORGANIZER, "Looks good.\n\n/fairway accept")
    assert here.ruled() == [("accepted", [], "", ORGANIZER, here.id_of(ORGANIZER))]
    assert here.reactions(comment) == ["+1"]
    assert here.answers() == []
    assert here.asked(Stage.DECIDE) != []
    assert here.audited() == [(ORGANIZER, "ruled accepted")]


def test_every_ruling_can_be_given(lone: World) -> None:
    comment = lone.say(
        ORGANIZER,
        "/fairway reject F04 e05, the seeds differ\n"
        "/fairway needs-changes add *the* `log`\n"
        "/fairway waive F04 agreed\n"
        "/fairway hold\n",
    )
    assert [(outcome, codes, reason) for outcome, codes, reason, *_ in lone.ruled()] == [
        ("rejected", ["F04", "E05"], "the seeds differ"),
        ("needs-changes", [], "add *the* `log`"),
        ("waived", ["F04"], "agreed"),
        ("held", [], ""),
    ]
    assert lone.reactions(comment) == ["+1"]
    assert [row.held for row in lone.rows(PullRequestRow)] == [True]


def test_a_repeated_delivery_changes_nothing(here: World) -> None:
    comment = here.say(ORGANIZER, "/fairway accept\n/fairway status")
    before = (here.ruled(), here.answers(), here.commands(), here.audited())
    writes = here.github.state.log.count("POST", "*/issues/*")
    here.hear(comment)
    here.hear(comment)
    assert (here.ruled(), here.answers(), here.commands(), here.audited()) == before
    assert here.github.state.log.count("POST", "*/issues/*") == writes


def test_the_same_line_twice_in_a_comment_is_two_commands(lone: World) -> None:
    lone.say(ORGANIZER, "/fairway hold\n/fairway hold")
    assert len(lone.ruled()) == 2


def test_an_edited_comment_runs_only_what_is_new_in_it(here: World) -> None:
    comment = here.say(ORGANIZER, "/fairway hold")
    here.edit(comment, "/fairway hold\n/fairway accept")
    here.edit(comment, "Never mind.\n\n/fairway accept\n/fairway   hold ")
    assert [outcome for outcome, *_ in here.ruled()] == ["held", "accepted"]
    assert here.commands() == ["/fairway accept", "/fairway hold"]


def test_who_may_change_an_organizers_comment_cannot_rule_by_it(here: World) -> None:
    here.github.people.grant(here.github.repository, "wren", "write")
    comment = here.say(ORGANIZER, "Thanks, I will look at it.")
    here.edit(comment, "Thanks.\n\n/fairway accept", "wren")
    assert (here.ruled(), here.reactions(comment)) == ([], [])
    here.receive(comment, ORGANIZER, "created")  # an older delivery comes late and finds the changed text
    for _ in range(2):
        here.again(here.pipeline.job(Stage.COMMAND))
    assert here.ruled() == []
    assert "not, as far as Fairway was told, by its author" in here.answers()[0]
    here.edit(comment, "Thanks.\n\n/fairway accept\n/fairway hold", ORGANIZER)
    assert [outcome for outcome, *_ in here.ruled()] == ["held"]


def test_the_news_of_an_edit_may_come_after_the_edited_text(lone: World) -> None:
    comment = lone.say(ORGANIZER, "Thanks.")
    lone.github.people.edit_comment(comment, "/fairway accept")
    comment.updated_at += timedelta(minutes=1)
    lone.hear(comment)
    assert lone.ruled() == []
    lone.receive(comment, ORGANIZER)
    lone.again(lone.pipeline.job(Stage.COMMAND))
    assert [outcome for outcome, *_ in lone.ruled()] == ["accepted"]
    assert lone.reactions(comment) == ["+1"]


def test_a_mistake_is_answered_once_and_its_correction_corrects_the_answer(here: World) -> None:
    comment = here.say(ORGANIZER, "/fairway acept")
    (answer,) = here.answers()
    assert answer.startswith(f"<!-- fairway:answer {comment.id} -->\n")
    assert "did you mean `/fairway accept`?" in answer
    assert here.reactions(comment) == ["confused"]
    here.hear(comment)
    assert here.answers() == [answer]
    here.edit(comment, "/fairway accept")
    (corrected,) = here.answers()
    assert "acept" not in corrected
    assert "Accepted at" in corrected
    assert here.reactions(comment) == ["+1", "confused"]


@pytest.mark.parametrize("role", ["read", "triage", "write"])
def test_who_does_not_rule_changes_nothing_and_is_told_who_does(lone: World, role: str) -> None:
    lone.github.people.grant(lone.github.repository, "rita", role)
    comment = lone.say("rita", "/fairway accept\n/fairway waive F04 please\n/fairway reproduce full\n/fairway hold")
    assert lone.ruled() == []
    assert lone.runs() == []
    assert lone.audited() == []
    assert lone.reactions(comment) == ["confused"]
    (answer,) = lone.answers()
    assert answer.count("`maintain` permission on this repository or `admin` permission on this repository") == 4


def test_whose_permission_was_taken_away_before_the_command_is_read_does_not_rule(lone: World) -> None:
    comment = lone.github.people.comment(lone.github.repository, lone.pull.number, ORGANIZER, "/fairway accept")
    lone.github.people.grant(lone.github.repository, ORGANIZER, "read")
    lone.hear(comment)
    assert lone.ruled() == []


def test_a_renamed_organizer_still_rules(lone: World) -> None:
    comment = lone.github.people.comment(lone.github.repository, lone.pull.number, ORGANIZER, "/fairway accept")
    account = lone.github.people.rename(ORGANIZER, "olga-new")
    lone.hear(comment)
    assert lone.ruled() == [("accepted", [], "", "olga-new", account.id)]


def test_who_takes_an_organizers_old_login_does_not_rule(lone: World) -> None:
    lone.github.people.rename(ORGANIZER, "olga-new")
    comment = lone.say(ORGANIZER, "/fairway accept")
    assert comment.author.login == ORGANIZER
    assert lone.ruled() == []
    assert lone.reactions(comment) == ["confused"]


def test_a_login_that_changes_hands_while_it_is_asked_about_does_not_rule(lone: World) -> None:
    """The comment was read under the old login; GitHub answers about its new owner."""
    comment = lone.github.people.comment(lone.github.repository, lone.pull.number, "rita", "/fairway accept")
    state, people = lone.github.state, lone.github.people
    read = type(lone.pipeline.context.github).comment

    def then_it_changes_hands(gateway: object, *asked: object) -> object:
        facts = read(gateway, *asked)  # type: ignore[arg-type]
        people.rename("rita", "rita-gone")
        people.rename(ORGANIZER, "rita")
        return facts

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(lone.pipeline.context.github), "comment", then_it_changes_hands)
        lone.hear(comment)
    assert state.account("rita").id != comment.author.id
    assert lone.ruled() == []


@pytest.mark.parametrize("login", ["helper[bot]", "fairway[bot]"])
def test_bots_give_no_commands(lone: World, login: str) -> None:
    lone.github.people.grant(lone.github.repository, login, "admin")
    comment = lone.say(login, "/fairway accept\n/fairway help")
    assert (lone.ruled(), lone.answers(), lone.reactions(comment)) == ([], [], [])


def test_what_the_app_itself_says_is_no_command(lone: World) -> None:
    context = lone.pipeline.context
    with context.scope() as session:
        row = lone.current(session)
    from worker.clients.gateway import Repo

    repository, installation = lone.github.repository, lone.github.installation
    repo = Repo(repository.id, repository.full_name, installation.id)
    number = context.github.create_comment(repo, lone.pull.number, "/fairway accept\n/fairway help")
    lone.hear(lone.github.state.comments[number])
    assert lone.ruled(row.id) == []
    assert lone.answers() == ["/fairway accept\n/fairway help"]


@pytest.mark.parametrize("login", ["fairway", "fairway-bot", "0lga", "olga-"])
def test_a_login_that_looks_like_one_who_may_is_somebody_else(lone: World, login: str) -> None:
    lone.say(login, "/fairway accept")
    assert lone.ruled() == []


@pytest.mark.parametrize(
    "text",
    [
        "> /fairway accept",
        "`/fairway accept`",
        "```\n/fairway accept\n```",
        "    /fairway accept",
        "<!--\n/fairway accept\n-->",
        "`a\n/fairway accept\nb`",
        "I would say /fairway accept here",
        "/fairwayaccept",
    ],
)
def test_talk_about_commands_is_none(lone: World, text: str) -> None:
    comment = lone.say(ORGANIZER, text)
    assert (lone.ruled(), lone.answers(), lone.reactions(comment)) == ([], [], [])


def test_a_comment_on_an_issue_is_not_listened_to(lone: World) -> None:
    issue = lone.github.people.open_issue(lone.github.repository, ORGANIZER, "Talk")
    comment = lone.say(ORGANIZER, "/fairway help", number=issue.number)
    assert lone.reactions(comment) == []
    assert lone.answers(issue.number) == []
    assert lone.asked(Stage.FETCH) == lone.asked(Stage.COMMAND) == []


def test_a_comment_that_was_deleted_ends_quietly(lone: World) -> None:
    comment = lone.github.people.comment(lone.github.repository, lone.pull.number, ORGANIZER, "/fairway accept")
    lone.github.people.delete_comment(comment)
    job = lone.hear(comment)
    assert (job.pending, job.last_error) == (False, None)
    assert lone.ruled() == []


def test_a_pull_request_that_nobody_told_of_is_read_first(lone: World) -> None:
    other = lone.github.pull_request({"entries/other/x.py": b"1\n"})
    comment = lone.say(AUTHOR, "/fairway status", number=other.number)
    assert lone.asked(Stage.FETCH) == [f"{lone.github.repository.id}#{other.number}"]
    assert lone.answers(other.number) == []
    lone.judge(other)
    lone.again(lone.pipeline.job(Stage.COMMAND))
    assert len(lone.answers(other.number)) == 1
    assert lone.reactions(comment) == ["+1"]


def test_help_lists_every_command(lone: World) -> None:
    lone.say(AUTHOR, "/fairway help")
    (answer,) = lone.answers()
    for verb in (
        "help",
        "status",
        "rerun",
        "explain",
        "accept",
        "reject",
        "needs-changes",
        "waive",
        "hold",
        "reproduce",
    ):
        assert f"`/fairway {verb}" in answer
    assert f"In answer to `{AUTHOR}`'s [comment]({lone.github.url}/spindle/heat/pull/{lone.pull.number}#issue" in answer


def test_status_tells_verdict_findings_and_rulings(lone: World) -> None:
    lone.say(ORGANIZER, "/fairway needs-changes mend it @all")
    lone.say(AUTHOR, "/fairway status")
    (answer,) = lone.answers()
    assert f"Commit `{lone.pull.head_sha[:10]}`: needs changes: 1 needs a person" in answer
    assert f"by `{ORGANIZER}`" in answer
    assert "mend it `@all`" in answer


def test_rerun_reads_the_pull_request_again(lone: World) -> None:
    comment = lone.say("anybody", "/fairway rerun")
    assert lone.asked(Stage.FETCH) == [f"{lone.github.repository.id}#{lone.pull.number}"]
    assert lone.reactions(comment) == ["+1"]
    assert lone.answers() == []


def test_explain_answers_with_the_rule_or_the_nearest_one(lone: World) -> None:
    lone.say(AUTHOR, "/fairway explain f04\n/fairway explain F4")
    (answer,) = lone.answers()
    assert "**F04 seeds-with-different-config**" in answer
    assert "There is no rule `F4`; did you mean " in answer


def test_whatever_may_be_ruled_can_be_explained() -> None:
    written = {rule.code for rule in documented()} | {rule.code for rule in shown_by_runs()}
    assert set(categories()) <= written


def test_a_run_is_asked_for_once_and_what_is_said_about_it_is_true(here: World) -> None:
    here.say(ORGANIZER, "/fairway reproduce\n/fairway reproduce full")
    here.say(ORGANIZER, "/fairway reproduce")
    assert here.runs() == [(rung, ORGANIZER) for rung in ("full", "probe", "seed", "smoke")]
    first, second = here.answers()
    assert "A smoke run of" in first
    assert first.count("No runner is set up") == 2
    assert "the request is kept until one is" in second


def test_above_a_run_that_did_not_pass_none_is_asked_for_and_the_answer_says_so(lone: World) -> None:
    lone.say(ORGANIZER, "/fairway reproduce")
    with lone.pipeline.context.scope() as session:
        session.execute(update(Run).values(status=RunStatus.FINISHED, passed=False))
    lone.say(ORGANIZER, "/fairway reproduce full")
    assert lone.runs() == [("smoke", ORGANIZER)]
    assert "no full run of this commit: the smoke run before it did not pass" in lone.answers()[-1]


def test_explain_tells_what_a_run_can_show(lone: World) -> None:
    lone.say(AUTHOR, "/fairway explain p01\n/fairway explain run-failed")
    (answer,) = lone.answers()
    assert "**P01 better-than-chance-on-noise** (at most *block*, shown by a run)" in answer
    assert "**P12 run-failed**" in answer


def test_unknown_codes_and_missing_reasons_are_answered_and_nothing_is_ruled(lone: World) -> None:
    comment = lone.say(ORGANIZER, "/fairway reject Q77 why\n/fairway waive F04\n/fairway reject no code here")
    assert lone.ruled() == []
    (answer,) = lone.answers()
    assert "There is no rule `Q77`" in answer
    assert "`/fairway waive` has to say why" in answer
    assert "`/fairway reject` has to say under which rules" in answer
    assert lone.reactions(comment) == ["confused"]


def test_a_waiver_of_what_nothing_found_is_kept_and_said(lone: World) -> None:
    lone.say(ORGANIZER, "/fairway waive E05 agreed")
    assert [outcome for outcome, *_ in lone.ruled()] == [Outcome.WAIVED.value]
    assert "Nothing of `E05` was found at this commit" in lone.answers()[0]


def test_a_comment_gives_at_most_ten_commands_whatever_it_is_edited_to(lone: World) -> None:
    comment = lone.say(ORGANIZER, "\n".join(f"/fairway hold {n}" for n in range(12)))
    assert len(lone.ruled()) == 10
    assert "2 more commands of this comment were not read" in lone.answers()[0]
    lone.edit(comment, "/fairway accept")
    assert len(lone.ruled()) == 10
    assert len(lone.rows(Publication)) == 1


def test_who_asks_all_the_time_gets_reactions_and_then_silence(lone: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.commands.comments.MOST_ANSWERS_TO_ONE", 2)
    monkeypatch.setattr("worker.commands.cases.MOST_COMMENTS_AN_HOUR", 4)
    said = [lone.say(AUTHOR, "/fairway help") for _ in range(6)]
    assert len(lone.answers()) == 2
    assert [lone.reactions(comment) for comment in said] == [["+1"]] * 4 + [[]] * 2
    lone.say("somebody", "/fairway help")
    assert len(lone.answers()) == 3
    asked = [lone.say(ORGANIZER, "/fairway hold") for _ in range(6)]
    assert [lone.reactions(comment) for comment in asked] == [["+1"]] * 6  # whoever rules is always heard


def test_a_crowd_gets_no_more_answers_than_an_hour_allows(lone: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.commands.comments.MOST_ANSWERS_AN_HOUR", 3)
    for index in range(5):
        lone.say(f"puppet-{index}", "/fairway help")
    assert len(lone.answers()) == 3


def test_what_is_quoted_in_an_answer_neither_notifies_nor_commands(lone: World) -> None:
    comment = lone.say(
        "rita", "/fairway @everyone![x](https://example.org/x)<b>\n/fairway `/fairway\n/fairway explain #1"
    )
    (answer,) = lone.answers()
    assert lines_of(answer) == []
    shown = [token for block in MarkdownIt("commonmark").parse(answer) for token in block.children or ()]
    plain = "".join(token.content for token in shown if token.type != "code_inline")
    assert "@" not in plain
    assert "<b>" not in plain
    assert [token.attrs["href"] for token in shown if token.type == "link_open"] == [
        f"{lone.github.url}/spindle/heat/pull/{lone.pull.number}#issuecomment-{comment.id}"
    ]
