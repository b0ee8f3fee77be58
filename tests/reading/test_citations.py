"""Pull requests that a submission names, and which of them are parents."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest

from rules.reading.citations import find_citations
from rules.reading.metadata import read_metadata
from rules.submission import Citation, Commit, Mention, Readme

OWN = 999


def commit(message: str) -> Commit:
    return Commit("abcdef0123456789", message, datetime(2026, 4, 1, tzinfo=UTC), "Ada")


def cited(text: str) -> dict[int, Mention]:
    """Numbers that a README names, with the kind of each."""
    return {c.number: c.kind for c in find_citations(Readme("README.md", text), (), None, "", OWN)}


def only(text: str) -> Citation:
    [found] = find_citations(Readme("README.md", text), (), None, "", OWN)
    return found


@pytest.mark.parametrize(
    "text",
    ["see #123", "PR 123", "PR#123", "PR123 did it", "PR `#123`", "(#123)", "pull request #123", "PRs #123",
     "[#123](https://github.com/o/r/pull/123)", "https://github.com/o/r/pull/123/files", "Pull Request 123"],
)  # fmt: skip
def test_every_usual_form_is_a_citation(text: str) -> None:
    assert list(cited(text)) == [123]


@pytest.mark.parametrize(
    "text",
    ["the #1 place", "SOTA #18", "rank #12", "Issue #123", "issues/123", "https://github.com/o/r/issues/123",
     "[#123](https://github.com/o/r/issues/123)", "color: #333", "color:#123", "#fff", "#123abc", "# 123", "&#1234;",
     "a#123", "run #12", "seed #42", "#007", "PR 1.5", "SPR 123", "123", "#1234567", "other/repo#123", "PR 50% done"],
)  # fmt: skip
def test_ranks_issues_colours_and_headings_are_none(text: str) -> None:
    assert cited(text) == {}


def test_lists_of_numbers_are_all_found() -> None:
    assert list(cited("PR #123, #456 and #78")) == [78, 123, 456]


@pytest.mark.parametrize(
    "text",
    ["Built on PR #123", "This builds directly on #123", "based on [PR #123](https://github.com/o/r/pull/123)",
     "derived from the great work of Ada (#123)", "A fork of #123", "Forked from PR #123", "inherited from #123",
     "**Base:** PR #123", "on top of #123", "Changes from PR #123", "the PR #123 stack", "#123 (Ada) base",
     "extends #123", "A continuation of #123"],
)  # fmt: skip
def test_phrases_of_descent_make_a_parent(text: str) -> None:
    assert cited(text) == {123: Mention.PARENT}


@pytest.mark.parametrize(
    "text",
    ["Compared with #123", "#123 reports 1.08", "We built a new loader. Unlike #123 it is fast", "beats PR #123"],
)
def test_other_mentions_are_no_parents(text: str) -> None:
    assert cited(text) == {123: Mention.OTHER}


@pytest.mark.parametrize(
    "heading", ["## Credits", "### Acknowledgements", "# Lineage", "**Attribution**", "## What it is based on"]
)
def test_a_section_of_credits_makes_parents_until_the_next_heading(heading: str) -> None:
    text = f"{heading}\n- Ada: #123\n\n## Results\n- Bob: #456\n"
    assert cited(text) == {123: Mention.PARENT, 456: Mention.OTHER}


def test_in_code_only_explicit_numbers_count() -> None:
    assert cited("```\nx = 1  #12\n# PR #123\n```\n#456") == {123: Mention.OTHER, 456: Mention.OTHER}


def test_place_and_phrase_are_of_the_first_line_that_calls_it_a_parent() -> None:
    found = only("We compare with #123.\n\nOur work is based on #123.\nAgain based on #123.")
    assert (found.kind, found.location.path, found.location.line) == (Mention.PARENT, "README.md", 3)
    assert found.phrase == "Our work is based on #123."


def test_phrases_are_cut() -> None:
    assert len(only("x " * 1000 + "#123 " + "y " * 1000).phrase) <= 200


def test_the_own_number_is_left_out() -> None:
    assert cited(f"This is #{OWN}, after #123") == {123: Mention.OTHER}


def test_addresses_of_other_repositories_are_left_out_where_the_own_is_known() -> None:
    readme = Readme("README.md", "https://github.com/o/r/pull/12 https://github.com/else/r/pull/34")
    numbers = [c.number for c in find_citations(readme, (), None, "", OWN, repository="o/r")]
    assert numbers == [12]


def test_commits_and_title_count_and_merges_of_main_do_not() -> None:
    commits = [commit("Port\n\nTaken from #123"), commit("Merge pull request #456 from ada/x")]
    found = find_citations(None, commits, None, "Better than PR #789", OWN)
    assert [(c.number, c.kind, str(c.location)) for c in found] == [
        (123, Mention.PARENT, "commit abcdef012345:3"),
        (789, Mention.OTHER, "title:1"),
    ]


def test_keys_of_submission_json_say_what_a_number_is() -> None:
    value = {"base_pr": 12, "comparison_baseline_pr": 34, "related_prs": [56], "blurb": "see #78", "steps": 90}
    metadata, _ = read_metadata("submission.json", json.dumps(value, indent=0).encode())
    found = find_citations(None, (), metadata, "", OWN)
    assert [(c.number, c.kind, c.location.line) for c in found] == [
        (12, Mention.PARENT, 2),
        (34, Mention.OTHER, 3),
        (56, Mention.OTHER, 5),
        (78, Mention.OTHER, 7),
    ]


@pytest.mark.parametrize("unit", ["#", "#12 ", "PR ", "PR #12 ", "built on ", "github.com/a/", "base: ", "**", "a-"])
@pytest.mark.parametrize("width", [100, 1_000_000])
def test_a_hostile_readme_takes_no_more_than_a_moment(unit: str, width: int) -> None:
    line = unit * (width // len(unit))
    text = "\n".join([line] * (1_000_000 // width))
    started = time.process_time()
    cited(text)
    assert time.process_time() - started < 3
