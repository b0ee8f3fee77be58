from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import text

from bot.web import webhook
from bot.web.app import SettingsError, make_app
from bot.web.signature import sign
from tests.bot.web.site import BODY, GUID, Site
from worker.settings import Settings
from worker.store.models import Delivery, Job


def test_a_signed_delivery_is_stored_with_its_job(site: Site) -> None:
    assert site.post() == 202
    with site.scope() as session:
        delivery = session.query(Delivery).one()
        assert (delivery.guid, delivery.event, delivery.body) == (GUID, "ping", BODY)
        assert session.query(Job).one().subject == GUID


def test_the_same_delivery_again_is_accepted_and_stored_once(site: Site) -> None:
    assert [site.post(), site.post(), site.post()] == [202, 202, 202]
    assert site.stored() == (1, 1)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "sha256=",
        "sha1=" + "0" * 40,
        "sha256=" + "0" * 64,
        "sha256=" + "g" * 64,
        b"sha256=\xff\xfe" + b"0" * 62,
    ],
)
def test_a_wrong_or_missing_signature_is_401_and_nothing_is_stored(site: Site, signature: str | bytes | None) -> None:
    assert site.post(X_Hub_Signature_256=signature) == 401
    assert site.stored() == (0, 0)


@pytest.mark.parametrize("header", ["X_GitHub_Event", "X_GitHub_Delivery"])
@pytest.mark.parametrize("value", [None, "", "a b", "x" * 300, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff"])
def test_malformed_headers_are_400(site: Site, header: str, value: str | bytes | None) -> None:
    assert site.post(BODY, **{header: value}) == 400
    assert site.stored() == (0, 0)


@pytest.mark.parametrize("body", [b"", b"[]", b"no", b"[" * 100_000, b'{"a": "\xff"}'])
def test_a_signed_body_that_is_no_json_object_is_400(site: Site, body: bytes) -> None:
    assert site.post(body) == 400
    assert site.stored() == (0, 0)


def test_a_body_over_the_limit_is_refused_whatever_its_stated_length(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site.receiver.bodies, "most", 1000)
    body = b'{"a": "' + b"x" * 2000 + b'"}'
    assert site.post(body) == 413
    read = []

    def chunks() -> Iterator[bytes]:
        for _ in range(1000):
            read.append(1)
            yield b"x" * 500

    headers = {"X-Hub-Signature-256": "sha256=" + "0" * 64}
    assert site.client.post("/webhooks/github", content=chunks(), headers=headers).status_code == 413


def test_health_and_metrics_answer(site: Site) -> None:
    site.post()
    assert site.client.get("/healthz").json() == {"status": "ok"}
    assert site.client.get("/readyz").status_code == 200
    assert 'fairway_deliveries_total{outcome="stored"}' in site.client.get("/metrics").text


def test_without_its_tables_the_site_is_not_ready_and_promises_nothing(site: Site) -> None:
    with site.engine.begin() as connection:
        connection.execute(text("DROP TABLE delivery"))
    assert site.client.get("/readyz").status_code == 503
    assert site.post() == 503


def test_a_database_that_does_not_answer_is_a_503_within_seconds() -> None:
    url = "postgresql://nobody@127.0.0.1:9/none"
    app = make_app(Settings(database_url=url, webhook_secret=(SecretStr("s3cret"),)))
    with TestClient(app) as client:
        headers = {
            "X-GitHub-Event": "ping",
            "X-GitHub-Delivery": GUID,
            "X-Hub-Signature-256": sign(BODY, b"s3cret").decode(),
        }
        answer = client.post("/webhooks/github", content=BODY, headers=headers)
        assert (answer.status_code, answer.json()) == (503, {"detail": webhook.UNAVAILABLE})
        assert client.get("/healthz").status_code == 200


def test_without_a_secret_the_site_does_not_start() -> None:
    with pytest.raises(SettingsError, match="FAIRWAY_WEBHOOK_SECRET is not set"):
        make_app(Settings(webhook_secret=()))
