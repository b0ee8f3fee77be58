"""The queue and the local runner together: a real sandbox, a real supervisor, generated data."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from evaluator import shards
from tests.databases import database
from tests.worker.reproduction.scene import Scene, scene
from worker.store.models import RunStatus

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")
PATIENCE_SECONDS = 90.0


def data(folder: Path) -> Path:
    shown = folder / "data" / "words"
    shown.mkdir(parents=True)
    for split, count in (("train", 4096), ("val", 2048)):
        shards.write(shown / f"words_{split}_000000.bin", shards.noise(count, 256, 7))
    return folder / "data"


def go_on(here: Scene) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while here.run().status in (RunStatus.REQUESTED, RunStatus.RUNNING) or here.run().released_at is None:
        assert time.monotonic() < until, (here.run().status, here.run().waits_for, here.run().progress)
        here.look(here.run())
        time.sleep(0.2)


def test_a_submission_is_run_in_the_sandbox_from_the_queue_to_its_findings(tmp_path: Path) -> None:
    own: dict[str, Any] = {"runner_setting": "local", "data_folder": data(tmp_path)}
    with (
        database("sqlite", tmp_path) as url,
        scene(url, tmp_path, dataset="words", tokenizer="", gpus=0, **own) as here,
    ):
        fine, crashing = here.add(12), here.add(13, "crashes")
        here.ask(fine)
        go_on(here)
        run = here.run()
        assert (run.status, run.verdict, run.passed, run.occupies) == (RunStatus.FINISHED, "reproduced", True, None)
        assert here.findings(fine) == []
        here.ask(crashing)
        go_on(here)
        assert (here.run().verdict, here.run().passed) == ("failed", False)
        [finding] = here.findings(crashing)
        assert finding.code == "P12"
        assert "no such tensor" in finding.message
        assert {reserved for reserved, _ in here.budgets().values()} == {0}


def test_without_data_the_queue_says_what_the_machine_lacks(tmp_path: Path) -> None:
    own: dict[str, Any] = {"runner_setting": "local", "data_folder": tmp_path / "nowhere"}
    with database("sqlite", tmp_path) as url, scene(url, tmp_path, **own) as here:
        here.ask(here.add())
        here.look(here.run())
        assert "FAIRWAY_DATA_FOLDER" in (here.run().waits_for or "")
        assert here.run().status is RunStatus.REQUESTED
