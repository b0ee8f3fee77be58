"""Score lines."""

from __future__ import annotations

import pytest

from tests.reading.logs_samples import RUN, TILT, line_of, read


def test_a_score_line_gives_label_loss_bits_seconds_and_place() -> None:
    score = next(s for s in read(RUN).scores if s.label == "final_int8_zlib_roundtrip")
    assert (score.val_loss, score.val_bpb, score.eval_seconds, score.step) == (2.0727, 1.2244, 1.401, None)
    assert score.location.line == line_of(RUN, "final_int8_zlib_roundtrip ")
    assert score.quote.startswith("final_int8_zlib_roundtrip val_loss:2.0727")


def test_scores_of_training_steps_are_kept_with_their_step_but_are_not_final() -> None:
    steps = [(s.step, s.val_bpb, s.final, s.eval_seconds) for s in read(RUN).scores if s.label == "step"]
    assert steps == [(0, 4.1077, False, None), (12001, 1.2172, False, None)]
    assert [s.step for s in read(TILT).scores if s.label == "step"] == [4557]


def test_progress_of_a_running_evaluation_is_no_score() -> None:
    assert [s.label for s in read(TILT).scores] == [
        "step",
        "diagnostic pre-quantization post-ema",
        "quantized_ttt_phased",
    ]


@pytest.mark.parametrize(
    ("line", "label", "bits"),
    [
        ("ttt_sliding:done val_loss=1.89064359 val_bpb=1.11900566 elapsed=419.3s", "ttt_sliding:done", 1.11900566),
        ("  XSA-off Quantized BPB (no XSA): 1.007057", "XSA-off Quantized", 1.007057),
        ("q_sw_x vl:1.92261754 bpb:1.13868542", "q_sw_x", 1.13868542),
        ("final_research_export_exact val_loss:1.9 val_bpb:1.16427245", "final_research_export_exact", 1.16427245),
        ("[2026-03-25 11:17:32] INFO: final_x val_loss:1.72 val_bpb:1.024", "final_x", 1.024),
        ("ppm_mix bytes=10982035 mix_bpb=1.000307 ppm_only_bpb=2.38 nn_bpb=1.07", "ppm_mix", 1.000307),
        ("lora_eval seed=314 rank=8 tokens=1048576 val_bpb=1.32", "lora_eval rank=8", 1.32),
        ("  Legal TTT:   1.198562 bpb", "Legal TTT", 1.198562),
        ("int6_sw_bpb: 1.17490448", "int6_sw_bpb", 1.17490448),
        ("final_ttt_lora val_loss:2.01 val_bpb:1.1935 eval_time:72361ms chunk_size:256", "final_ttt_lora", 1.1935),
    ],
)
def test_final_labels_of_many_dialects(line: str, label: str, bits: float) -> None:
    (score,) = read(f"step:1/2 train_loss:2.0\n{line}\n").scores
    assert (score.label, score.val_bpb, score.final) == (label, bits, True)


@pytest.mark.parametrize(
    "line",
    [
        "DIAGNOSTIC post_ema val_loss:1.9196 val_bpb:1.1369 eval_time:1971ms",
        "pre-quantization post-ema val_loss:1.87 val_bpb:1.11118724",
        "baseline: val_loss=2.699844 val_bpb=1.599000",
        "raw model val_bpb:1.1202",
        "temp_search: temp=0.85 val_bpb=1.2064",
        "neural_only_sw val_loss:1.9326 val_bpb:1.1446",
        "Using ema weights (val_bpb=1.1194)",
        "target val_bpb: 1.10",
    ],
)
def test_diagnostics_references_and_searches_are_not_final(line: str) -> None:
    (score,) = read(f"{line}\n").scores
    assert not score.final


@pytest.mark.parametrize(
    "line",
    [
        "val_bpb:enabled tokenizer_kind=sentencepiece",
        "ttt_gain: 0.0245 BPB gain (int8:1.17 ttt:0.95)",
        "  sliding_eval [ 12.5%] 100/800 windows running_bpb=1.2345",
        "ttt_progress: batch 3/782 batch_loss:2.2 batch_bpb:1.07 running_bpb:1.08",
        "[rank 0] 782/782 loss:1.79 bpb:1.0837 running_bpb:1.08",
        'log_fn(f"ttt:done val_loss={loss:.6f} val_bpb={bpb:.6f}")',
        "std_val_bpb: 0.00025",
    ],
)
def test_lines_that_state_no_score(line: str) -> None:
    assert [s for s in read(f"{line}\n").scores if s.final] == []


def test_a_line_without_label_is_final_only_after_training() -> None:
    log = read("val_bpb: 1.30\nstep:9/9 train_loss:2.0\nval_bpb: 1.25\n")
    assert [(s.label, s.val_bpb, s.final) for s in log.scores] == [("", 1.3, False), ("", 1.25, True)]


def test_a_score_that_is_no_number_stays_visible_without_value() -> None:
    (score,) = read("final_x val_loss:nan val_bpb:nan eval_time:3s\n").scores
    assert (score.val_bpb, score.val_loss, score.eval_seconds) == (None, None, 3.0)
    assert read("final_x val_bpb:nan\n").final_scores == []


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("eval_time:1401ms", 1.401),
        ("eval:873849ms", 873.849),
        ("elapsed=419.3s", 419.3),
        ("t:94699ms", 94.699),
        ("(stride=16, T=0.90) eval_time:428712ms", 428.712),
        ("(stride=16, T=0.90)", None),
        ("stride:64", None),
    ],
)
def test_the_seconds_of_a_score_line(tail: str, expected: float | None) -> None:
    (score,) = read(f"final_sliding val_loss:2.0 val_bpb:1.1568 {tail}\n").scores
    assert score.eval_seconds == pytest.approx(expected) if expected else score.eval_seconds is None
