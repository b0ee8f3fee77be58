"""Which files are training logs."""

from __future__ import annotations

import pytest

from rules.reading.logs import looks_like_log
from tests.reading.logs_samples import RUN, TILT


@pytest.mark.parametrize("name", ["train.log", "a/out.txt", "seed_7", "stdout.out", "nohup", "Train.LOG"])
@pytest.mark.parametrize("text", [RUN, TILT], ids=["plain", "tilt"])
def test_a_log_is_found_by_what_it_says(name: str, text: str) -> None:
    assert looks_like_log(name, text.encode())


def test_a_log_in_utf_16_is_found() -> None:
    assert looks_like_log("train.log", RUN.encode("utf-16"))


def test_a_log_behind_a_long_dump_is_found_by_its_end_or_by_its_name() -> None:
    text = ("import torch\nwidth = 1\n" * 8_000 + RUN).encode()
    assert looks_like_log("train", text)
    assert looks_like_log("train.log", text[:65_536])
    assert not looks_like_log("train", text[:65_536])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("README.md", RUN),
        ("submission.json", RUN),
        ("train_gpt.py", RUN),
        ("requirements.txt", "torch>=2.5\nnumpy\n"),
        ("notes.txt", "We reached val_bpb: 1.2 after an hour.\n"),
        ("train.log", "The run is pending; the log follows.\n"),
        ("NOTES.md", "# Notes\n\n```\n" + RUN + "```\n"),
        ("empty.log", ""),
    ],
)
def test_other_files_are_not(name: str, text: str) -> None:
    assert not looks_like_log(name, text.encode())


@pytest.mark.parametrize(
    "line",
    ["s:500/20000 tl:2.3556 tt:42717ms sa:85.43ms", "step  120 | batch 64 | loss 3.5592", "step 3 loss 2.2 bpb 1.31"],
)
def test_a_file_called_log_needs_one_sign_only(line: str) -> None:
    assert looks_like_log("train.log", f"starting\n{line}\n".encode())
    assert not looks_like_log("story.txt", b"starting\nstep by step\n")
