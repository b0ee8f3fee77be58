"""`fairway canary` in the sandbox of this machine, and without one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import evaluator.sandbox
from demo.runnable import text
from evaluator.execution import UnavailableError
from tests.bot.command_line.conftest import Fairway
from tests.evaluator.probes.conftest import HEAD

pytest.importorskip("sentencepiece")

HONEST = "finish(losses + 0.01)\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return text.write(tmp_path_factory.mktemp("data"), train_tokens=20_000, val_tokens=4_097)


@pytest.fixture
def submitted(tmp_path: Path) -> Path:
    folder = tmp_path / "submission"
    folder.mkdir()
    (folder / "train_gpt.py").write_text(HEAD + HONEST)
    return folder


@pytest.fixture
def sandbox() -> None:
    try:
        evaluator.sandbox.executor()
    except UnavailableError as error:
        pytest.skip(f"no sandbox here: {error}")


@pytest.mark.usefixtures("sandbox")
def test_an_honest_submission_shows_nothing(fairway: Fairway, submitted: Path, data: Path) -> None:
    outcome = fairway("canary", submitted, "--data", data, "--json", "-")
    assert outcome.code == 0, outcome.err
    entry = json.loads(outcome.out)
    assert list(entry) == ["result", "ln_e", "nats_per_token", "tokens", "vocab_size", "alpha", "reason"]
    assert (entry["result"], entry["tokens"], entry["vocab_size"], entry["alpha"]) == ("not-shown", 32_768, 512, 1e-9)
    assert entry["ln_e"] == pytest.approx(-327.68, rel=1e-2)


@pytest.mark.usefixtures("sandbox")
def test_a_leak_ends_with_one(fairway: Fairway, submitted: Path, data: Path, tmp_path: Path) -> None:
    (submitted / "train_gpt.py").write_text(HEAD + "finish(losses - 0.2)\n")
    outcome = fairway("canary", submitted, "--data", data, "--tokens", "4096", "--json", tmp_path / "canary.json")
    assert outcome.code == 1, outcome.err
    assert outcome.out.startswith("violated: On 4,096 validation tokens drawn uniformly at random")
    assert json.loads((tmp_path / "canary.json").read_text())["ln_e"] > 800


@pytest.mark.usefixtures("sandbox")
def test_bytes_that_are_counted_twice_are_shown_beside_an_honest_loss(
    fairway: Fairway, submitted: Path, data: Path
) -> None:
    (submitted / "train_gpt.py").write_text(HEAD + "finish(losses + 0.01, bpb=0.5)\n")
    outcome = fairway("canary", submitted, "--data", data, "--json", "-")
    assert outcome.code == 1, outcome.err
    entry = json.loads(outcome.out)
    assert entry["result"] == "violated"
    assert "Counting more bytes than there are lowers the score." in entry["reason"]


@pytest.mark.usefixtures("sandbox")
def test_what_needs_a_gpu_is_not_run(fairway: Fairway, submitted: Path, data: Path) -> None:
    (submitted / "train_gpt.py").write_text("raise RuntimeError('CUDA is required')\n")
    outcome = fairway("canary", submitted, "--data", data, "--json", "-")
    assert outcome.code == 0
    entry = json.loads(outcome.out)
    assert (entry["result"], entry["ln_e"]) == ("not-run", None)
    assert entry["reason"] == "the submission needs a CUDA GPU, and this machine has none"


def test_without_a_sandbox_it_refuses_and_says_what_is_missing(
    fairway: Fairway, submitted: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object, **__: object) -> None:
        raise UnavailableError("bubblewrap is not installed: apt-get install bubblewrap")

    monkeypatch.setattr(evaluator.sandbox, "executor", missing)
    outcome = fairway("canary", submitted, "--data", data)
    assert outcome.code == 2
    assert "no working sandbox" in outcome.err
    assert "apt-get install bubblewrap" in outcome.err


def test_a_folder_without_the_script_or_data_without_shards_is_misused(
    fairway: Fairway, submitted: Path, data: Path, tmp_path: Path
) -> None:
    assert "holds no 'other.py'" in fairway("canary", submitted, "--data", data, "--entry", "other.py").err
    outcome = fairway("canary", submitted, "--data", submitted)
    assert outcome.code == 2
    assert "put them there" in outcome.err
