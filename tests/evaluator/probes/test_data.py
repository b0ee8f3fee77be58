"""What is found in a folder of data, and what the streams made after it look like."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from evaluator import probes
from evaluator.probes import streams
from evaluator.probes.data import DataError, ProbeData


def test_shards_and_tokenizer_are_found_in_folders_below(tmp_path: Path, data: ProbeData) -> None:
    shutil.copytree(data.folder, tmp_path / "datasets" / "fineweb")
    (tmp_path / "tokenizers").mkdir()
    model = tmp_path / "datasets" / "fineweb" / data.tokenizer.name
    model.rename(tmp_path / "tokenizers" / "t.model")
    found = probes.find(tmp_path)
    assert found.vocab_size == 512
    assert found.tokenizer == tmp_path / "tokenizers" / "t.model"
    assert found.val_names == ("fineweb_val_000000.bin",)
    assert found.train_names == ("fineweb_train_000000.bin", "fineweb_train_000001.bin")


def test_what_is_missing_or_ambiguous_is_said(tmp_path: Path, data: ProbeData) -> None:
    with pytest.raises(DataError, match="no folder"):
        probes.find(tmp_path / "nowhere")
    with pytest.raises(DataError, match="put them there"):
        probes.find(tmp_path)
    shutil.copytree(data.folder, tmp_path / "one")
    (tmp_path / "one" / data.tokenizer.name).unlink()
    with pytest.raises(DataError, match="no tokenizer"):
        probes.find(tmp_path)
    shutil.copytree(data.folder, tmp_path / "two")
    with pytest.raises(DataError, match="2 folders"):
        probes.find(tmp_path)
    with pytest.raises(DataError, match="no SentencePiece model"):
        probes.find(tmp_path / "one", tokenizer=tmp_path / "two" / "fineweb_val_000000.bin")


def test_the_flipped_stream_shares_the_scored_half_and_nothing_else(data: ProbeData) -> None:
    whole, flipped = streams.whole(data, 4_096, 9), streams.flipped(data, 4_096, 9)
    half = streams.half(data, 4_096, 9)
    assert (whole.val[:2_049] == flipped.val[:2_049]).all()
    assert np.count_nonzero(whole.val[2_049:] == flipped.val[2_049:]) < 40
    assert (half.val == whole.val[:2_049]).all()
    assert half.scored * 2 == whole.scored
    assert (whole.train == flipped.train).all()


def test_only_the_first_token_of_the_one_document_is_a_boundary(data: ProbeData) -> None:
    whole = streams.whole(data, 4_096, 9).val
    assert data.table.boundary[whole].nonzero()[0].tolist() == [0]
    assert whole[0] == 1  # <s>


def test_the_canary_draws_from_the_whole_vocabulary_in_both_splits(data: ProbeData) -> None:
    made = streams.canary(data, 100_000, 9)
    assert len(np.unique(made.val)) == len(np.unique(made.train)) == 512
    assert np.count_nonzero(made.val[:1000] == made.train[:1000]) < 20
    assert (streams.canary(data, 100_000, 10).val != made.val).any()


def test_swapped_text_is_no_part_of_what_is_trained_on(data: ProbeData) -> None:
    official, *others = streams.exchanged(data, 8_192, 3)
    assert len(others) == 3
    assert all(len(other.val) == 8_193 and (other.train == official.train).all() for other in others)
    text = official.train.tobytes()
    assert all(other.val[100:200].tobytes() not in text for other in others)
    with pytest.raises(DataError, match="too few"):
        streams.exchanged(data, 8_192, 40)
