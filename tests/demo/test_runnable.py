"""The data of the runnable submissions, and the folders that they are written as."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demo import runnable
from demo.runnable import text
from evaluator import bytecount, shards

pytest.importorskip("sentencepiece")


def test_the_same_seed_gives_the_same_data_and_another_one_other_data(tmp_path: Path) -> None:
    made = [
        shards.digest(text.write(tmp_path / name, seed=seed, train_tokens=5_000, val_tokens=1_025))
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert made[0] == made[1] != made[2]


def test_tokens_stand_for_the_text_that_they_were_made_of(tmp_path: Path) -> None:
    import sentencepiece

    folder = text.write(tmp_path, train_tokens=5_000, val_tokens=1_025)
    tokens = shards.read_split(folder, "val")
    assert (len(tokens), tokens[0]) == (1_025, 1)
    table = bytecount.sentencepiece_table_of(folder / text.TOKENIZER)
    assert table.vocab_size == text.VOCAB_SIZE
    # A document's first piece begins with a space that follows a boundary and is no part of the text.
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / text.TOKENIZER))
    first = tokens[: 1 + tokens[1:].tolist().index(1)]
    assert table.count(first) == len(pieces.decode(first[1:].tolist()).encode())


def test_a_variant_is_written_as_a_submission_folder(tmp_path: Path) -> None:
    folder = runnable.write(runnable.variant("scaled-loss"), tmp_path / "x")
    assert {path.name for path in folder.iterdir()} == {"train_gpt.py", "submission.json", "README.md"}
    assert "0.97 * token_losses" in (folder / "train_gpt.py").read_text()
    assert json.loads((folder / "submission.json").read_text())["name"] == "scaled-loss"


def test_an_unknown_variant_is_answered_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match="there are plain, sliding-window"):
        runnable.variant("nothing")
