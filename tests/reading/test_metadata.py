"""Claims of submission.json in its many dialects, with their key paths and lines."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.reading.metadata import read_metadata
from rules.submission import Claim, Metadata, Quantity

PATH = "f/submission.json"


def read(value: object) -> Metadata:
    metadata, problems = read_metadata(PATH, json.dumps(value, indent=1).encode())
    assert problems == ()
    return metadata


def whole(metadata: Metadata, quantity: Quantity = Quantity.VAL_BPB) -> list[tuple[str, float]]:
    """Claims that are tied to no seed, as (key, value)."""
    return [(c.key, c.value) for c in metadata.claims if c.quantity is quantity and c.seed is None]


def by_seed(metadata: Metadata, quantity: Quantity = Quantity.VAL_BPB) -> dict[int, float]:
    return {seed: claim.value for seed, claim in metadata.by_seed(quantity).items()}


def test_each_claim_names_the_line_of_its_key() -> None:
    text = '{\n  "name": "x",\n\n  "val_bpb":\n    1.25,\n  "seed_results": {\n    "42": {"val_bpb": 1.3}\n  }\n}'
    metadata, _ = read_metadata(PATH, text.encode())
    assert [(c.key, c.value, c.seed, c.location.path, c.location.line) for c in metadata.claims] == [
        ("val_bpb", 1.25, None, PATH, 4),
        ("seed_results.42.val_bpb", 1.3, 42, PATH, 7),
    ]


@pytest.mark.parametrize(
    "key",
    ["val_bpb", "mean_val_bpb", "val_bpb_mean", "three_seed_mean_bpb", "val_bpb_3seed_mean", "valBPB", "bits_per_byte",
     "val_bpb_exact", "final_val_bpb", "mean_bpb", "score", "ttt_val_bpb", "int6_sliding_window_val_bpb"],
)  # fmt: skip
def test_the_headline_is_found_under_many_spellings(key: str) -> None:
    assert whole(read({key: 1.07})) == [(key, 1.07)]


@pytest.mark.parametrize(
    "key",
    ["baseline_val_bpb", "previous_sota_bpb", "val_bpb_std", "delta_vs_leaderboard_bpb", "ttt_gain_bpb",
     "parent_val_bpb", "pre_quant_val_bpb", "post_ema_val_bpb", "val_bpb_variance", "merged_leaderboard_baseline_bpb",
     "projected_bpb", "val_bpb_retracted", "target_bpb", "train_loss", "p_value", "quantization_gap_bpb"],
)  # fmt: skip
def test_baselines_differences_and_unfinished_models_are_no_claims(key: str) -> None:
    assert read({key: 1.07}).claims == ()


@pytest.mark.parametrize(
    "value",
    [
        {"baseline_comparison": {"val_bpb": 1.1}},
        {"ablation_runs": [{"val_bpb": 1.1}]},
        {"original_seed_results_retracted": {"42": {"val_bpb": 1.1}}},
        {"extra_experiment": {"val_bpb": 1.1}},
        {"config": {"steps": 20000}},
        {"limits": {"artifact_bytes": 16000000}},
    ],
)
def test_figures_in_folders_of_other_things_are_no_claims(value: object) -> None:
    assert read(value).claims == ()


def test_the_nearest_to_the_headline_comes_first() -> None:
    value = {"results": {"val_bpb": 4.0}, "val_bpb_sliding": 3.0, "mean_val_bpb": 2.0, "val_bpb": 1.0}
    assert [v for _, v in whole(read(value))] == [1.0, 2.0, 4.0, 3.0]


@pytest.mark.parametrize(
    "value",
    [
        {"seed_results": {"42": {"val_bpb": 1.1}, "7": {"val_bpb": 1.2}}},
        {"seed_results": {"42": 1.1, "7": 1.2}},
        {"seeds": {"42": {"val_bpb": 1.1}, "7": {"val_bpb": 1.2}}},
        {"seed_results": [{"seed": 42, "val_bpb": 1.1}, {"seed": "7", "val_bpb": 1.2}]},
        {"runs": [{"val_bpb": 1.1, "seed": 42}, {"val_bpb": 1.2, "seed": 7}]},
        {"seed_42": {"val_bpb": 1.1}, "seed_7": {"val_bpb": 1.2}},
        {"val_bpb_seed42": 1.1, "val_bpb_seed_7": 1.2},
        {"results": {"seed_42": {"bpb": 1.1}, "seed_7": {"bpb": 1.2}}},
        {"val_bpb": {"42": 1.1, "7": 1.2}},
        {"seeds": [42, 7], "val_bpb_seeds": [1.1, 1.2]},
        {"per_seed": {"s42": {"val_bpb": 1.1}, "s7": {"val_bpb": 1.2}}},
        {"seed_results": {"run_1": {"seed": 42, "val_bpb": 1.1}, "run_2": {"seed": 7, "val_bpb": 1.2}}},
    ],
)
def test_values_of_each_seed_are_found_in_every_arrangement(value: object) -> None:
    metadata = read(value)
    assert by_seed(metadata) == {42: 1.1, 7: 1.2}
    assert whole(metadata) == []


def test_seeds_that_were_run_are_claims_with_their_lines() -> None:
    metadata, _ = read_metadata(PATH, b'{"seeds": [\n42,\n7\n], "seed": 1337}')
    assert [(c.value, c.seed, c.location.line) for c in metadata.claims] == [(1337, None, 4), (42, 42, 2), (7, 7, 3)]


def test_values_of_runs_that_no_seed_names_are_left_out() -> None:
    assert read({"val_bpb_runs": [1.1, 1.2], "seed_results": {"run_1": {"val_bpb": 1.3}}}).claims == ()


def test_the_plain_key_of_a_run_wins_over_one_that_names_a_way_of_evaluating() -> None:
    value = {"val_bpb": 1.0, "seeds": {"42": {"sliding_bpb": 1.0, "val_bpb": 1.3}}}
    assert by_seed(read(value)) == {42: 1.3}


def test_among_ways_of_evaluating_the_one_that_the_headline_is_made_of_is_meant() -> None:
    runs = {str(s): {"quantized_bpb": 1.1 + s / 100, "hedged_mix_bpb": 0.9 + s / 100} for s in (1, 2)}
    assert by_seed(read({"val_bpb": 0.915, "per_seed": runs})) == {1: 0.91, 2: 0.92}
    assert by_seed(read({"val_bpb": 1.115, "per_seed": runs})) == {1: 1.11, 2: 1.12}


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1.2193", 1.2193), ("~1.07", 1.07), ("1.0590 ± 0.0003", 1.059), ("1.06 (3-seed mean)", 1.06), (1, 1.0)],
)
def test_numbers_given_as_text_count(value: object, expected: float) -> None:
    assert whole(read({"val_bpb": value})) == [("val_bpb", expected)]


@pytest.mark.parametrize(
    "value",
    [
        None,
        "pending",
        "TBD",
        "",
        "N/A - see README",
        "<fill in>",
        0,
        0.0,
        -1,
        True,
        {},
        [],
        "1.08-1.09",
        "8.x",
        10**400,
    ],
)
def test_words_nulls_and_placeholders_are_no_claims_and_stay_in_the_data(value: object) -> None:
    metadata = read({"val_bpb": value})
    assert metadata.claims == ()
    assert "val_bpb" in metadata.data


@pytest.mark.parametrize(
    ("key", "value", "quantity", "expected"),
    [
        ("bytes_total", 15_000_000, Quantity.ARTIFACT_BYTES, 15e6),
        ("artifact_bytes", "15,560,230", Quantity.ARTIFACT_BYTES, 15_560_230),
        ("total_submission_size_bytes", 15_000_000, Quantity.ARTIFACT_BYTES, 15e6),
        ("artifact_size_mb", 15.5, Quantity.ARTIFACT_BYTES, 15.5e6),
        ("artifact_size", "15.5 MB", Quantity.ARTIFACT_BYTES, 15.5e6),
        ("bytes_model_int8_zlib", 14_000_000, Quantity.MODEL_BYTES, 14e6),
        ("compressed_model_bytes", 14_000_000, Quantity.MODEL_BYTES, 14e6),
        ("bytes_code", 50_000, Quantity.CODE_BYTES, 50_000),
        ("training_time_seconds", 599, Quantity.TRAIN_SECONDS, 599),
        ("train_time_ms", 599_500, Quantity.TRAIN_SECONDS, 599.5),
        ("training_time_minutes", 10, Quantity.TRAIN_SECONDS, 600),
        ("wallclock_seconds", 600.1, Quantity.TRAIN_SECONDS, 600.1),
        ("eval_time_s", "~106s", Quantity.EVAL_SECONDS, 106),
        ("eval_time_seconds", "450000 ms", Quantity.EVAL_SECONDS, 450),
        ("step_stop", 5000, Quantity.STEPS, 5000),
        ("training_steps", 5000, Quantity.STEPS, 5000),
        ("num_gpus", 8, Quantity.WORLD_SIZE, 8),
        ("hardware", "8xH100 80GB SXM", Quantity.WORLD_SIZE, 8),
        ("val_loss", 2.5, Quantity.VAL_LOSS, 2.5),
        ("val_tokens", 62_000_000, Quantity.VAL_TOKENS, 62_000_000),
    ],
)
def test_each_quantity_is_told_in_its_unit(key: str, value: object, quantity: Quantity, expected: float) -> None:
    [(found, number)] = whole(read({key: value}), quantity)
    assert found == key
    assert number == pytest.approx(expected)


@pytest.mark.parametrize(
    "key",
    ["max_wallclock_seconds", "step_avg_ms", "ms_per_step", "warmup_steps", "gptq_reserve_seconds", "peak_memory_mb",
     "code_uncompressed_bytes", "bytes_headroom", "n_seeds", "model_params", "num_heads", "seq_len", "batch_tokens"],
)  # fmt: skip
def test_settings_and_rates_are_no_claims(key: str) -> None:
    assert read({key: 12345}).claims == ()


def test_persons_and_names_are_read_in_their_usual_forms() -> None:
    first = read({"name": "Run", "author": "Ada", "github_id": "@ada-l", "track": "10min_16mb"})
    assert (first.name, first.author, first.github_id, first.track) == ("Run", "Ada", "ada-l", "10-min-16-mb")
    second = read({"title": "T", "authors": ["Ada", "Bob"], "github": "https://github.com/ada"})
    assert (second.name, second.author, second.github_id) == ("T", "Ada, Bob", "ada")
    third = read({"author": {"name": "Ada", "github": "ada"}})
    assert (third.author, third.github_id) == ("Ada", "ada")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["val_bpb", "seed", "seeds", "seed_results", "42", "bytes_total", "results"])
            | st.text(max_size=6),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(st.dictionaries(st.sampled_from(["val_bpb", "seeds", "seed_results", "runs", "x"]), JSON, max_size=4))
def test_any_object_is_read_and_its_claims_point_into_the_file(value: dict[str, object]) -> None:
    text = json.dumps(value, indent=1)
    metadata, _ = read_metadata(PATH, text.encode())
    lines = text.count("\n") + 1
    for claim in metadata.claims:
        assert isinstance(claim, Claim)
        assert claim.value > 0 or claim.quantity is Quantity.SEED
        assert 1 <= (claim.location.line or 0) <= lines


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:\\/*#0123456789.eE-+ \nabn', max_size=200).map(str.encode))
def test_no_bytes_raise(data: bytes) -> None:
    metadata, _ = read_metadata(PATH, data)
    assert metadata.path == PATH
