"""Runs in a cloud by SkyPilot: one managed job for each, with recovery off. Untried in a cloud.

A preempted run is a new attempt of ours, never a second start of the same: a job that SkyPilot began anew all the same
is cancelled and counts as lost. The order travels as a file mount, `evaluator.runners.pod` runs it, and progress and
record come out of the job's log. The library is imported when it is used, and tests bring one of the same shape.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from evaluator.evidence import Evidence
from evaluator.request import Inputs, RunRequest
from evaluator.runners import Progress, RunnerError, State
from evaluator.runners.pod import DATA, packed, progress_of, record_of, unpacked
from evaluator.runners.records import not_run

ORDER = "/tmp/fairway-order"  # noqa: S108 - on a machine of the run's own
TAIL_LINES = 40
SLACK_MINUTES = 15
WAITING = ("PENDING", "SUBMITTED", "STARTING", "DEPRECATED_SUBMITTED", "WINDING_DOWN")
RUNNING = ("RUNNING", "CANCELLING")
FIELDS = ["job_id", "job_name", "status", "recovery_count", "failure_reason"]


@dataclass(frozen=True, slots=True)
class CloudSettings:
    """What an operator chooses. `infra` names a cloud ("aws", "gcp/us-central1"), "" for whichever is cheapest.

    `setup` are commands that bring the data to /data and Fairway onto the machine; `image` may hold both.
    """

    accelerators: str = "H100:8"
    infra: str = ""
    image: str = ""
    setup: str = ""
    use_spot: bool = False
    disk_gb: int = 512
    folder: Path = Path("fairway-runs/orders")


def settings_from(environment: Mapping[str, str]) -> CloudSettings:
    """Settings from FAIRWAY_SKYPILOT_ACCELERATORS and its like. Raises RunnerError for what is none."""

    def given(name: str, default: str = "") -> str:
        return environment.get(f"FAIRWAY_SKYPILOT_{name}") or default

    disk = given("DISK_GB", "512")
    if not disk.isdigit():
        raise RunnerError(f"FAIRWAY_SKYPILOT_DISK_GB: {disk!r} is no number of gigabytes")
    if not given("IMAGE") and not given("SETUP"):
        raise RunnerError(
            "set FAIRWAY_SKYPILOT_IMAGE or FAIRWAY_SKYPILOT_SETUP: the machine needs Fairway and the data"
        )
    return CloudSettings(
        accelerators=given("ACCELERATORS", "H100:8"),
        infra=given("INFRA"),
        image=given("IMAGE"),
        setup=given("SETUP"),
        use_spot=given("USE_SPOT").lower() in ("1", "true", "yes"),
        disk_gb=int(disk),
    )


@dataclass(frozen=True, slots=True)
class SkyPilotRunner:
    """Runner. `sky` gives SkyPilot's module; `folder` of the settings keeps what was ordered until it is forgotten."""

    settings: CloudSettings
    sky: Callable[[], Any] = field(repr=False)

    @property
    def name(self) -> str:
        return "skypilot"

    def start(self, request: RunRequest, inputs: Inputs) -> str:
        """Launch the job once: what was launched is known by its name. Raises RunnerError."""
        handle = f"fairway-{hashlib.sha256(request.id.encode()).hexdigest()[:32]}"
        with told("the run could not be begun"):
            if self._record(handle) is not None:
                return handle
            self.settings.folder.mkdir(parents=True, exist_ok=True)
            order = self._order(handle)
            order.write_bytes(packed(request, inputs))
            sky = self.sky()
            sky.get(sky.jobs.launch(self._task(sky, handle, request, order), name=handle))
        return handle

    def progress(self, handle: str) -> Progress:
        """By the job's status, and by its log while it runs."""
        with told("the run's state is not known"):
            record = self._record(handle)
            if record is None or not self._order(handle).exists():
                return Progress(State.LOST)
            if self._began_anew(handle, record):
                return Progress(State.ENDED)
            status = _status(record)
            if status in WAITING:
                return Progress(State.WAITING, status.lower())
            if status in RUNNING:
                return progress_of(self._log(handle, tail=TAIL_LINES)) or Progress(State.WAITING, "starting")
        return Progress(State.ENDED)

    def evidence(self, handle: str) -> Evidence:
        """The record in the log; where there is none, what SkyPilot says of the job."""
        with told("the run's record could not be read"):
            record = self._record(handle)
            if record is None or not self._order(handle).exists():
                raise RunnerError(f"SkyPilot knows no run {handle} any more")
            request = self._request(handle)
            if self._began_anew(handle, record):
                return not_run(request, self.name, "preempted: the machine was taken away", infrastructure=True)
            status = _status(record)
            if status in (*WAITING, *RUNNING, "RECOVERING"):
                raise RunnerError(f"the run {handle} has not ended")
            if status == "CANCELLED":
                return not_run(request, self.name, "cancelled", infrastructure=False)
            found = record_of(self._log(handle))
        if found is not None:
            return found
        said = str(record.get("failure_reason") or "the job ended and left no record")[:500]
        return not_run(request, self.name, f"{status}: {said}", infrastructure=True)

    def cancel(self, handle: str) -> None:
        """End the job; SkyPilot takes the machine down."""
        with told("the run could not be cancelled"):
            record = self._record(handle)
            if record is not None and _status(record) in (*WAITING, *RUNNING, "RECOVERING"):
                sky = self.sky()
                sky.get(sky.jobs.cancel(job_ids=[int(record["job_id"])]))

    def forget(self, handle: str) -> None:
        """Remove the order; SkyPilot keeps its own history of jobs."""
        self._order(handle).unlink(missing_ok=True)

    def _task(self, sky: Any, handle: str, request: RunRequest, order: Path) -> Any:
        """One machine, no second start, and a limit of its own on the time."""
        minutes = int(request.limits.total_seconds // 60) + SLACK_MINUTES
        run = f"timeout --kill-after=30 {minutes}m python -m evaluator.runners.pod {self.name} {ORDER}"
        task = sky.Task(
            name=handle, setup=self.settings.setup or None, run=run, envs={"FAIRWAY_DATA_FOLDER": DATA}, num_nodes=1
        )
        task.set_file_mounts({ORDER: str(order.absolute())})
        chosen: dict[str, Any] = {
            "accelerators": self.settings.accelerators if request.gpus else None,
            "use_spot": self.settings.use_spot,
            "disk_size": self.settings.disk_gb,
            "job_recovery": "none",
        }
        if self.settings.infra:
            chosen["infra"] = self.settings.infra
        if self.settings.image:
            chosen["image_id"] = self.settings.image
        task.set_resources(sky.Resources(**chosen))
        return task

    def _record(self, handle: str) -> Mapping[str, Any] | None:
        """What SkyPilot knows of the job of that name, the last one where there are several."""
        sky = self.sky()
        answer = sky.get(sky.jobs.queue_v2(refresh=True, skip_finished=False, fields=FIELDS))
        records = answer[0] if isinstance(answer, tuple) else answer
        mine = [_plain(record) for record in records]
        mine = [record for record in mine if record["job_name"] == handle]
        return max(mine, key=lambda record: int(record["job_id"])) if mine else None

    def _began_anew(self, handle: str, record: Mapping[str, Any]) -> bool:
        """Whether SkyPilot lost the machine and began again; then that is ended."""
        anew = _status(record) == "RECOVERING" or int(record.get("recovery_count") or 0) > 0
        if anew:
            self.cancel(handle)
        return anew

    def _log(self, handle: str, *, tail: int | None = None) -> list[str]:
        sky, output = self.sky(), io.StringIO()
        sky.jobs.tail_logs(name=handle, follow=False, tail=tail, output_stream=output)
        return output.getvalue().splitlines()

    def _order(self, handle: str) -> Path:
        if not handle.replace("-", "").isalnum():
            raise RunnerError(f"{handle!r} is no run of this runner")
        return self.settings.folder / f"{handle}.order"

    def _request(self, handle: str) -> Mapping[str, Any]:
        with tempfile.TemporaryDirectory(prefix="fairway-order-") as folder:
            request, _ = unpacked(self._order(handle).read_bytes(), Path(folder))
        return request.as_json()


def make_runner(settings: object) -> SkyPilotRunner:
    """The runner of a deployment. Raises RunnerError where library or settings are missing."""
    chosen = settings_from(os.environ)
    runs = getattr(settings, "runs_folder", None)
    _imported()
    return SkyPilotRunner(replace(chosen, folder=Path(runs) / "orders") if runs else chosen, _imported)


def _imported() -> Any:
    """SkyPilot's module. Raises RunnerError where it is not installed: it is large, and no part of Fairway's own."""
    try:
        import sky
        import sky.jobs
    except ImportError:
        raise RunnerError("the runner `skypilot` needs a package: pip install 'skypilot[aws,gcp]>=0.11'") from None
    return sky


@contextlib.contextmanager
def told(what: str) -> Iterator[None]:
    """Every failure of SkyPilot as a RunnerError: it raises exceptions of many kinds, its server's among them."""
    try:
        yield
    except RunnerError:
        raise
    except Exception as error:
        raise RunnerError(f"{what}: {type(error).__name__}: {error}"[:500]) from None


def _plain(record: Any) -> Mapping[str, Any]:
    """A record is a mapping, or a model of pydantic."""
    return record if isinstance(record, Mapping) else dict(record.model_dump())


def _status(record: Mapping[str, Any]) -> str:
    """The name of a status, which may be an enumeration's member."""
    status = record["status"]
    return str(getattr(status, "value", status))
