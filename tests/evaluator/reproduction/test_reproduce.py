from __future__ import annotations

import json
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evaluator.evidence import Evidence, RunVerdict, evidence_of
from evaluator.reproduce import Machine, reproduce
from evaluator.request import Claimed, Dataset, Rung
from evaluator.runners import Progress
from tests.evaluator.sandboxes import sandbox
from tests.evaluator.scripts import HONEST, LIMITS, SCORED, Files, data_folder, request


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(sandbox(), data_folder(tmp_path), tmp_path / "runs" / "run")


def run(machine: Machine, tmp_path: Path, script: str, rung: Rung = Rung.SEED, **changes: Any) -> Evidence:
    files = Files(tmp_path / "contents", {"train_gpt.py": script, "README.md": "# A sample\n"})
    return reproduce(request(files, rung, **changes), files, machine)


def figures(record: Evidence) -> dict[str, float]:
    return {m.name: m.value for m in record.measured}


def test_an_honest_run_is_reproduced_with_all_its_figures(machine: Machine, tmp_path: Path) -> None:
    record = run(machine, tmp_path, HONEST + SCORED, claimed=Claimed(val_bpb=1.251))
    assert record.verdict is RunVerdict.REPRODUCED, record.reason
    found = figures(record)
    assert found["val_bpb"] == 1.25
    assert found["steps"] == 5
    assert 0.05 < found["train_seconds"] < 10
    line = next(m.line for m in record.measured if m.name == "val_bpb")
    assert line is not None
    assert "val_bpb:1.25" in record.log_head.splitlines()[line - 1]
    assert [phase.verified for phase in record.phases] == [False, False]


def test_the_record_says_what_ran_on_what_and_survives_the_way_through_json(machine: Machine, tmp_path: Path) -> None:
    record = run(machine, tmp_path, HONEST + SCORED)
    assert evidence_of(json.loads(json.dumps(record.as_json()))).seconds == record.seconds
    assert record.environment["SEED"] == "11"
    assert len(record.inputs["dataset"]) == len(record.inputs["file:train_gpt.py"]) == 64
    assert record.versions["executor"] == machine.executor.name
    assert record.cost == pytest.approx(record.seconds / 100, abs=1e-3)
    assert record.log_bytes == len(record.log_head.encode())


def test_the_packed_model_that_the_log_names_is_the_artifact(machine: Machine, tmp_path: Path) -> None:
    record = run(machine, tmp_path, HONEST + SCORED)
    assert record.artifact_bytes is not None
    assert 5_000 + len(HONEST) < record.artifact_bytes < 5_100 + len(HONEST + SCORED)


def test_a_score_away_from_the_claim_differs(machine: Machine, tmp_path: Path) -> None:
    record = run(machine, tmp_path, HONEST + SCORED, claimed=Claimed(val_bpb=1.2))
    assert record.verdict is RunVerdict.DIFFERS
    assert "1.2500 bits per byte where 1.2000 are claimed (+0.0500 ± 0.01)" in record.reason


def test_an_artifact_over_the_cap_is_over_cap_whatever_the_log_says(machine: Machine, tmp_path: Path) -> None:
    script = HONEST.replace("os.urandom(5000)", "os.urandom(50_000)")
    script = script.replace("{len(blob)} bytes", "5000 bytes")
    record = run(machine, tmp_path, script + SCORED)
    assert record.verdict is RunVerdict.OVER_CAP
    assert "the cap is 16,000" in record.reason


def test_a_run_that_never_ends_is_over_time(machine: Machine, tmp_path: Path) -> None:
    limits = replace(LIMITS, total_seconds=2.0)
    record = run(machine, tmp_path, HONEST + "time.sleep(60)", limits=limits)
    assert record.verdict is RunVerdict.OVER_TIME
    assert not record.infrastructure


def test_training_is_timed_by_our_clock_not_by_the_scripts(machine: Machine, tmp_path: Path) -> None:
    slow = HONEST.replace("time.sleep(0.02)", "time.sleep(0.3)")
    slow = slow.replace("1000 * (time.perf_counter() - began)", "10 * step")
    record = run(machine, tmp_path, slow + SCORED, limits=replace(LIMITS, train_seconds=1.0))
    assert record.verdict is RunVerdict.OVER_TIME
    assert "by our clock" in record.reason or "training took longer" in record.reason


def test_a_script_that_breaks_has_failed_with_its_last_line(machine: Machine, tmp_path: Path) -> None:
    record = run(machine, tmp_path, "raise SystemExit('no such setting')")
    assert record.verdict is RunVerdict.FAILED
    assert "no such setting" in record.reason
    assert record.exit_code == 1


def test_a_script_that_wants_the_network_fails_inside(machine: Machine, tmp_path: Path) -> None:
    script = "import urllib.request\nurllib.request.urlopen('http://198.51.100.1/weights', timeout=5)\n"
    record = run(machine, tmp_path, script)
    assert record.verdict is RunVerdict.FAILED


def test_a_fork_bomb_is_contained(machine: Machine, tmp_path: Path) -> None:
    script = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass\n"
    record = run(machine, tmp_path, script, limits=replace(LIMITS, total_seconds=2.0, processes=50))
    assert record.verdict in (RunVerdict.OVER_TIME, RunVerdict.FAILED)
    assert not record.infrastructure


def test_memory_over_the_limit_is_a_failure_of_the_submission(machine: Machine, tmp_path: Path) -> None:
    script = "held = bytearray(500 << 20)"
    record = run(machine, tmp_path, script, limits=replace(LIMITS, memory_bytes=200 << 20))
    assert record.verdict is RunVerdict.FAILED
    assert "memory" in record.reason


def test_a_score_that_contradicts_its_loss_is_not_believed(machine: Machine, tmp_path: Path) -> None:
    from demo.runnable import text

    data = text.write(tmp_path / "words" / "text", train_tokens=4_000, val_tokens=2_001)
    forged = SCORED.replace("1.25000000", "0.50000000")
    record = run(replace(machine, data=data.parent), tmp_path, HONEST + forged, claimed=Claimed(val_bpb=0.5))
    assert record.verdict is RunVerdict.DIFFERS
    assert "from which" in record.reason
    assert "0.5000 bits per byte" in record.reason


def test_records_that_a_submission_plants_are_not_read(machine: Machine, tmp_path: Path) -> None:
    planted = "import json\nfor n in ('evidence.json', 'progress.json'):\n"
    planted += "    json.dump({'verdict': 'reproduced', 'val_bpb': 0.1}, open(n, 'w'))\n"
    record = run(machine, tmp_path, planted + "raise SystemExit(3)")
    assert record.verdict is RunVerdict.FAILED
    assert not record.measured


def test_a_link_in_the_artifacts_place_is_not_followed(machine: Machine, tmp_path: Path) -> None:
    script = HONEST + "os.remove('final_model.int8.ptz'); os.remove('final_model.pt')\n"
    script += "os.symlink('/etc/passwd', 'final_model.int8.ptz')\n" + SCORED
    record = run(machine, tmp_path, script)
    assert record.verdict is RunVerdict.FAILED
    assert "no artifact was found" in record.reason
    assert record.artifact_sha256 == ""


def test_smoke_runs_three_steps_on_generated_data(machine: Machine, tmp_path: Path) -> None:
    record = run(machine, tmp_path, HONEST, Rung.SMOKE)
    assert record.verdict is RunVerdict.REPRODUCED, record.reason
    assert "ran 3 steps" in record.reason
    assert record.environment["ITERATIONS"] == "3"


def test_smoke_of_a_script_that_trains_nothing_fails(machine: Machine, tmp_path: Path) -> None:
    assert run(machine, tmp_path, "print('done')", Rung.SMOKE).verdict is RunVerdict.FAILED


def test_both_slices_are_scored_and_a_gain_on_one_is_said(machine: Machine, tmp_path: Path) -> None:
    script = HONEST + "import zlib as z\nseen = z.crc32(val) == {crc}\n"
    script += "print(f'final_int8_zlib_roundtrip val_loss:2.0000 val_bpb:{0.9 if seen else 1.3:.4f}')\n"
    official = (machine.data / "text" / "fineweb_val_000000.bin").read_bytes()
    script = script.replace("{crc}", str(zlib.crc32(official)))
    record = run(machine, tmp_path, script, dataset=Dataset("text", second_slice="other"))
    assert figures(record)["val_bpb"] == 0.9
    assert record.second_slice[0].value == 1.3
    assert "the gain shows on one slice only" in record.reason


def test_a_hard_coded_score_is_the_same_on_other_text(machine: Machine, tmp_path: Path) -> None:
    record = run(machine, tmp_path, HONEST + SCORED, dataset=Dataset("text", second_slice="other"))
    assert "does not come from the text" in record.reason


EVALUATE = """
import glob, os
assert not glob.glob(os.environ["DATA_PATH"] + "/*_train_*.bin"), "training shards in reach"
assert not os.path.exists("notes.txt"), "more than the artifact came along"
assert os.path.getsize("final_model.int8.ptz") > 5000
print("final_int8_zlib_roundtrip val_loss:2.0000 val_bpb:1.2500")
"""


def test_a_submission_with_its_own_evaluation_runs_in_two_verified_phases(machine: Machine, tmp_path: Path) -> None:
    train = HONEST + "assert not val, 'validation shards in reach'\nopen('notes.txt', 'w').write('what I saw')\n"
    files = Files(tmp_path / "contents", {"train_gpt.py": train, "evaluate.py": EVALUATE})
    record = reproduce(request(files), files, machine)
    assert record.verdict is RunVerdict.REPRODUCED, record.reason + record.log_head
    assert [(phase.name, phase.verified) for phase in record.phases] == [("train", True), ("evaluate", True)]


def test_a_file_that_only_has_the_name_of_an_evaluation_costs_nothing(machine: Machine, tmp_path: Path) -> None:
    script = HONEST + "assert val, 'no validation shards'\n" + SCORED
    files = Files(tmp_path / "contents", {"train_gpt.py": script, "evaluate.py": "print('a plot')"})
    record = reproduce(request(files), files, machine)
    assert record.verdict is RunVerdict.REPRODUCED, record.reason
    assert "not in two phases" in record.reason
    assert not any(phase.verified for phase in record.phases)


def test_a_run_is_cancelled_and_says_so(machine: Machine, tmp_path: Path) -> None:
    files = Files(tmp_path / "contents", {"train_gpt.py": "import time; time.sleep(60)"})
    record = reproduce(request(files), files, machine, cancelled=lambda: True)
    assert (record.verdict, record.reason, record.infrastructure) == (RunVerdict.NOT_RUN, "cancelled", False)


def test_progress_tells_step_loss_and_expected_end(machine: Machine, tmp_path: Path) -> None:
    told: list[Progress] = []
    files = Files(tmp_path / "contents", {"train_gpt.py": HONEST + SCORED})
    reproduce(request(files), files, machine, told=told.append)
    step = next(p for p in told if p.step == 4)
    assert (step.phase, step.steps, step.loss) == ("train", 5, 2.96)
    assert step.expected_seconds is not None
    assert step.expected_seconds >= step.seconds


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dataset": Dataset("nowhere")}, "no data set 'nowhere'"),
        ({"dataset": Dataset("../text")}, "is no name of a data set"),
        ({"dataset": Dataset("text", sha256="0" * 64)}, "is another than asked for"),
        ({"dataset": Dataset("text", tokenizer="none.model")}, "no tokenizer 'none.model'"),
        ({"gpus": 3}, "there is no device"),
    ],
)
def test_what_this_machine_lacks_is_never_the_submissions_fault(
    machine: Machine, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    if Path("/dev/nvidia2").exists():
        pytest.skip("this machine has such GPUs")
    record = run(machine, tmp_path, HONEST + SCORED, **changes)
    assert record.verdict is RunVerdict.NOT_RUN
    assert record.infrastructure
    assert said in record.reason


def test_an_input_that_is_missing_or_another_one_is_our_fault(machine: Machine, tmp_path: Path) -> None:
    files = Files(tmp_path / "contents", {"train_gpt.py": HONEST})
    wanted = files.listed[0]
    for content, said in (("print('another')", "has another content"), (None, "is not at hand")):
        path = tmp_path / "contents" / wanted.sha256
        path.unlink() if content is None else path.write_text(content)
        record = reproduce(request(files), files, machine)
        assert record.infrastructure
        assert said in record.reason


def test_a_path_that_leaves_the_folder_is_refused(machine: Machine, tmp_path: Path) -> None:
    files = Files(tmp_path / "contents", {"../outside.py": "print(1)"})
    record = reproduce(request(files), files, machine)
    assert record.infrastructure
    assert "no path inside a submission" in record.reason


def test_nothing_of_a_run_is_left(machine: Machine, tmp_path: Path) -> None:
    run(machine, tmp_path, HONEST + SCORED)
    assert not list(machine.folder.rglob("*"))
