"""The Celery app: how the doorbell rings and who hears it.

Redis is a doorbell and the database the truth: a message carries a job's id and nothing else. It may be lost, come
twice or be wiped with all others, and the job is still done once. So messages are acknowledged early, results are not
kept, and no call to the broker waits longer than a few seconds.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from uuid import UUID

from celery import Celery
from kombu import Producer, Queue
from kombu.exceptions import KombuError

from worker.settings import Settings
from worker.store.models import Stage

QUEUE, GPU_QUEUE = "fairway", "gpu"
QUEUES = (QUEUE, GPU_QUEUE)
BROKER_SECONDS = 2.0
POLLING_SECONDS = 0.02
MOST_WAITING = 2_000
LOOK_SECONDS = 1.0
CHILD_TASKS = 500
CHILD_START_SECONDS = 30.0
HOURLY, DAILY = timedelta(hours=1), timedelta(days=1)

SWEEP, RECOVER, PURGE = "sweep", "recover", "purge"


class DoorbellError(OSError):
    """The broker did not take a message within its time. What it was about stays due."""


def queue_of(name: str) -> str:
    """The queue of a task: reproduction needs a machine with a GPU, everything else any worker."""
    return GPU_QUEUE if name == Stage.REPRODUCE else QUEUE


def queue_at(machine: str) -> str:
    """The queue that only one machine listens to: there are the processes of the runs that it watches."""
    return f"{GPU_QUEUE}@{machine}"


def make_app(settings: Settings) -> Celery:
    """The app of a deployment, without tasks. Nothing is connected."""
    app = Celery("fairway", set_as_current=False)
    app.conf.update(_broker(settings), **_tasks(settings), **_workers())
    app.conf.beat_schedule = {
        SWEEP: {"task": SWEEP, "schedule": timedelta(seconds=settings.sweep_seconds)},
        RECOVER: {"task": RECOVER, "schedule": HOURLY},
        PURGE: {"task": PURGE, "schedule": DAILY},
    }
    return app


def _broker(settings: Settings) -> dict[str, object]:
    options: dict[str, object] = {"polling_interval": POLLING_SECONDS}
    url = "memory://localhost"
    if not settings.embedded:
        url = settings.broker_url
        options = {
            "socket_timeout": BROKER_SECONDS,
            "socket_connect_timeout": BROKER_SECONDS,
            "socket_keepalive": True,
            "health_check_interval": 5,
            "max_retries": 0,
            "client_name": "fairway",
        }
    return {
        "broker_url": url,
        "broker_transport_options": options,
        "broker_connection_timeout": BROKER_SECONDS,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
    }


def _tasks(settings: Settings) -> dict[str, object]:
    return {
        "task_serializer": "json",
        "accept_content": ["json"],
        "result_accept_content": ["json"],
        "result_backend": None,
        "task_ignore_result": True,
        "task_acks_late": False,
        "task_default_queue": QUEUE,
        "task_queues": [Queue(name, routing_key=name) for name in (*QUEUES, queue_at(settings.machine_name))],
        "task_create_missing_queues": False,
        "task_publish_retry": False,
        "task_send_sent_event": False,
        "task_time_limit": settings.stage_seconds,
        "enable_utc": True,
    }


def _workers() -> dict[str, object]:
    return {
        "worker_prefetch_multiplier": 1,
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "worker_cancel_long_running_tasks_on_connection_loss": True,  # late ones only: none of ours
        "worker_detect_quorum_queues": False,
        "worker_max_tasks_per_child": CHILD_TASKS,
        "worker_proc_alive_timeout": CHILD_START_SECONDS,
    }


class Doorbell:
    """Rings for jobs and for periodic tasks. Every failure is a DoorbellError, after a few seconds at most.

    Where so many messages wait that nobody seems to listen, no more are added: whatever is due is announced again.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._looked: dict[str, tuple[float, int]] = {}

    def announce(self, stage: Stage, job_id: UUID, place: str = "") -> None:
        """Tell the workers that a job is due, or those of one machine."""
        self.ring(stage.value, str(job_id), place=place)

    def ring(self, name: str, *arguments: str, expires: float | None = None, place: str = "") -> None:
        """Send a task's name. `expires` is in seconds, by the clocks of two machines."""
        queue = queue_at(place) if place else queue_of(name)
        try:
            with self._lock, self._app.producer_or_acquire() as producer:
                if self._waiting(producer, queue) < MOST_WAITING:
                    at = Queue(queue, routing_key=queue)
                    self._app.send_task(
                        name, arguments, queue=at, expires=expires, ignore_result=True, producer=producer
                    )
        except (KombuError, *self._errors()) as error:
            raise DoorbellError(f"{type(error).__name__}: {error}") from error

    def _waiting(self, producer: Producer, queue: str) -> int:
        """How many messages waited in a queue a moment ago."""
        at, length = self._looked.get(queue, (-LOOK_SECONDS, 0))
        if time.monotonic() - at >= LOOK_SECONDS:
            length = producer.channel.queue_declare(queue=queue).message_count
            self._looked[queue] = time.monotonic(), length
        return length

    def _errors(self) -> tuple[type[Exception], ...]:
        connection = self._app.connection_for_write()
        return (OSError, *connection.connection_errors, *connection.channel_errors)
