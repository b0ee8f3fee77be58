"""Runs on a Kubernetes cluster: one Job for each. Untried on a cluster; tested against a server that speaks its API.

The submission's files travel in ConfigMaps, packed, since they are small and the cluster's API is then the only line
there is; data sets lie on a volume that the operator fills. The Job has a deadline and no second try, its pod no
service account and a runtime class (gVisor or Kata). In the pod `evaluator.runners.pod` runs the submission in the
sandbox, and tells progress and record by the pod's log. A run is cancelled by suspending its Job, which ends the pod.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evaluator.evidence import Evidence
from evaluator.request import Inputs, RunRequest
from evaluator.runners import Progress, RunnerError, State
from evaluator.runners.pod import DATA, packed, progress_of, record_of, unpacked
from evaluator.runners.records import not_run

PART_BYTES = 900_000  # a ConfigMap holds at most 1 MiB
SLACK_SECONDS = 600  # over the run's own total: pulling the image, hashing the data
CALL_SECONDS = 10
TAIL_LINES = 40
LOG_BYTES = 16 << 20
CANCELLED = "fairway.dev/cancelled"
LABEL = "fairway.dev/run"


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """What an operator chooses. `data_claim` is a volume claim that can be mounted read-only by many."""

    image: str
    data_claim: str
    namespace: str = "fairway-runs"
    runtime_class: str = "gvisor"
    context: str = ""  # of the kubeconfig; "" for the current one, or the cluster that this process is in
    node_selector: Mapping[str, str] = field(default_factory=dict)


def settings_from(environment: Mapping[str, str]) -> ClusterSettings:
    """Settings from FAIRWAY_KUBERNETES_IMAGE and its like. Raises RunnerError for what is missing."""

    def given(name: str, default: str = "") -> str:
        return environment.get(f"FAIRWAY_KUBERNETES_{name}") or default

    for name in ("IMAGE", "DATA_CLAIM"):
        if not given(name):
            raise RunnerError(f"FAIRWAY_KUBERNETES_{name} is not set: the runner `kubernetes` needs it")
    pairs = [pair.partition("=") for pair in given("NODE_SELECTOR").split(",") if pair]
    return ClusterSettings(
        image=given("IMAGE"),
        data_claim=given("DATA_CLAIM"),
        namespace=given("NAMESPACE", "fairway-runs"),
        runtime_class=given("RUNTIME_CLASS", "gvisor"),
        context=given("CONTEXT"),
        node_selector={key: value for key, _, value in pairs},
    )


@dataclass(frozen=True, slots=True)
class KubernetesRunner:
    """Runner. `api` is a client of the cluster (`kubernetes.client.ApiClient`)."""

    settings: ClusterSettings
    api: Any

    @property
    def name(self) -> str:
        return "kubernetes"

    def start(self, request: RunRequest, inputs: Inputs) -> str:
        """Create what the run needs, what is there already left as it is. Raises RunnerError."""
        handle = f"fairway-{hashlib.sha256(request.id.encode()).hexdigest()[:32]}"
        parts = list(_parts(packed(request, inputs)))
        with told("the run could not be begun"):
            core, batch = self._core(), self._batch()
            for number, part in enumerate(parts):
                self._create(core.create_namespaced_config_map, self._part(handle, number, part))
            self._create(batch.create_namespaced_job, self._job(handle, request, len(parts)))
        return handle

    def progress(self, handle: str) -> Progress:
        """By the Job's status, and by its log while it runs."""
        with told("the run's state is not known"):
            job = self._found(handle)
            if job is None:
                return Progress(State.LOST)
            if _cancelled(job) or job.status.succeeded or job.status.failed:
                return Progress(State.ENDED)
            if not job.status.active:
                return Progress(State.WAITING)
            lines = self._log(handle, tail_lines=TAIL_LINES)
        return progress_of(lines) or Progress(State.WAITING, "starting")

    def evidence(self, handle: str) -> Evidence:
        """The record in the log; where the Job ended without one, what the cluster says of it."""
        with told("the run's record could not be read"):
            job = self._found(handle)
            if job is None:
                raise RunnerError(f"the cluster knows no run {handle} any more")
            request = self._request(handle)
            if _cancelled(job):
                return not_run(request, self.name, "cancelled", infrastructure=False)
            if not job.status.succeeded and not job.status.failed:
                raise RunnerError(f"the run {handle} has not ended")
            record = record_of(self._log(handle, limit_bytes=LOG_BYTES))
        if record is not None:
            return record
        said = "; ".join(f"{c.reason}: {c.message}" for c in job.status.conditions or () if c.status == "True")
        return not_run(request, self.name, said or "the pod ended and left no record", infrastructure=True)

    def cancel(self, handle: str) -> None:
        """Suspend the Job: the cluster ends its pod and starts no other."""
        body = {"metadata": {"annotations": {CANCELLED: "true"}}, "spec": {"suspend": True}}
        with told("the run could not be cancelled"):
            job = self._found(handle)
            if job is not None and not job.status.succeeded and not job.status.failed:
                self._batch().patch_namespaced_job(handle, self.settings.namespace, body, _request_timeout=CALL_SECONDS)

    def forget(self, handle: str) -> None:
        """Delete the Job with its pod, and the files."""
        namespace, chosen = self.settings.namespace, f"{LABEL}={handle}"
        with told("the run could not be removed"):
            if self._found(handle) is not None:
                self._batch().delete_namespaced_job(
                    handle, namespace, propagation_policy="Background", _request_timeout=CALL_SECONDS
                )
            self._core().delete_collection_namespaced_config_map(
                namespace, label_selector=chosen, _request_timeout=CALL_SECONDS
            )

    def _create(self, call: Any, body: dict[str, Any]) -> None:
        from kubernetes.client import ApiException

        try:
            call(self.settings.namespace, body, _request_timeout=CALL_SECONDS)
        except ApiException as error:
            if error.status != 409:  # there already
                raise

    def _found(self, handle: str) -> Any:
        from kubernetes.client import ApiException

        try:
            return self._batch().read_namespaced_job(handle, self.settings.namespace, _request_timeout=CALL_SECONDS)
        except ApiException as error:
            if error.status == 404:
                return None
            raise

    def _request(self, handle: str) -> Mapping[str, Any]:
        """The request, from the files that were sent."""
        found = self._core().list_namespaced_config_map(
            self.settings.namespace, label_selector=f"{LABEL}={handle}", _request_timeout=CALL_SECONDS
        )
        parts = sorted(found.items, key=lambda item: item.metadata.name)
        data = b"".join(base64.b64decode(next(iter(part.binary_data.values()))) for part in parts)
        with tempfile.TemporaryDirectory(prefix="fairway-order-") as folder:
            request, _ = unpacked(data, Path(folder))
        return request.as_json()

    def _log(self, handle: str, **options: int) -> list[str]:
        """Lines of the pod's log; none where there is no pod yet."""
        from kubernetes.client import ApiException

        core, namespace = self._core(), self.settings.namespace
        pods = core.list_namespaced_pod(namespace, label_selector=f"{LABEL}={handle}", _request_timeout=CALL_SECONDS)
        if not pods.items:
            return []
        try:
            text = core.read_namespaced_pod_log(
                pods.items[0].metadata.name, namespace, _request_timeout=CALL_SECONDS, **options
            )
        except ApiException as error:
            if error.status == 400:  # the container has not begun
                return []
            raise
        return str(text).splitlines()

    def _part(self, handle: str, number: int, content: bytes) -> dict[str, Any]:
        name = _part_name(handle, number)
        data = {f"part{number:03}": base64.b64encode(content).decode()}
        return {"metadata": {"name": name, "labels": {LABEL: handle}}, "binaryData": data, "immutable": True}

    def _job(self, handle: str, request: RunRequest, parts: int) -> dict[str, Any]:
        """The Job: no second try, no account, no way on once its time is up."""
        return {
            "metadata": {"name": handle, "labels": {LABEL: handle}},
            "spec": {
                "backoffLimit": 0,
                "completions": 1,
                "parallelism": 1,
                "activeDeadlineSeconds": int(request.limits.total_seconds) + SLACK_SECONDS,
                "template": {"metadata": {"labels": {LABEL: handle}}, "spec": self._pod(handle, request, parts)},
            },
        }

    def _pod(self, handle: str, request: RunRequest, parts: int) -> dict[str, Any]:
        sources = [{"configMap": {"name": _part_name(handle, number)}} for number in range(parts)]
        spec: dict[str, Any] = {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "hostUsers": False,
            "containers": [self._container(request, parts)],
            "volumes": [
                {"name": "order", "projected": {"sources": sources}},
                {"name": "data", "persistentVolumeClaim": {"claimName": self.settings.data_claim, "readOnly": True}},
                {"name": "work", "emptyDir": {"sizeLimit": str(2 * request.limits.work_bytes)}},
            ],
        }
        if self.settings.runtime_class:
            spec["runtimeClassName"] = self.settings.runtime_class
        if self.settings.node_selector:
            spec["nodeSelector"] = dict(self.settings.node_selector)
        return spec

    def _container(self, request: RunRequest, parts: int) -> dict[str, Any]:
        """Our program; what the sandbox inside needs of the kernel is what the pod may, and no more."""
        limits: dict[str, str] = {"memory": str(request.limits.memory_bytes + (1 << 30))}
        if request.gpus:
            limits["nvidia.com/gpu"] = str(request.gpus)
        files = [f"/order/part{number:03}" for number in range(parts)]
        return {
            "name": "run",
            "image": self.settings.image,
            "command": ["python", "-m", "evaluator.runners.pod", self.name, *files],
            "env": [{"name": "FAIRWAY_DATA_FOLDER", "value": DATA}, {"name": "TMPDIR", "value": "/work"}],
            "resources": {"limits": limits, "requests": limits},
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "procMount": "Unmasked",  # a /proc of the sandbox's own; allowed by the user namespace
                "seccompProfile": {"type": "Unconfined"},  # the sandbox brings its own filter
                "runAsNonRoot": True,
                "runAsUser": 10_001,
            },
            "volumeMounts": [
                {"name": "order", "mountPath": "/order", "readOnly": True},
                {"name": "data", "mountPath": DATA, "readOnly": True},
                {"name": "work", "mountPath": "/work"},
            ],
        }

    def _core(self) -> Any:
        from kubernetes import client

        return client.CoreV1Api(self.api)

    def _batch(self) -> Any:
        from kubernetes import client

        return client.BatchV1Api(self.api)


def make_runner(settings: object) -> KubernetesRunner:  # noqa: ARG001 - its own are all it needs
    """The runner of a deployment. Raises RunnerError where library, settings or cluster are missing."""
    chosen = settings_from(os.environ)
    try:
        from kubernetes import config
    except ImportError:
        raise RunnerError("the runner `kubernetes` needs a package: pip install 'fairway[kubernetes]'") from None
    try:
        api = config.new_client_from_config(context=chosen.context or None)  # type: ignore[no-untyped-call]
    except config.ConfigException:
        try:
            config.load_incluster_config()  # type: ignore[no-untyped-call]
        except config.ConfigException as error:
            raise RunnerError(f"no cluster is configured: {error}") from None
        from kubernetes import client

        api = client.ApiClient()
    return KubernetesRunner(chosen, api)


@contextlib.contextmanager
def told(what: str) -> Iterator[None]:
    """Every failure of the cluster's API as a RunnerError."""
    from kubernetes.client import ApiException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ApiException as error:
        raise RunnerError(f"{what}: the cluster answered {error.status} {error.reason}") from None
    except (HTTPError, OSError) as error:
        raise RunnerError(f"{what}: the cluster does not answer: {error}"[:500]) from None


def _cancelled(job: Any) -> bool:
    return bool((job.metadata.annotations or {}).get(CANCELLED))


def _part_name(handle: str, number: int) -> str:
    return f"{handle}-{number:03}"


def _parts(data: bytes) -> Iterator[bytes]:
    for place in range(0, len(data), PART_BYTES):
        yield data[place : place + PART_BYTES]
