"""Counts, cards, gates, settings, prefixes and notes."""

from __future__ import annotations

import pytest

from rules.reading.logs import notes
from rules.submission import Quantity
from tests.reading.logs_samples import RUN, TILT, line_of, read

COUNTS = [
    (RUN, Quantity.WORLD_SIZE, 8, "world_size"),
    (RUN, Quantity.SEED, 1337, "seed"),
    (RUN, Quantity.VAL_TOKENS, 62021632, "val_loader"),
    (RUN, Quantity.TRAIN_SHARDS, 80, "train_loader"),
    (TILT, Quantity.WORLD_SIZE, 8, "world_size"),
    (TILT, Quantity.SEED, 42, "seed"),
    (TILT, Quantity.VAL_TOKENS, 40540160, "val_tokens"),
    (TILT, Quantity.TRAIN_SHARDS, 128, "train_shards"),
]


@pytest.mark.parametrize(("text", "quantity", "value", "start"), COUNTS)
def test_counts_and_their_lines(text: str, quantity: Quantity, value: int, start: str) -> None:
    found = read(text).last(quantity)
    assert found is not None
    assert (found.value, found.location.line) == (value, line_of(text, start))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("torchrun --standalone --nproc_per_node=4 train_gpt.py\n", 4),
        ("Launching torchrun with 2 GPUs...\n", 2),
        ("XSA:last_4 ws:8 gqa:8/4\n", 8),
        ("[STAGE 1/4] run=ab | 8\u00d7H100 | start\n", 8),
        ("GPUs: 1\n", 1),
        ("World size: 2, Grad accum: 4\n", 2),
        ("nvidia\n|   0  NVIDIA H100 PCIe   On  | 00:0 Off |\n|   1  NVIDIA H100 PCIe   On  | 00:1 Off |\n", 2),
        ("world_size:8\nwe compared with a 1xA100 run\n", 8),
    ],
)
def test_world_size_in_other_words_the_strongest_one_counts(text: str, value: int) -> None:
    found = read(text).last(Quantity.WORLD_SIZE)
    assert found is not None
    assert found.value == value


@pytest.mark.parametrize(
    ("text", "seed"),
    [
        ("SEED=314 torchrun train_gpt.py\n", 314),
        ("=== Seed 7 ===\n", 7),
        ("{'num_layers': 10, 'seed': 9}\n", 9),
        ("spinquant_seed: 5\n", None),
        ("logs/run_seed2025.txt\n", 2025),
        ("logs/run_seed2025.txt\nseed:1\n", 1),
    ],
)
def test_the_seed_in_other_words(text: str, seed: int | None) -> None:
    assert read(text).seed == seed


@pytest.mark.parametrize(
    ("text", "name", "line"),
    [
        (RUN, "NVIDIA H100 80GB HBM3", 2),
        ("fa:1 gpu:NVIDIA H100 80GB HBM3 he:True\n", "NVIDIA H100 80GB HBM3", 1),
        ("Device: Tesla T4\n", "Tesla T4", 1),
        ("start\non 8xH100 SXM today\n", "H100 SXM", 2),
        ("no card\n", None, None),
    ],
)
def test_the_name_of_the_card(text: str, name: str | None, line: int | None) -> None:
    gpu = read(text).gpu
    assert (gpu and gpu.value, gpu and gpu.location.line) == (name, line)


def test_gate_counters() -> None:
    gates = read(TILT).gates
    assert {name: gate.value for name, gate in gates.items()} == {
        "gated": 1300,
        "token_gate": 628,
        "within_gate": 986,
        "word_gate": 0,
        "agree2plus": 30,
    }
    assert gates["within_gate"].location.line == line_of(TILT, "ngram_tilt:hints")


def test_settings_of_a_block_and_of_lines_with_several() -> None:
    block, lines = read(TILT).settings, read(RUN).settings
    assert block["gptq_reserve_seconds"].value == "0.5"
    assert block["ttt_enabled"].location.line == line_of(TILT, "ttt_enabled")
    assert (lines["iterations"].value, lines["train_seq_len"].value) == ("20000", "1024")
    assert lines["tokenizer_path"].value == "./data/tokenizers/tok_1024.model"


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("Config: {'model_dim': 512, 'act': 'relu2', 'loops': [1, 2]}", "act", "relu2"),
        ("Config: {'model_dim': 512, 'act': 'relu2', 'loops': [1, 2]}", "loops", "[1, 2]"),
        ("Namespace(lr=0.02, name='base line', deep=True)", "name", "base line"),
        ('  "ttt_epochs": 3,', "ttt_epochs", "3"),
        ("MATRIX_LR=0.022 SEED=5 torchrun train_gpt.py", "matrix_lr", "0.022"),
        ("+ QK_GAIN=5.25", "qk_gain", "5.25"),
        ("WARMUP_STEPS          = 400", "warmup_steps", "400"),
        ("  mlp_variants: relu2, glu", "mlp_variants", "relu2, glu"),
        ("tokens_total=62,021,632 other=1", "tokens_total", "62,021,632"),
    ],
)
def test_dialects_of_settings(line: str, name: str, value: str) -> None:
    assert read(f"{line}\n").settings[name].value == value


def test_results_and_progress_are_no_settings_but_announced_phases_are() -> None:
    log = read(RUN + "final_note alpha_used:0.3\nttt_sliding:start chunks=1893 ttt_lr=0.002\n")
    assert "alpha_used" not in log.settings
    assert "step_avg" not in log.settings
    assert log.settings["ttt_lr"].value == "0.002"


def test_the_last_printed_value_of_a_setting_counts() -> None:
    log = read("Hyperparameters:\n  lr: 0.1\n" + RUN + "Hyperparameters:\n  lr: 0.2\n")
    assert log.settings["lr"].value == "0.2"


def test_paths_of_data_and_tokenizer() -> None:
    assert [(p.name, p.location.line) for p in read(RUN).paths] == [("tokenizer_path", 4), ("pattern", 6)]
    assert [p.value for p in read(TILT).paths] == ["./data/datasets/sp8192/fineweb_val_*.bin"]


def test_first_words_of_lines() -> None:
    prefixes = read(TILT).prefixes
    assert prefixes["ngram_tilt"] == line_of(TILT, "ngram_tilt")
    assert prefixes["stopping_early"] == line_of(TILT, "stopping_early")


def test_notes_and_their_roles() -> None:
    found = {(n.role, n.location.line) for n in read(TILT).notes}
    assert found == {
        (notes.CALIBRATION_START, line_of(TILT, "GPTQ:collecting")),
        (notes.CALIBRATION_DONE, line_of(TILT, "GPTQ:collected")),
        (notes.STOP, line_of(TILT, "stopping_early")),
        (notes.EVAL_TIMER, line_of(TILT, "beginning TTT")),
        (notes.PRECOMPUTE, line_of(TILT, "ngram_tilt:precompute")),
    }


@pytest.mark.parametrize(
    ("line", "role"),
    [
        ("ppm_mix_time:60.5s subset=4000000 tokens", notes.SUBSET),
        ("Traceback (most recent call last):", notes.TRACEBACK),
        ("TTT_EVAL_ONLY=1 skipping training, loading saved artifact", notes.RESUMED),
        ("prefilling n-gram tables from training shards", notes.PREFILL),
        ("WARNING: submission 16048632 bytes exceeds 16MB limit", notes.SIZE_WARNING),
        ("gptq:calibrating with training data...", notes.CALIBRATION_START),
    ],
)
def test_lines_that_rules_quote(line: str, role: str) -> None:
    assert [(n.role, n.quote) for n in read(f"{line}\n").notes] == [(role, line)]


def test_a_role_has_a_bounded_number_of_lines() -> None:
    text = "".join(f"line{chr(97 + n)}: Traceback (most recent call last)\n" for n in range(26))
    assert len(read(text).notes) == 12
