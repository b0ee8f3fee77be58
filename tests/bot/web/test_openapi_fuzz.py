"""The web's own description, tried out by schemathesis: nothing that one may send ends in a 5xx or undescribed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from schemathesis.specs.openapi.schemas import OpenApiSchema

from bot.web.app import make_app
from bot.web.signature import sign
from migrations.apply import upgrade
from tests.bot.web.site import PATH, SECRET, Served, served
from tests.databases import database
from worker.settings import Settings
from worker.store.session import make_engine

json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]


OPERATIONS = sorted(make_app(Settings(webhook_secret=(SecretStr(SECRET),))).openapi()["paths"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("site")
    with database("postgresql", folder) as url:
        engine = make_engine(url)
        upgrade(engine)
        engine.dispose()
        with served(url, folder) as made:
            yield made


@pytest.fixture(scope="module")
def described(site: Served) -> OpenApiSchema:
    return schemathesis.openapi.from_url(f"{site.url}/openapi.json")


def test_the_description_tells_of_the_webhook(described: OpenApiSchema) -> None:
    assert {PATH, "/healthz", "/readyz", "/metrics"} <= set(OPERATIONS) == set(described)


@pytest.mark.parametrize("path", OPERATIONS)
def test_whatever_is_sent_is_answered_as_described(described: OpenApiSchema, path: str) -> None:
    for operation in described[path].values():

        @given(case=operation.as_strategy() | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
        @settings(max_examples=80, suppress_health_check=list(HealthCheck))
        def answered(case: Case[Any]) -> None:
            case.call_and_validate(checks=CHECKS)

        answered()


def test_whatever_is_signed_is_answered_as_described(described: OpenApiSchema) -> None:
    operation = described[PATH]["post"]

    @given(case=operation.as_strategy(), body=json_values)
    @settings(max_examples=150, suppress_health_check=list(HealthCheck))
    def answered(case: Case[Any], body: object) -> None:
        raw = json.dumps(body).encode()
        headers = {**case.headers, "X-Hub-Signature-256": sign(raw, SECRET.encode()).decode()}
        response = requests.post(case.as_transport_kwargs()["url"], data=raw, headers=headers, timeout=30)
        case.validate_response(response, checks=CHECKS)
        assert response.status_code == (202 if isinstance(body, dict) else 400)

    answered()
