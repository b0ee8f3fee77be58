from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from evaluator.evidence import Evidence, RunVerdict
from evaluator.runners import Progress, RunnerError, State, kubernetes, pod
from evaluator.runners.kubernetes import ClusterSettings, KubernetesRunner, make_runner
from evaluator.runners.pod import PROGRESS, lines_of
from evaluator.runners.records import not_run
from tests.evaluator.runners.cluster import Cluster, serving
from tests.evaluator.scripts import HONEST, Files, request

client = pytest.importorskip("kubernetes.client")
SETTINGS = ClusterSettings(image="registry.example.org/fairway-gpu:1", data_claim="datasets")


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def runner(cluster: Cluster) -> Iterator[KubernetesRunner]:
    with serving(cluster) as address:
        configuration = client.Configuration(host=address)
        configuration.retries = False
        with client.ApiClient(configuration) as api:
            yield KubernetesRunner(SETTINGS, api)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "contents", {"train_gpt.py": HONEST})


def record() -> Evidence:
    return replace(not_run({"id": "run-1"}, "kubernetes", "1.25", infrastructure=False), verdict=RunVerdict.REPRODUCED)


def test_one_job_without_second_try_account_or_privileges(
    runner: KubernetesRunner, cluster: Cluster, files: Files
) -> None:
    handle = runner.start(request(files, gpus=8), files)
    spec: dict[str, Any] = cluster.jobs[handle]["spec"]
    pod = spec["template"]["spec"]
    container = pod["containers"][0]
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"]) == (0, 660)
    assert pod["automountServiceAccountToken"] is False
    assert pod["runtimeClassName"] == "gvisor"
    assert pod["restartPolicy"] == "Never"
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "8"
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["command"] == ["python", "-m", "evaluator.runners.pod", "kubernetes", "/order/part000"]


def test_starting_the_same_request_again_is_the_same_run(
    runner: KubernetesRunner, cluster: Cluster, files: Files
) -> None:
    assert runner.start(request(files), files) == runner.start(request(files), files)
    assert len(cluster.jobs) == len(cluster.config_maps) == 1


def test_files_that_do_not_fit_one_part_travel_in_several(
    runner: KubernetesRunner, cluster: Cluster, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubernetes, "PART_BYTES", 300)
    handle = runner.start(request(files), files)
    parts = [item["binaryData"] for item in cluster.config_maps.values()]
    assert len(parts) > 2
    assert [next(iter(part)) for part in parts[:2]] == ["part000", "part001"]
    cluster.status(handle, failed=1)
    assert runner.evidence(handle).request["files"][0]["path"] == "train_gpt.py"


def test_files_that_are_too_large_are_refused_with_the_way_out(
    runner: KubernetesRunner, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pod, "MOST_PACKED", 100)
    with pytest.raises(RunnerError, match="local runner"):
        runner.start(request(files), files)


def test_progress_is_what_the_pod_prints(runner: KubernetesRunner, cluster: Cluster, files: Files) -> None:
    handle = runner.start(request(files), files)
    assert runner.progress(handle).state is State.WAITING
    cluster.status(handle, active=1)
    assert runner.progress(handle).state is State.WAITING
    told = Progress(State.RUNNING, "train", step=3, loss=2.5)
    cluster.log = f"some noise\n{PROGRESS}{json.dumps(asdict(told))}\n"
    assert runner.progress(handle) == told


def test_the_record_comes_out_of_the_log(runner: KubernetesRunner, cluster: Cluster, files: Files) -> None:
    handle = runner.start(request(files), files)
    cluster.status(handle, succeeded=1)
    made = record()
    cluster.log = "\n".join(["noise", *lines_of(made)])
    assert runner.progress(handle).state is State.ENDED
    assert runner.evidence(handle) == made


def test_a_job_past_its_deadline_is_an_infrastructure_fault(
    runner: KubernetesRunner, cluster: Cluster, files: Files
) -> None:
    handle = runner.start(request(files), files)
    why = {"type": "Failed", "status": "True", "reason": "DeadlineExceeded", "message": "it took too long"}
    cluster.status(handle, failed=1, conditions=[why])
    found = runner.evidence(handle)
    assert (found.verdict, found.infrastructure) == (RunVerdict.NOT_RUN, True)
    assert found.reason == "DeadlineExceeded: it took too long"
    assert found.request["id"] == "run-1"


def test_a_cancelled_run_is_suspended_and_says_so(runner: KubernetesRunner, cluster: Cluster, files: Files) -> None:
    handle = runner.start(request(files), files)
    cluster.status(handle, active=1)
    runner.cancel(handle)
    assert cluster.jobs[handle]["spec"]["suspend"] is True
    assert runner.progress(handle).state is State.ENDED
    assert runner.evidence(handle).reason == "cancelled"


def test_a_record_of_a_run_that_goes_on_is_not_there(runner: KubernetesRunner, cluster: Cluster, files: Files) -> None:
    handle = runner.start(request(files), files)
    cluster.status(handle, active=1)
    with pytest.raises(RunnerError, match="has not ended"):
        runner.evidence(handle)


def test_what_is_forgotten_is_gone(runner: KubernetesRunner, cluster: Cluster, files: Files) -> None:
    handle = runner.start(request(files), files)
    runner.forget(handle)
    assert not cluster.jobs
    assert not cluster.config_maps
    assert runner.progress(handle).state is State.LOST
    runner.forget(handle)


def test_a_cluster_that_fails_is_a_runner_error(runner: KubernetesRunner, cluster: Cluster, files: Files) -> None:
    cluster.broken = True
    with pytest.raises(RunnerError, match="the cluster answered 500"):
        runner.start(request(files), files)


def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAIRWAY_KUBERNETES_IMAGE", raising=False)
    with pytest.raises(RunnerError, match="FAIRWAY_KUBERNETES_IMAGE is not set"):
        make_runner(None)
