from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from evaluator.runners import Runner
from evaluator.runners.kubernetes import ClusterSettings, KubernetesRunner
from evaluator.runners.local import LocalRunner
from evaluator.runners.skypilot import CloudSettings, SkyPilotRunner


def test_all_runners_are_of_one_protocol_and_told_by_their_names(tmp_path: Path) -> None:
    made: tuple[Runner, ...] = (
        LocalRunner(tmp_path, tmp_path),
        KubernetesRunner(ClusterSettings("image", "claim"), None),
        SkyPilotRunner(CloudSettings(folder=tmp_path), lambda: None),
    )
    assert [runner.name for runner in made] == ["local", "kubernetes", "skypilot"]


def test_no_library_of_a_runner_is_imported_before_it_is_chosen() -> None:
    asked = (
        "import sys, evaluator.runners.local, evaluator.runners.kubernetes, evaluator.runners.skypilot\n"
        "print([name for name in ('kubernetes', 'sky', 'torch', 'pyseccomp') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
