"""GitHub's own examples of its webhooks: each is taken, each with a wrong signature refused, and each is understood."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from bot.web.signature import sign
from tests.bot.web.site import SECRET, Site
from tests.databases import database
from tests.openapi import webhook_examples
from tests.worker.bare import bare
from worker.stages import receive
from worker.store.models import Delivery, DeliveryStatus, Job, Stage

EXAMPLES = [(event, json.dumps(payload).encode()) for event, payload in webhook_examples()]
GOOD = sign(b"", SECRET.encode())
WRONG = {
    "missing": None,
    "empty": "",
    "of another body": GOOD,
    "of another secret": sign(b"", b"other"),
    "not hexadecimal": "sha256=" + "z" * 64,
    "too short": GOOD[:-1],
    "SHA-1": "sha1=" + "0" * 40,
    "without its scheme": GOOD[7:],
    "not ASCII": b"sha256=\xc3\xa9\xff" + b"0" * 61,
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with database("postgresql", tmp_path_factory.mktemp("site")) as url:
        made = Site(url)
        with made.client:
            yield made
        made.engine.dispose()


def test_there_are_many_examples() -> None:
    assert len(EXAMPLES) > 300
    assert {"pull_request", "issue_comment", "check_run", "installation", "push", "ping"} <= {e for e, _ in EXAMPLES}


def test_every_example_with_a_right_signature_is_accepted(site: Site) -> None:
    answers = Counter(site.post(body, event=event, guid=str(uuid4())) for event, body in EXAMPLES)
    assert answers == {202: len(EXAMPLES)}


@pytest.mark.parametrize("signature", WRONG.values(), ids=WRONG)
def test_every_example_with_a_wrong_signature_is_refused(site: Site, signature: str | bytes | None) -> None:
    before = site.stored()
    answers = Counter(
        site.post(body, event=event, guid=str(uuid4()), X_Hub_Signature_256=signature) for event, body in EXAMPLES
    )
    assert answers == {401: len(EXAMPLES)}
    assert site.stored() == before


def test_every_example_is_understood(tmp_path: Path) -> None:
    of_issues = {"issue_comment"}  # the published comments are on issues, which are none of ours
    interesting = ({event for event, _ in EXAMPLES} & set(receive.HANDLERS)) - of_issues
    with database("postgresql", tmp_path) as url, bare(url, tmp_path, {Stage.RECEIVE: receive.run}) as pipeline:
        with pipeline.context.scope() as session:
            for number, (event, body) in enumerate(EXAMPLES):
                session.add(Delivery(guid=str(UUID(int=number)), event=event, body=body))
                session.add(Job(stage=Stage.RECEIVE, subject=str(UUID(int=number))))
        pipeline.drain(only=Stage.RECEIVE)
        with pipeline.context.scope() as session:
            found = session.query(Delivery).all()
            assert {delivery.status for delivery in found} == {DeliveryStatus.DONE, DeliveryStatus.IGNORED}
            assert {delivery.event for delivery in found if delivery.status is DeliveryStatus.DONE} == interesting
            assert session.query(Job).filter(Job.quarantined_at.is_not(None)).count() == 0
            assert session.query(Job).filter(Job.stage == Stage.RECEIVE, Job.pending).count() == 0
