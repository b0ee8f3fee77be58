from __future__ import annotations

import math

from rules.analysis.summary import summarize
from rules.competition import builtin
from rules.report.figures import RUNS_AT_MOST, Row, rows_of, runs_of
from rules.submission import Quantity, Submission
from tests.rules.report import samples

COMPETITION = builtin()


def rows(submission: Submission) -> dict[str, Row]:
    return {row.name.split(" (")[0]: row for row in rows_of(submission, summarize(submission), COMPETITION)}


def test_a_claim_of_few_digits_agrees_with_what_it_is_rounded_from() -> None:
    found = rows(
        samples.submission(logs=[samples.train_log(val_bpb=1.0849)], claims=[samples.claim(Quantity.VAL_BPB, 1.08)])
    )
    assert found["val_bpb"].remark == ""


def test_every_disagreement_and_broken_limit_is_remarked() -> None:
    found = rows(
        samples.submission(
            logs=[samples.train_log(val_bpb=1.1, artifact_bytes=16_100_000, train_seconds=601.5, world_size=4)],
            claims=[
                samples.claim(Quantity.VAL_BPB, 1.09),
                samples.claim(Quantity.ARTIFACT_BYTES, 15_900_000),
                samples.claim(Quantity.TRAIN_SECONDS, 599.0),
                samples.claim(Quantity.WORLD_SIZE, 8),
            ],
        )
    )
    assert {name: row.remark for name, row in found.items()} == {
        "val_bpb": "differs by 0.01000",
        "artifact bytes": "differs by 200,000, over 16,000,000",
        "training seconds": "differs by 2.5, over 600",
        "evaluation seconds": "",
        "accelerators": "differs by 4",
        "seeds": "",
    }


def test_training_within_the_tolerance_is_not_remarked() -> None:
    assert rows(samples.submission(logs=[samples.train_log(train_seconds=600.9)]))["training seconds"].remark == ""


def test_the_mean_over_runs_stands_for_the_score() -> None:
    logs = [samples.train_log(f"{samples.FOLDER}/s{n}.log", seed=n, val_bpb=1.08 + n / 100) for n in (1, 2, 3)]
    measured = rows(samples.submission(logs=logs))["val_bpb"].measured
    assert measured is not None
    assert measured.text == "1.10000 (mean of 3 runs)"


def test_logs_that_print_no_seed_contradict_no_claimed_seed() -> None:
    log = samples.train_log(f"{samples.FOLDER}/train.log")
    silent = type(log)(log.path, log.content_id, log.size, scores=log.scores)
    claims = [samples.claim(Quantity.SEED, 7)]
    assert rows(samples.submission(logs=[silent], claims=claims))["seeds"].remark == ""
    assert rows(samples.submission(claims=claims))["seeds"].remark == "no log for 7"


def test_a_number_beyond_all_bounds_stays_short() -> None:
    found = rows(
        samples.submission(
            logs=[samples.train_log(train_seconds=1e300)], claims=[samples.claim(Quantity.ARTIFACT_BYTES, math.inf)]
        )
    )
    assert found["training seconds"].measured is not None
    assert found["training seconds"].measured.text == "1e+300"
    assert found["artifact bytes"].claimed is not None
    assert found["artifact bytes"].claimed.text == "inf"


def test_only_so_many_logs_are_listed() -> None:
    logs = [samples.train_log(f"{samples.FOLDER}/{n}.log") for n in range(RUNS_AT_MOST + 5)]
    assert len(runs_of(samples.submission(logs=logs))) == RUNS_AT_MOST
