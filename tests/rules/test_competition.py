from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from rules.competition import CompetitionError, builtin, load, parse

TEXT = (Path("rules") / "competitions" / "parameter_golf.toml").read_text(encoding="utf-8")


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


def test_the_shipped_competition_is_read() -> None:
    competition = builtin("parameter-golf")
    assert competition.artifact.max_bytes == 16_000_000
    assert competition.track_folders["records/track_10min_16mb"] == "record"


def test_an_unknown_key_is_refused_with_its_line() -> None:
    text = TEXT.replace("eval_seconds = 600.0", "eval_seconds = 600.0\nevil_seconds = 1.0")
    with pytest.raises(CompetitionError) as caught:
        parse(text, "mine.toml")
    assert f"mine.toml:{line_of(text, 'evil_seconds')}: unknown key `limits.evil_seconds`" in str(caught.value)


def test_a_wrong_type_is_refused_with_its_line() -> None:
    text = TEXT.replace("timed = false", 'timed = "no"')
    with pytest.raises(CompetitionError) as caught:
        parse(text)
    assert f":{line_of(text, 'timed = ' + chr(34))}: `tracks.1.timed`" in str(caught.value)


def test_a_fault_in_a_nested_list_of_tables_is_found_in_the_right_table() -> None:
    text = TEXT.replace("val_tokens = 47_853_343", "val_tokens = -1")
    with pytest.raises(CompetitionError) as caught:
        parse(text)
    assert f":{line_of(text, 'val_tokens = -1')}: `fingerprints.tokenizers.3.val_tokens`" in str(caught.value)


def test_a_missing_table_is_named() -> None:
    with pytest.raises(CompetitionError, match="`rulers` is missing: add it"):
        parse(TEXT[: TEXT.index("[rulers]")])


def test_broken_toml_is_refused_with_its_place() -> None:
    with pytest.raises(CompetitionError, match=r"not valid TOML: .*line 3"):
        parse('name = "x"\n\n[broken\n', "broken.toml")


def test_two_tracks_may_not_share_a_folder() -> None:
    with pytest.raises(CompetitionError, match="each folder may stand only once"):
        parse(TEXT.replace("records/track_non_record_16mb", "records/track_10min_16mb"))


def test_the_frontier_must_be_in_order() -> None:
    with pytest.raises(CompetitionError, match="`frontier` must be in order"):
        parse(TEXT.replace("since = 2026-05-01", "since = 2026-01-01"))


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CompetitionError, match="cannot be read"):
        load(tmp_path / "none.toml")


def test_an_unknown_name_is_a_clear_error() -> None:
    with pytest.raises(CompetitionError, match="no competition named"):
        builtin("../../etc/passwd")


def test_the_record_of_a_day_is_the_one_of_the_evening_before() -> None:
    competition = builtin()
    assert competition.incumbent(date(2026, 4, 9)).score == 1.0828
    assert competition.incumbent(date(2026, 4, 10)).score == 1.0810
    assert competition.incumbent(date(2026, 1, 1)).score == 1.2244


def test_the_practice_of_the_day_decides_what_is_significant() -> None:
    competition = builtin()
    assert competition.significance_on(date(2026, 4, 27)).level == 0.01
    assert competition.significance_on(date(2026, 4, 28)).level == 0.25


def test_no_check_fails_and_all_is_said_unless_the_competition_asks_otherwise() -> None:
    publishing = parse(TEXT).publishing
    assert (publishing.fail_on, publishing.comment, publishing.labels) == ((), True, True)
    asked = parse(TEXT + '\n[publishing]\nfail_on = ["likely-invalid"]\ncomment = false\nlabels = false\n').publishing
    assert (asked.fail_on, asked.comment, asked.labels) == (("likely-invalid",), False, False)


@pytest.mark.parametrize("verdict", ["clear", "likely invalid"])
def test_a_check_may_fail_only_on_a_verdict_that_speaks_against_a_submission(verdict: str) -> None:
    text = TEXT + f'\n[publishing]\nfail_on = ["{verdict}"]\n'
    with pytest.raises(CompetitionError) as caught:
        parse(text)
    assert f":{line_of(text, 'fail_on')}: `publishing.fail_on.0`" in str(caught.value)
