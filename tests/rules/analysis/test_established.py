"""What is established of the demo's samples and of small programs."""

from __future__ import annotations

from demo.compose import script
from demo.folder import submission_files, submission_folder
from demo.repository import COMPETITION
from demo.samples import load_samples
from rules.analysis.flow.claimed import claimed_print, claimed_scores
from rules.analysis.flow.established import Fact, established
from rules.analysis.flow.prints import likeness
from rules.analysis.flow.protocol import Learning, protocol_of
from rules.analysis.flow.walk import trace_of
from rules.competition import load
from rules.reading.assemble import read_submission
from rules.reading.folder import memory_files
from rules.report.blocks import established as as_markdown
from rules.report.contract import fact_entry
from rules.report.links import Places
from rules.screening import screen
from rules.submission import BaseKind, PullRequest, Scope, Submission

SAMPLES = {sample.name: sample for sample in load_samples()}


def sample(name: str) -> Submission:
    """A sample of the demo, read."""
    competition = load(COMPETITION)
    files = submission_files(SAMPLES[name], competition)
    scope = Scope(folder=submission_folder(SAMPLES[name], competition), track="sprint", base=BaseKind.NONE)
    return read_submission(PullRequest(0, ""), scope, memory_files(files), competition)


def line_of(name: str, text: str) -> int:
    """The line of a sample's script that has the text."""
    return next(n for n, line in enumerate(script(SAMPLES[name]).split("\n"), 1) if text in line)


def facts(name: str) -> dict[str, Fact]:
    return {fact.subject: fact for fact in established(sample(name))}


def test_score_first_is_told_with_the_lines_of_score_and_gradient() -> None:
    fact = facts("window-ttt")["score first"]
    adapting = line_of("window-ttt", "for _ in range(s.ttt_epochs)") + 3
    assert fact.told().startswith("score-first: a chunk is scored at ")
    assert fact.told().endswith("2 epochs on tokens already scored")
    assert [place.line for place in fact.places] == [
        line_of("window-ttt", "nats += token_losses(model, x, y)[:, -fresh:]"),
        adapting,
    ]


def test_an_evaluation_without_learning_is_said_to_have_none() -> None:
    assert facts("baseline")["learning"].text == "no learning on validation tokens"


def test_the_artifact_is_written_before_it_is_read_again() -> None:
    written, read = facts("baseline")["artifact"].places
    assert written.line == line_of("baseline", "write_bytes(pack(model))")
    assert read.line == line_of("baseline", "packed = torch.load(")


def test_the_claimed_score_is_led_from_the_log_back_to_its_sum() -> None:
    submission = sample("baseline")
    trace = trace_of(submission)
    assert trace is not None
    shown = claimed_print(trace, submission)
    assert shown is not None
    assert shown.name.startswith("final_int8_zlib_roundtrip")
    assert [score.line for score in claimed_scores(trace, submission)] == [
        line_of("baseline", "nats += token_losses(model, x, y)")
    ]


def test_a_line_is_printed_by_the_call_that_gives_most_of_its_letters() -> None:
    line = "final_exact val_loss:1.94 val_bpb:1.15"
    assert likeness("final_exact val_loss:{} val_bpb:{}", line) > likeness("{} val_loss:{}", line) > 0
    assert likeness("final_other val_loss:{}", line) == 0
    assert likeness("{}", line) == 0


def test_look_ups_that_go_into_the_score_are_named() -> None:
    places = facts("target-in-key")["tables"].places
    assert places
    assert all(place.name == "train.py" for place in places)


def test_facts_stand_in_the_triage_the_report_and_the_json() -> None:
    competition = load(COMPETITION)
    triage = screen(sample("window-ttt"), competition)
    assert triage.established == established(triage.submission)
    lines = list(as_markdown(triage, Places(triage.submission, None)))
    assert lines[0].startswith("- Score-first: a chunk is scored at `train.py:")
    entry = fact_entry(triage.established[0])
    assert entry["subject"] == "score first"
    assert entry["places"][0]["path"] == f"{triage.submission.folder}/train.py"


def test_without_a_script_nothing_is_established() -> None:
    scope = Scope(folder="entries/sprint/sample", track="sprint", base=BaseKind.NONE)
    assert established(read_submission(PullRequest(0, ""), scope, (), load(COMPETITION))) == ()


def test_the_protocol_of_the_window_sample_is_score_first_for_the_claimed_score() -> None:
    protocol = protocol_of(sample("window-ttt"))
    assert protocol is not None
    assert {(one.how, one.claimed) for one in protocol.adaptations} == {(Learning.SCORE_FIRST, True)}
