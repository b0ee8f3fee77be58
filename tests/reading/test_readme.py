"""The README and the figures that it states."""

from __future__ import annotations

import pytest

from rules.reading.readme import MAX_BYTES, read_readme
from rules.submission import ProblemKind, Quantity

PATH = "f/README.md"


def claims(text: str) -> list[tuple[str, float, int | None, int | None]]:
    """Quantity, value, seed and line of each claim."""
    readme, _ = read_readme(PATH, text.encode())
    return [(c.quantity.value, c.value, c.seed, c.location.line) for c in readme.claims]


@pytest.mark.parametrize(
    "line",
    ["# Mine: val_bpb 1.0810", "**val_bpb: 1.0810** (3-seed mean)", "val_bpb = 1.0810", "Result: **1.0810 BPB**.",
     "- val bpb: `1.0810`", "1.0810 val_bpb on 8xH100"],
)  # fmt: skip
def test_a_headline_is_a_claim_with_its_line(line: str) -> None:
    assert claims(f"\n{line}\n") == [("val_bpb", 1.081, None, 2)]


@pytest.mark.parametrize(
    "line",
    ["Baseline val_bpb: 1.2244", "Improves on 1.1194 BPB", "previous SOTA 1.0810 BPB", "delta: -0.0030 BPB",
     "pre-quant val_bpb: 1.09", "about 1.1 BPB", "lower than 1.0810 BPB"],
)  # fmt: skip
def test_figures_of_others_and_differences_are_no_claims(line: str) -> None:
    assert claims(line) == []


def test_a_score_before_the_label_of_the_next_one_is_not_taken_for_it() -> None:
    assert claims("val_loss: 2.31234567 val_bpb: 1.05123456") == [("val_bpb", 1.05123456, None, 1)]


def test_prose_further_down_is_not_searched_but_headings_are() -> None:
    text = "\n" * 60 + "We also saw 1.0900 BPB once.\n## Result: 1.0810 BPB\n"
    assert claims(text) == [("val_bpb", 1.081, None, 62)]


def test_a_table_of_seeds_gives_claims_for_each_and_for_the_mean() -> None:
    text = (
        "| Seed | val_bpb | Artifact bytes | Steps |\n"
        "|------|---------|----------------|-------|\n"
        "| 42 | 1.0800 | 15,900,123 | 5000 |\n"
        "| **7** | **1.0900** | 15,950,000 | - |\n"
        "| Mean | 1.0850 | | |\n"
        "| Std | 0.0050 | | |\n"
    )
    assert claims(text) == [
        ("val_bpb", 1.08, 42, 3),
        ("artifact_bytes", 15_900_123, 42, 3),
        ("steps", 5000, 42, 3),
        ("val_bpb", 1.09, 7, 4),
        ("artifact_bytes", 15_950_000, 7, 4),
        ("val_bpb", 1.085, None, 5),
    ]


def test_a_plain_column_wins_over_ways_of_evaluating() -> None:
    text = "| Seed | Sliding BPB | val_bpb |\n|---|---|---|\n| 42 | 1.10 | 1.08 |\n"
    assert claims(text) == [("val_bpb", 1.08, 42, 3)]


def test_of_several_ways_of_evaluating_none_is_taken() -> None:
    text = "| Seed | Sliding BPB | Hedge mix BPB |\n|---|---|---|\n| 42 | 1.10 | 0.90 |\n"
    assert claims(text) == []


def test_other_tables_claim_nothing() -> None:
    assert claims("| Method | val_bpb |\n|---|---|\n| theirs | 1.10 |\n| ours | 1.08 |\n") == []


def test_text_is_decoded_with_unix_line_ends() -> None:
    readme, problems = read_readme(PATH, "a\r\nb".encode("utf-16"))
    assert (readme.text, problems) == ("a\nb", ())


@pytest.mark.parametrize("data", [b"", b"  \n "])
def test_an_empty_readme_is_a_problem(data: bytes) -> None:
    assert [p.kind for p in read_readme(PATH, data)[1]] == [ProblemKind.EMPTY]


def test_of_a_huge_readme_the_beginning_is_read() -> None:
    readme, problems = read_readme(PATH, b"# val_bpb 1.0810\n" + b"x" * 2 * MAX_BYTES)
    assert [p.kind for p in problems] == [ProblemKind.LIMIT]
    assert (len(readme.text), readme.claims[0].quantity) == (MAX_BYTES, Quantity.VAL_BPB)
