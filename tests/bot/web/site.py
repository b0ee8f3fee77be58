"""The web application on a real database, for tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from fastapi.testclient import TestClient
from pydantic import SecretStr

from bot.web.app import make_app
from bot.web.body import READ_SECONDS
from bot.web.signature import sign
from bot.web.webhook import Receiver
from migrations.apply import upgrade
from tests.processes import free_port
from worker.settings import Settings
from worker.store.models import Delivery, Job, Stage
from worker.store.session import SessionScope, make_engine, session_scope

BODY = json.dumps({"zen": "Keep it simple."}).encode()
GUID = "5b6e2b70-1111-2222-3333-444455556666"
SECRET = "s3cret"
PATH = "/webhooks/github"
START_SECONDS = 30.0


def headers(
    body: bytes = BODY, *, event: str = "ping", guid: str = GUID, secret: str = SECRET, **more: str | bytes | None
) -> dict[str, str | bytes]:
    """GitHub's headers for a body; `more` by name with underscores, None to leave one out."""
    given: dict[str, str | bytes | None] = {
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": guid,
        "X-Hub-Signature-256": sign(body, secret.encode()),
    }
    given |= {name.replace("_", "-"): value for name, value in more.items()}
    return {name: value for name, value in given.items() if value is not None}


class Site:
    """The application within this process."""

    def __init__(self, url: str) -> None:
        self.engine = make_engine(url)
        upgrade(self.engine)
        self.scope: SessionScope = session_scope(self.engine)
        app = make_app(Settings(database_url=url, webhook_secret=(SecretStr(SECRET),)))
        self.receiver: Receiver = app.state.receiver
        self.client = TestClient(app)

    def post(self, body: bytes = BODY, **more: str | bytes | None) -> int:
        """Post a delivery; the answer's status."""
        return self.client.post(PATH, content=body, headers=headers(body, **more)).status_code  # type: ignore[arg-type]

    def stored(self) -> tuple[int, int]:
        """How many deliveries and how many jobs to receive them are stored."""
        with self.scope() as session:
            return session.query(Delivery).count(), session.query(Job).filter_by(stage=Stage.RECEIVE).count()


@dataclass(slots=True)
class Served:
    """The application in a process of its own."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    client: httpx.Client = field(default_factory=httpx.Client)

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def post(self, body: bytes = BODY, **more: str | bytes | None) -> httpx.Response:
        """Post a delivery."""
        return self.client.post(self.url + PATH, content=body, headers=headers(body, **more), timeout=30)  # type: ignore[arg-type]

    def peak_memory(self) -> int:
        """The most bytes that the process ever held."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        [peak] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(peak.split()[1]) * 1024


@contextmanager
def served(url: str, folder: Path, *, secret: str = SECRET, read_seconds: float = READ_SECONDS) -> Iterator[Served]:
    """Start the web process as in a deployment, and end it afterwards."""
    port, log = free_port(), folder / "web.log"
    variables = {
        **os.environ,
        "FAIRWAY_DATABASE_URL": url,
        "FAIRWAY_WEBHOOK_SECRET": secret,
    }
    start = "import sys; from tests.bot.web.site import run; run(*sys.argv[1:])"
    arguments = [str(port), str(read_seconds)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", start, *arguments], env=variables, stdout=output, stderr=subprocess.STDOUT
        )
    made = Served(port, process, log)
    try:
        _wait_for(made)
        yield made
    finally:
        made.client.close()
        process.terminate()
        process.wait(15)


def run(port: str, read_seconds: str) -> None:
    """What the process does."""
    import uvicorn

    app = make_app(Settings())
    app.state.receiver.bodies.seconds = float(read_seconds)
    uvicorn.run(app, host="127.0.0.1", port=int(port), access_log=False)


def _wait_for(site: Served) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and site.process.poll() is None:
        try:
            if site.client.get(f"{site.url}/healthz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise TimeoutError(f"the web process does not answer: {site.log.read_text('utf-8', 'replace')[-2000:]}")
