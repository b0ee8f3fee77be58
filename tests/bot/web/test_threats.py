"""What strangers may try on the receiver, and what becomes of it."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from bot.web.body import NO_ROOM, SMALL_BYTES
from bot.web.signature import sign
from migrations.apply import upgrade
from tests.bot.web.site import BODY, GUID, PATH, SECRET, Served, Site, headers, served
from tests.databases import database, postgresql
from tests.worker.bare import bare
from worker.stages import receive
from worker.store.models import Delivery, DeliveryStatus, Job, Stage
from worker.store.session import make_engine
from worker.store.types import now_plus

MEGABYTE = 1024 * 1024
PULL_REQUEST = {
    "action": "opened",
    "installation": {"id": 3},
    "repository": {"id": 5, "full_name": "spindle/heat", "default_branch": "main"},
    "pull_request": {"number": 7},
}
LARGE = json.dumps({"x": "y" * (SMALL_BYTES * 2)}).encode()

fuzz = settings(max_examples=100, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A real web process on PostgreSQL that waits for bodies for a second only."""
    with postgresql() as url:
        engine = make_engine(url)
        upgrade(engine)
        engine.dispose()
        with served(url, tmp_path_factory.mktemp("live"), read_seconds=1.0) as made:
            yield made


def raw_request(signature: bytes, *more: bytes) -> bytes:
    lines = (
        b"POST /webhooks/github HTTP/1.1",
        b"Host: fairway",
        b"X-GitHub-Event: ping",
        b"X-GitHub-Delivery: " + GUID.encode(),
        b"X-Hub-Signature-256: " + signature,
        *more,
    )
    return b"\r\n".join(lines) + b"\r\n\r\n"


def connected(site: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", site.port), timeout=30)


def status_of(connection: socket.socket) -> int:
    answer = b""
    while b"\r\n" not in answer:
        piece = connection.recv(4096)
        assert piece, "the connection ended without an answer"
        answer += piece
    return int(answer.split()[1])


# Forgery


@fuzz
@given(st.binary(max_size=120) | st.text(max_size=70).map(lambda word: b"sha256=" + word.encode("utf-8", "replace")))
def test_nothing_that_one_may_think_of_counts_as_a_signature(live: Served, signature: bytes) -> None:
    line = re.sub(rb"[\r\n]", b"", signature)
    with closing(connected(live)) as connection:
        connection.sendall(raw_request(line, b"Content-Length: %d" % len(BODY)) + BODY)
        assert status_of(connection) in (400, 401)  # 400: bytes that HTTP allows in no header


@fuzz
@given(place=st.integers(0, len(BODY) - 1), flipped=st.integers(1, 255))
def test_a_signature_holds_for_one_body_only(live: Served, place: int, flipped: int) -> None:
    changed = BODY[:place] + bytes([BODY[place] ^ flipped]) + BODY[place + 1 :]
    assert live.post(changed, X_Hub_Signature_256=sign(BODY, SECRET.encode())).status_code == 401


def test_a_right_signature_beside_a_wrong_one_does_not_count(live: Served) -> None:
    right, wrong = sign(BODY, SECRET.encode()), b"X-Hub-Signature-256: sha256=" + b"0" * 64
    with closing(connected(live)) as connection:
        connection.sendall(raw_request(right, wrong, b"Content-Length: %d" % len(BODY)) + BODY)
        assert status_of(connection) == 401


# Replay


def test_a_delivery_replayed_under_its_guid_is_stored_once_whatever_its_event_says(site: Site) -> None:
    assert [site.post(event=event) for event in ("ping", "push", "pull_request")] == [202, 202, 202]
    assert site.stored() == (1, 1)
    with site.scope() as session:
        assert session.query(Delivery).one().event == "ping"


@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
def test_a_body_replayed_under_new_guids_asks_for_the_same_work(kind: str, tmp_path: Path) -> None:
    body = json.dumps(PULL_REQUEST).encode()
    with database(kind, tmp_path) as url:
        site = Site(url)
        with site.client:
            assert {site.post(body, event="pull_request", guid=str(uuid4())) for _ in range(3)} == {202}
        site.engine.dispose()
        with bare(url, tmp_path, {Stage.RECEIVE: receive.run}) as pipeline:
            pipeline.drain(only=Stage.RECEIVE)
            assert pipeline.asked() == {("fetch", "5#7")}


@pytest.mark.parametrize("fault", ["failed", "set aside"])
def test_a_redelivery_is_taken_again_where_the_first_could_not_be_handled(site: Site, fault: str) -> None:
    site.post()
    with site.scope() as session:
        if fault == "failed":
            session.execute(update(Delivery).values(status=DeliveryStatus.FAILED, reason="a fault of ours"))
            session.execute(update(Job).values(pending=False, done=1))
        else:
            session.execute(update(Job).values(quarantined_at=now_plus(), attempts=3))
    assert site.post() == 202
    with site.scope() as session:
        job, delivery = session.query(Job).one(), session.query(Delivery).one()
        assert (job.pending, job.quarantined_at, job.attempts, job.wanted) == (True, None, 0, 2)
        assert (delivery.status, delivery.reason) == (DeliveryStatus.RECEIVED, None)


# Bodies


def test_an_endless_body_of_a_stranger_is_cut_off_and_takes_little_memory(live: Served) -> None:
    live.post(guid=str(uuid4()))
    before, sent = live.peak_memory(), 0
    with closing(connected(live)) as connection, suppress(ConnectionError):
        connection.sendall(raw_request(b"sha256=" + b"0" * 64, b"Transfer-Encoding: chunked"))
        for sent in range(1000):  # noqa: B007 - how far it came is what counts
            connection.sendall(b"%x\r\n%b\r\n" % (MEGABYTE, b"x" * MEGABYTE))
    assert sent < 100
    assert live.peak_memory() - before < 100 * MEGABYTE
    assert live.post(guid=str(uuid4())).status_code == 202


@pytest.mark.parametrize("stated", ["26214401", "9" * 30, "9" * 5000])
def test_a_body_that_is_said_to_be_too_long_is_not_read(site: Site, stated: str) -> None:
    def never() -> Iterator[bytes]:
        yield b"{"

    wanted: Any = {**headers(), "Content-Length": stated}
    assert site.client.post(PATH, content=never(), headers=wanted).status_code == 413


def test_large_bodies_share_one_room_and_usual_ones_always_fit(site: Site) -> None:
    site.receiver.bodies.room = 0
    wanted: Any = headers(LARGE)
    answer = site.client.post(PATH, content=LARGE, headers=wanted)
    assert (answer.status_code, answer.json()) == (503, {"detail": NO_ROOM})
    assert site.post() == 202
    assert site.stored() == (1, 1)


def test_the_room_of_a_large_body_is_given_back(site: Site) -> None:
    before = site.receiver.bodies.room
    assert site.post(LARGE) == 202
    assert site.receiver.bodies.room == before


def test_many_who_send_slowly_are_cut_off_and_keep_nobody_waiting(live: Served) -> None:
    slow = [connected(live) for _ in range(60)]
    try:
        for connection in slow:
            connection.sendall(raw_request(b"sha256=" + b"0" * 64, b"Content-Length: 1000") + b"{")
        assert {live.post(guid=str(uuid4())).status_code for _ in range(20)} == {202}
        assert {status_of(connection) for connection in slow} == {408}
    finally:
        for connection in slow:
            connection.close()


def test_one_who_leaves_in_the_middle_of_a_body_leaves_nothing_behind(live: Served) -> None:
    guid = str(uuid4())
    body = BODY + b" " * 1000
    signature = sign(body, SECRET.encode())
    with closing(connected(live)) as connection:
        request = raw_request(signature, b"Content-Length: %d" % len(body)).replace(GUID.encode(), guid.encode())
        connection.sendall(request + body[:-1])
    answer = live.post(body, guid=guid)
    assert (answer.status_code, answer.json()) == (202, {"delivery": "stored"})


# Secrets


def test_no_secret_shows_in_any_log(tmp_path: Path) -> None:
    secret, password = "canary-of-the-webhook", "canary-of-the-database"
    unreachable = f"postgresql://fairway:{password}@127.0.0.1:9/fairway"
    with served(unreachable, tmp_path, secret=secret) as site:
        body = b'{"token": "canary-of-a-body"}'
        signature = sign(body, secret.encode()).decode()
        assert site.post(body, secret=secret).status_code == 503
        assert site.post(body, X_Hub_Signature_256=signature[:-1]).status_code == 401
        assert site.post(body[:-1], secret=secret).status_code == 400
        with closing(connected(site)) as connection:
            connection.sendall(b"NONSENSE " + signature.encode() + b"\r\n\r\n")
            assert status_of(connection) == 400
        told = site.client.get(f"{site.url}/metrics").text + site.client.get(f"{site.url}/openapi.json").text
    told += site.log.read_text("utf-8")
    assert "Uvicorn running" in told
    assert not [word for word in (secret, password, "canary-of-a-body", signature[7:]) if word in told]
