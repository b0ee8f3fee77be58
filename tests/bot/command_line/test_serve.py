"""`fairway serve` and `fairway migrate` as an operator starts them."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from bot.command_line.main import run
from bot.web.signature import sign
from demo.github.hooks import Target
from migrations.apply import is_current
from tests.databases import database, postgresql
from tests.processes import Running, free_port, ran, started, wait_until
from tests.standin import REPO, keys, stand_in
from tests.worker.rows import REPOSITORY, add_repository
from worker.store.models import Delivery, DeliveryStatus, Job, Machine, Stage
from worker.store.session import make_engine, session_scope

SECRET = "canary-of-the-webhook"
BODY = json.dumps({"zen": "Keep it simple.", "hook_id": 1}).encode()
APP = {"FAIRWAY_APP_ID": "1", "FAIRWAY_PRIVATE_KEY": keys().private.decode().replace("\n", "\\n")}


@dataclass(frozen=True, slots=True)
class Site:
    """A running `fairway serve`."""

    running: Running
    url: str

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, timeout=30)

    def deliver(self, *, secret: str = SECRET) -> tuple[str, httpx.Response]:
        """Post a signed delivery; its GUID and the answer."""
        guid = str(uuid4())
        headers = {
            "X-GitHub-Event": "ping",
            "X-GitHub-Delivery": guid,
            "X-Hub-Signature-256": sign(BODY, secret.encode()).decode(),
        }
        return guid, httpx.post(self.url + "/webhooks/github", content=BODY, headers=headers, timeout=30)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


Command = Callable[[Sequence[str], Mapping[str, str]], Ended]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command that ends by itself, in this process."""

    def to_its_end(arguments: Sequence[str], variables: Mapping[str, str]) -> Ended:
        for name, value in {"FAIRWAY_DATABASE_URL": sqlite(tmp_path), **variables}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        code = run(arguments)
        return Ended(code, *capsys.readouterr())

    return to_its_end


def sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'fairway.db'}"


@contextmanager
def serving(folder: Path, variables: Mapping[str, str]) -> Iterator[Site]:
    """A site that answers."""
    port = free_port()
    nowhere = {"FAIRWAY_GITHUB_API_URL": f"http://127.0.0.1:{free_port()}", "FAIRWAY_DATABASE_URL": sqlite(folder)}
    with started(["serve", "--port", str(port)], nowhere | dict(variables), folder) as running:
        site = Site(running, f"http://127.0.0.1:{port}")
        wait_until(lambda: answers(site) or running.process.poll() is not None, "it answers")
        assert running.process.poll() is None, running.said
        yield site


def answers(site: Site) -> bool:
    with suppress(httpx.TransportError):
        return site.get("/healthz").status_code == 200
    return False


def status_of(url: str, guid: str) -> DeliveryStatus | None:
    engine = make_engine(url)
    try:
        with session_scope(engine)() as session:
            row = session.get(Delivery, guid)
            return None if row is None else row.status
    finally:
        engine.dispose()


def test_without_a_broker_one_process_takes_deliveries_and_works_on_them(tmp_path: Path) -> None:
    with serving(tmp_path, {"FAIRWAY_WEBHOOK_SECRET": SECRET} | APP) as site:
        assert site.get("/readyz").json() == {"status": "ready"}
        guid, answer = site.deliver()
        assert answer.status_code == 202
        wait_until(lambda: status_of(sqlite(tmp_path), guid) is DeliveryStatus.DONE, "the delivery is received")
        assert 'fairway_deliveries_total{outcome="stored"} 1.0' in site.get("/metrics").text
        port = site.url.rpartition(":")[2]
        assert ran(["serve", "--check", "--port", port], {}, tmp_path).returncode == 0
        assert site.running.end() == 0
    assert ran(["serve", "--check", "--port", port], {}, tmp_path).returncode == 1
    assert "FAIRWAY_BROKER_URL is not set" in site.running.said
    assert "FAIRWAY_APP_ID" not in site.running.said
    assert "left to the next start" not in site.running.said


def test_in_one_process_a_webhook_leads_to_a_check_and_a_comment(tmp_path: Path) -> None:
    with stand_in(tmp_path) as github:
        variables = {
            "FAIRWAY_WEBHOOK_SECRET": SECRET,
            "FAIRWAY_APP_ID": str(github.state.app.id),
            "FAIRWAY_PRIVATE_KEY": github.keys.private.decode(),
            "FAIRWAY_GITHUB_API_URL": github.url,
            "FAIRWAY_GITHUB_WEB_URL": github.url,
        }
        with serving(tmp_path, variables) as site, github.client(github.token()) as client:
            target = Target(site.url + "/webhooks/github", SECRET.encode(), github.state.app.id)
            github.state.hooks.connect(target)
            folder = "records/track_10min_16mb/2026-04-10_Sample"
            change = github.pull_request(
                {f"{folder}/train_gpt.py": b"import torch\n", f"{folder}/README.md": b"# Hi\n"}
            )

            def said() -> tuple[int, list[str]]:
                comments = client.get(f"{REPO}/issues/{change.number}/comments").json()
                checks = client.get(f"{REPO}/commits/{change.head_sha}/check-runs").json()["check_runs"]
                return len(comments), [check["status"] for check in checks]

            wait_until(lambda: said() == (1, ["completed"]), "it has said what it found")
            assert site.running.end() == 0


def test_it_says_what_it_does_not_do_and_does_not_do_it(tmp_path: Path) -> None:
    with serving(tmp_path, {"FAIRWAY_APP_ID": "", "FAIRWAY_PRIVATE_KEY": "", "FAIRWAY_PUBLIC_URL": ""}) as site:
        assert site.get("/readyz").status_code == 200
        guid, answer = site.deliver()
        assert (answer.status_code, status_of(sqlite(tmp_path), guid)) == (503, None)
        assert "no webhook secret" in answer.json()["detail"]
        assert site.running.end(signal.SIGINT) == 0
    for name in ("WEBHOOK_SECRET", "APP_ID", "PRIVATE_KEY", "REVIEWER_URL"):
        assert f"FAIRWAY_{name}" in site.running.said


def test_without_an_app_deliveries_are_stored_and_wait(tmp_path: Path) -> None:
    with serving(tmp_path, {"FAIRWAY_WEBHOOK_SECRET": SECRET}) as site:
        guid, answer = site.deliver()
        assert answer.status_code == 202
        assert "deliveries are stored and wait" in site.running.said
        assert 'fairway_jobs{stage="receive",state="due"} 1.0' in site.get("/metrics").text
        assert site.running.end() == 0
    assert status_of(sqlite(tmp_path), guid) is DeliveryStatus.RECEIVED
    with serving(tmp_path, {"FAIRWAY_WEBHOOK_SECRET": SECRET} | APP):
        wait_until(lambda: status_of(sqlite(tmp_path), guid) is DeliveryStatus.DONE, "what waited is received")


def test_in_one_process_a_sandbox_that_does_not_work_stops_runs_and_nothing_else(tmp_path: Path) -> None:
    runner = {"FAIRWAY_RUNNER": "local", "FAIRWAY_MACHINE": "gpu-1", "FAIRWAY_SANDBOX": "hope"}
    with serving(tmp_path, {"FAIRWAY_WEBHOOK_SECRET": SECRET} | APP | runner) as site:
        guid, answer = site.deliver()
        assert answer.status_code == 202
        wait_until(lambda: status_of(sqlite(tmp_path), guid) is DeliveryStatus.DONE, "the delivery is received")
        assert site.running.end() == 0
    assert "no submission is run here: FAIRWAY_SANDBOX: there is no mechanism 'hope'" in site.running.said
    engine = make_engine(sqlite(tmp_path))
    with session_scope(engine)() as session:
        assert "there is no mechanism 'hope'" in (session.get_one(Machine, "gpu-1").fault or "")
    engine.dispose()


def test_with_a_broker_it_is_the_web_alone_and_needs_neither_app_nor_broker(tmp_path: Path) -> None:
    with postgresql() as url:
        variables = {"FAIRWAY_DATABASE_URL": url, "FAIRWAY_BROKER_URL": f"redis://127.0.0.1:{free_port()}/0"}
        with serving(tmp_path, variables | {"FAIRWAY_WEBHOOK_SECRET": SECRET}) as site:
            assert site.get("/readyz").status_code == 503  # nobody has migrated the database
            assert ran(["migrate"], variables, tmp_path).returncode == 0
            assert site.get("/readyz").status_code == 200
            assert site.deliver()[1].status_code == 202
            assert site.running.end() == 0


def test_no_secret_shows_in_a_log_whatever_fails(tmp_path: Path) -> None:
    with serving(tmp_path, {"FAIRWAY_WEBHOOK_SECRET": SECRET} | APP) as site:
        for secret in (SECRET, "a wrong one"):
            site.deliver(secret=secret)
        site.running.wait_for("ConnectError")  # GitHub is away; it was asked for failed deliveries with the App's key
        assert site.running.end() == 0
    assert SECRET not in site.running.said
    assert "PRIVATE KEY" not in site.running.said
    assert not any(line in site.running.said for line in keys().private.decode().splitlines()[1:-1])


@pytest.mark.parametrize(
    "variables",
    [
        {"FAIRWAY_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"},
        {"FAIRWAY_BROKER_URL": "redis://127.0.0.1:1/0"},
    ],
)
def test_a_real_deployment_without_a_secret_does_not_start(command: Command, variables: dict[str, str]) -> None:
    done = command(["serve", "--port", "0"], variables)
    assert done.code == 2
    assert "FAIRWAY_WEBHOOK_SECRET is not set" in done.stderr


def test_a_port_that_is_taken_is_said(command: Command) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
        done = command(["serve", "--port", str(port)], {})
    assert done.code == 2
    assert f"127.0.0.1:{port} cannot be listened on" in done.stderr


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"FAIRWAY_APP_ID": "my-canary"}, "FAIRWAY_APP_ID: "),
        ({"FAIRWAY_APP_ID": "1", "FAIRWAY_PRIVATE_KEY": "my-canary"}, "FAIRWAY_PRIVATE_KEY: this is no private key"),
        ({"FAIRWAY_DATABASE_URL": "mysql://u:my-canary@127.0.0.1/x"}, "FAIRWAY_DATABASE_URL: "),
        ({"FAIRWAY_DATABASE_URL": "sqlite://"}, "FAIRWAY_DATABASE_URL: "),
        ({"FAIRWAY_BROKER_URL": "amqp://u:my-canary@127.0.0.1"}, "FAIRWAY_BROKER_URL: "),
        ({"FAIRWAY_GITHUB_API_URL": "my-canary"}, "FAIRWAY_GITHUB_API_URL: "),
    ],
)
def test_a_setting_that_is_wrong_is_named_and_its_value_is_not_shown(
    command: Command, variables: dict[str, str], complaint: str
) -> None:
    done = command(["serve", "--port", "0"], variables)
    assert done.code == 2
    assert complaint in done.stderr
    assert "my-canary" not in done.stderr + done.stdout


@pytest.mark.parametrize("process", ["worker", "beat"])
def test_a_process_beside_others_needs_a_broker(command: Command, process: str) -> None:
    done = command([process], APP)
    assert done.code == 2
    assert "set FAIRWAY_BROKER_URL to redis://" in done.stderr


def test_a_worker_needs_an_app(command: Command) -> None:
    done = command(["worker"], {"FAIRWAY_BROKER_URL": "redis://127.0.0.1:1/0"})
    assert done.code == 2
    assert "FAIRWAY_APP_ID and FAIRWAY_PRIVATE_KEY are not set" in done.stderr


@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
def test_migrate_goes_up_and_down_and_tells_from_where_to_where(command: Command, tmp_path: Path, kind: str) -> None:
    with database(kind, tmp_path) as url:
        variables = {"FAIRWAY_DATABASE_URL": url}
        up = command(["migrate"], variables)
        assert (up.code, ": base → 0" in up.stdout) == (0, True)
        engine = make_engine(url)
        assert is_current(engine)
        assert ": already at 0" in command(["migrate"], variables).stdout
        assert " → 0001" in command(["migrate", "--to", "0001"], variables).stdout
        assert not is_current(engine)
        engine.dispose()
        assert "0001 → base" in command(["migrate", "--to", "base"], variables).stdout


def test_after_an_upgrade_every_configuration_is_read_again(command: Command, tmp_path: Path) -> None:
    with database("sqlite", tmp_path) as url:
        command(["migrate"], {"FAIRWAY_DATABASE_URL": url})
        engine = make_engine(url)
        with session_scope(engine)() as session:
            add_repository(session)
        assert command(["migrate"], {"FAIRWAY_DATABASE_URL": url}).code == 0
        with session_scope(engine)() as session:
            asked = session.scalars(select(Job.stage).where(Job.subject == str(REPOSITORY))).all()
        engine.dispose()
    assert asked == [Stage.CONFIGURE]


def test_migrate_says_that_a_revision_is_unknown(command: Command) -> None:
    done = command(["migrate", "--to", "tomorrow"], {})
    assert done.code == 2
    assert "there is no revision 'tomorrow'" in done.stderr


def test_migrate_waits_for_a_database_that_is_not_up_yet_and_hides_its_password(command: Command) -> None:
    url = f"postgresql://u:my-canary@127.0.0.1:{free_port()}/x"
    done = command(["migrate", "--wait", "0.6"], {"FAIRWAY_DATABASE_URL": url})
    assert done.code == 2
    assert "waiting up to 0.6 s" in done.stderr
    assert "did not answer within 0.6 s" in done.stderr
    assert "my-canary" not in done.stderr
