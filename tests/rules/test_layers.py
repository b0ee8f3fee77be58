from __future__ import annotations

import pytest

from rules.competition import CompetitionError, builtin, parse
from rules.layers import TomlError, lines_of, merged, read_toml

SHIPPED = builtin("parameter-golf")


def complaint(text: str) -> str:
    with pytest.raises(CompetitionError) as caught:
        parse(text, "mine.toml")
    return str(caught.value)


def test_a_file_that_only_extends_is_the_shipped_competition() -> None:
    assert parse('extends = "parameter-golf"\n') == SHIPPED


def test_tables_merge_by_key_and_lists_replace() -> None:
    own = 'title = "Ours"\n[limits]\ntrain_seconds = 60.0\n[files]\nrequired = ["README.md"]\n'
    found = parse('extends = "parameter-golf"\n' + own)
    assert (found.title, found.limits.train_seconds, found.files.required) == ("Ours", 60.0, ("README.md",))
    assert (found.limits.eval_seconds, found.files.script) == (SHIPPED.limits.eval_seconds, SHIPPED.files.script)
    assert found.tracks == SHIPPED.tracks


def test_a_list_of_tables_replaces_the_shipped_one() -> None:
    track = '[[tracks]]\nname = "only"\nfolder = "entries"\ntimed = true\nseeds = 1\nrecord = true\n'
    assert [one.name for one in parse('extends = "parameter-golf"\n' + track).tracks] == ["only"]


def test_an_unknown_key_names_its_line_in_the_own_file() -> None:
    text = 'extends = "parameter-golf"\n\n[limits]\ntrain_seconds = 60.0\ntrain_secs = 60.0\n'
    assert complaint(text) == "mine.toml:5: unknown key `limits.train_secs`: remove it or correct its spelling"


def test_dotted_keys_and_tables_below_lists_have_their_lines() -> None:
    own = 'limits.train_secs = 1\n\n[[tracks]]\nname = "a"\n[[tracks]]\n[tracks.more]\nx = 1\n'
    told = complaint('extends = "parameter-golf"\n' + own)
    assert "mine.toml:2: unknown key `limits.train_secs`" in told
    assert "mine.toml:4: `tracks.0.folder` is missing: add it" in told
    assert "mine.toml:7: unknown key `tracks.1.more`" in told


def test_a_table_replaced_by_a_value_names_its_line() -> None:
    assert complaint('extends = "parameter-golf"\nlimits = 5\n').startswith("mine.toml:2: `limits`: ")


def test_what_only_both_files_together_make_wrong_is_said_so() -> None:
    text = 'extends = "parameter-golf"\n[[frontier]]\nsince = 2026-04-02\nscore = 1.0\n[[frontier]]\n'
    told = complaint(text + "since = 2026-04-01\nscore = 0.9\n")
    assert told.startswith("mine.toml: `(whole file)`: ")
    assert told.endswith(
        "`frontier` must be in order of `since` (together with what `parameter-golf` says, which the file extends)"
    )


@pytest.mark.parametrize("value", ['"nonsense"', '"../parameter_golf"', "5", '["parameter-golf"]', '""'])
def test_only_a_shipped_competition_is_extended(value: str) -> None:
    told = complaint(f"# ours\nextends = {value}\n")
    assert told.startswith(
        "mine.toml:2: `extends`: no competition of this name is shipped: write one of 'parameter-golf'"
    )


def test_keys_within_a_string_of_several_lines_are_none() -> None:
    text = 'extends = "parameter-golf"\ntitle = """\nnonsense = 1\n[limits]\n"""\nnonsense = 1\n'
    assert complaint(text).startswith("mine.toml:6: unknown key `nonsense`")
    assert ("limits",) not in lines_of(text)


def test_many_faults_are_told_up_to_a_number() -> None:
    told = complaint('extends = "parameter-golf"\n' + "".join(f"key{n} = 1\n" for n in range(50))).splitlines()
    assert len(told) == 21
    assert told[-1] == "mine.toml: and 30 more"


def test_a_key_cannot_break_the_line_of_its_complaint() -> None:
    told = complaint('extends = "parameter-golf"\n"a\\nb\\u202e" = 1\n')
    assert told == r"mine.toml: unknown key `a\nb\u202e`: remove it or correct its spelling"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a = 1\nb = \n", "mine.toml:2: not valid TOML"),
        ("a = 1\nb = [1,\n", "mine.toml:3: not valid TOML"),
        ("a = " + "9" * 5_000, "mine.toml: not valid TOML"),
        ("a = " + "[" * 50_000, "mine.toml: not valid TOML: its values are nested too deeply"),
        ("a = 1\na = 2\n", "mine.toml:2: not valid TOML"),
    ],
)
def test_what_is_no_toml_is_told_with_its_line(text: str, says: str) -> None:
    with pytest.raises(TomlError) as caught:
        read_toml(text, "mine.toml")
    assert str(caught.value).startswith(says)


def test_merging_leaves_both_layers_as_they_were() -> None:
    below, above = {"a": {"x": 1, "y": 2}, "l": [1]}, {"a": {"y": 3}, "l": [2]}
    assert merged(below, above) == {"a": {"x": 1, "y": 3}, "l": [2]}
    assert (below, above) == ({"a": {"x": 1, "y": 2}, "l": [1]}, {"a": {"y": 3}, "l": [2]})
