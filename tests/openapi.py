"""GitHub's published description of its API and its webhooks, as checks. It is read from `node_modules`, never copied.

A stripped extract is kept in `node_modules/.cache`, so that the 13 MB are parsed once and not by every process.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

MODULES = Path(__file__).parent.parent / "node_modules"
DESCRIPTION = MODULES / "@octokit/openapi/generated/api.github.com.json"
EXAMPLES = MODULES / "@octokit/webhooks-examples/api.github.com/index.json"
INSTALL = "is missing: run `npm ci` in the folder of package.json"
MULTI_SEGMENT = frozenset({"path", "ref", "name"})
"""Parameters that may hold slashes."""

_BASE = "urn:github"
_NAMING = frozenset({"properties", "schemas", "parameters", "responses", "headers", "paths", "x-webhooks", "content"})
_WORDS = frozenset({"description", "example", "examples", "summary", "externalDocs", "title", "tags", "x-github"})


def validate_request(method: str, path: str, query: Mapping[str, str], body: Any) -> list[str]:
    """What GitHub's description does not allow in a request; empty where all is well.

    Besides the schema, a parameter or a key of the body that GitHub does not know is reported.
    """
    found = _operation(method, path)
    if found is None:
        return [f"{method} {path} is none of GitHub's endpoints"]
    template, operation = found
    return [*_query_problems(template, operation, query), *_body_problems(operation, body)]


def validate_answer(method: str, path: str, status: int, body: Any) -> list[str]:
    """What GitHub's description does not allow in an answer."""
    found = _operation(method, path)
    if found is None:
        return [] if status == 404 else [f"{method} {path} is none of GitHub's endpoints"]
    answer = found[1]["responses"].get(str(status))
    if answer is None:
        return _problems(_reference("schemas", "basic-error"), body) if status >= 400 else [f"no answer {status}"]
    schema = _content(_resolved(answer))
    return [] if schema is None else _problems(schema, body)


def validate_webhook(event: str, payload: Mapping[str, Any]) -> list[str]:
    """What GitHub's description does not allow in a webhook's body."""
    action = payload.get("action")
    name = event if action is None else f"{event}-{action}"
    hook = _description()["x-webhooks"].get(name.replace("_", "-"))
    if hook is None:
        return [f"{name} is none of GitHub's webhooks"]
    schema = _content(hook["post"]["requestBody"])
    return ["no schema"] if schema is None else _problems(schema, payload)


def webhook_examples() -> Iterator[tuple[str, dict[str, Any]]]:
    """The published examples: the event's name and a body."""
    if not EXAMPLES.exists():
        raise FileNotFoundError(f"{EXAMPLES} {INSTALL}")
    for event in json.loads(EXAMPLES.read_bytes()):
        for payload in event["examples"]:
            yield event["name"], payload


class Published:
    """The description as the stand-in takes it: `make_app(state, Published())`."""

    def request(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Sequence[str]:
        """See `validate_request`."""
        return validate_request(method, path, query, body)

    def answer(self, method: str, path: str, status: int, body: Any) -> Sequence[str]:
        """See `validate_answer`."""
        return validate_answer(method, path, status, body)


def _query_problems(template: str, operation: Mapping[str, Any], query: Mapping[str, str]) -> Iterator[str]:
    known = {each["name"]: each for each in map(_resolved, operation.get("parameters", ())) if each["in"] == "query"}
    for name, value in query.items():
        if name not in known:
            yield f"{template} has no parameter {name}"
        else:
            yield from (
                f"{name}: {one}" for one in _problems(known[name]["schema"], _typed(known[name]["schema"], value))
            )
    for name, parameter in known.items():
        if parameter.get("required") and name not in query:
            yield f"{template} needs the parameter {name}"


def _body_problems(operation: Mapping[str, Any], body: Any) -> Iterator[str]:
    described = _resolved(operation.get("requestBody", {}))
    schema = _content(described)
    if schema is None or body is None:
        if body not in (None, {}):
            yield "a body where GitHub wants none"
        if described.get("required"):
            yield "no body where GitHub needs one"
        return
    yield from _problems(schema, body)
    keys = _keys(schema)
    if isinstance(body, dict) and keys is not None:
        yield from (f"GitHub does not know the key {key}" for key in body if key not in keys)


def _keys(schema: Mapping[str, Any]) -> set[str] | None:
    """The keys that an object may have, in whichever form; None where any will do."""
    if "$ref" in schema:
        schema = _resolved(schema)
    own, found = schema.get("properties"), set(schema.get("properties", ()))
    for kind in ("oneOf", "anyOf", "allOf"):
        for each in schema.get(kind, ()):
            found |= _keys(each) or set()
    return None if own is None and not found else found


def _typed(schema: Mapping[str, Any], text: str) -> Any:
    """A parameter's text as the value that its schema means."""
    if schema.get("type") == "integer" and text.lstrip("-").isdecimal():
        return int(text)
    return {"true": True, "false": False}.get(text, text) if schema.get("type") == "boolean" else text


def _problems(schema: Mapping[str, Any], value: Any) -> list[str]:
    validator = _validator(json.dumps(schema, sort_keys=True))
    return [
        f"{'/'.join(map(str, error.instance_path))}: {error.message[:300]}" for error in validator.iter_errors(value)
    ]


@cache
def _validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(json.loads(schema), registry=_registry(), validate_formats=True)


@cache
def _registry() -> jsonschema_rs.Registry:
    components = _description()["components"]
    return jsonschema_rs.Registry([(_BASE, {"components": {"schemas": components["schemas"]}})])


def _operation(method: str, path: str) -> tuple[str, Mapping[str, Any]] | None:
    for template, pattern in _patterns():
        if pattern.fullmatch(path):
            operation = _description()["paths"][template].get(method.lower())
            if operation is not None:
                return template, operation
    return None


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Paths as patterns, those with most fixed parts first."""
    paths = sorted(_description()["paths"], key=lambda path: (path.count("{"), -len(path)))
    return [(path, re.compile(re.sub(r"\{([^}]+)\}", _segment, path))) for path in paths]


def _segment(match: re.Match[str]) -> str:
    return ".+" if match[1] in MULTI_SEGMENT else "[^/]+"


def _content(described: Mapping[str, Any]) -> dict[str, Any] | None:
    schema: dict[str, Any] | None = described.get("content", {}).get("application/json", {}).get("schema")
    return schema


def _resolved(value: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in value:
        return value
    *_, kind, name = value["$ref"].split("/")
    resolved: Mapping[str, Any] = _description()["components"][kind][name]
    return resolved


def _reference(kind: str, name: str) -> dict[str, Any]:
    return {"$ref": f"{_BASE}#/components/{kind}/{name}"}


@cache
def _description() -> dict[str, Any]:
    """The extract, made when it is not there or older than the package."""
    if not DESCRIPTION.exists():
        raise FileNotFoundError(f"{DESCRIPTION} {INSTALL}")
    kept = MODULES / ".cache" / f"fairway-openapi-{DESCRIPTION.stat().st_mtime_ns}.json"
    if not kept.exists():
        whole = json.loads(DESCRIPTION.read_bytes())
        extract = _extract({key: whole[key] for key in ("paths", "x-webhooks", "components")}, naming=False)
        kept.parent.mkdir(exist_ok=True)
        part = kept.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(extract), encoding="utf-8")
        part.replace(kept)
    return _mended(json.loads(kept.read_bytes()))


def _mended(read: dict[str, Any]) -> dict[str, Any]:
    """The list of installations wants an account to be a user and an enterprise at once; one installation does not."""
    listed = read["paths"]["/app/installations"]["get"]["responses"]["200"]
    listed["content"]["application/json"]["schema"]["items"] = _reference("schemas", "installation")
    return read


def _extract(value: Any, *, naming: bool) -> Any:
    """The description without prose, in the words of JSON Schema. `naming`: the keys are names, not words."""
    if isinstance(value, list):
        return [_extract(each, naming=False) for each in value]
    if not isinstance(value, dict):
        return value
    if naming:
        return {name: _extract(each, naming=False) for name, each in value.items()}
    kept = {key: _extract(each, naming=key in _NAMING) for key, each in value.items() if key not in _WORDS}
    if isinstance(kept.get("$ref"), str) and kept["$ref"].startswith("#/components/schemas/"):
        kept["$ref"] = f"{_BASE}{kept['$ref']}"
    return _nullable(kept) if kept.pop("nullable", False) is True else kept


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI 3.0 says `nullable`, JSON Schema names null among the types."""
    if "type" not in schema or any(word in schema for word in ("oneOf", "anyOf", "allOf", "$ref")):
        return {"anyOf": [schema, {"type": "null"}]}
    values = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [schema["type"], "null"], **values}
