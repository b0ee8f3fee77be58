"""What a submission weighs: shipped script and model beside what the log adds up."""

from __future__ import annotations

from rules.analysis.size import committed_models, model_bytes, packed_bytes, sizes_of
from rules.competition import builtin
from rules.reading.folder import memory_files
from rules.rule import Location
from rules.submission import Language, Layer, Measurement, Quantity, SourceFile, TrainLog
from tests.rules.harness import submission_of

COMPETITION = builtin()
PLACE = Location("train.log", 1)
LOG = """
seed: 42
Serialized model: 66045335 bytes
Code size: 955 bytes
Total submission size: 66046290 bytes
Serialized model int6+zstd: 15800000 bytes
Total submission size int6+zstd: 15800955 bytes
final_int6_sliding_window_exact val_loss:1.9417 val_bpb:1.1500 eval_time:90000ms
"""
CODE = "".join(f"def layer_{i}(x):\n    return x * {i}\n" for i in range(60))


def source(code: str, *layers: Layer, size: int | None = None) -> SourceFile:
    return SourceFile("train_gpt.py", "id", len(code) if size is None else size, Language.PYTHON, code, code, layers)


def test_the_shipped_script_and_the_compressed_model_are_added() -> None:
    (size,) = sizes_of(submission_of({"files": {"train.log": LOG, "train_gpt.py": CODE}}))
    assert size.model is not None
    assert (int(size.model.value), size.script) == (15_800_000, len(CODE))
    assert size.computed == 15_800_000 + len(CODE)
    assert size.counted_code == 955


def test_without_a_script_nothing_is_computed() -> None:
    (size,) = sizes_of(submission_of({"files": {"train.log": LOG}}))
    assert size.script is None
    assert size.computed is None
    assert size.packed is None


def test_a_model_size_without_a_codec_is_that_of_raw_weights() -> None:
    found = [
        Measurement(Quantity.MODEL_BYTES, 66_045_335, PLACE),
        Measurement(Quantity.MODEL_BYTES, 15_800_000, PLACE, "int6+zstd"),
        Measurement(Quantity.MODEL_BYTES, 70_000_000, PLACE, "raw torch"),
    ]
    model = model_bytes(TrainLog("train.log", "id", 1, measurements=tuple(found)))
    assert model is not None
    assert model.value == 15_800_000
    assert model_bytes(TrainLog("train.log", "id", 1, measurements=tuple(found[:1]))) is None


def test_packing_shrinks_a_plain_script_and_leaves_a_packed_one() -> None:
    assert packed_bytes(source(CODE)) < len(CODE) / 2
    assert packed_bytes(source(CODE, Layer("lzma+b85", 1, 5_000), size=700)) == 700


def test_committed_models_are_found_by_their_ending_largest_first() -> None:
    names = {"a.ptz": b"1" * 10, "b.int6.ptz": b"1" * 20, "c.model": b"1" * 30, "train.log": b"1" * 40}
    submission = submission_of({"files": {}, "base64": {}})
    entries = memory_files({f"{submission.folder}/{name}": data for name, data in names.items()})
    found = committed_models(type(submission)(submission.pull_request, submission.scope, entries))
    assert [f.name for f in found] == ["b.int6.ptz", "a.ptz"]
