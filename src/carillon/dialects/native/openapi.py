"""The description of the API, made from its operations: OpenAPI 3.1. The page shows the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from carillon.core.kit import Build
from carillon.core.limits import Limits
from carillon.dialects.native.answers import Error
from carillon.dialects.native.asks import Action
from carillon.dialects.native.door import COOKIE
from carillon.dialects.native.operation import JSON, Access, Nothing, Operation

LICENCE = {"name": "MIT", "identifier": "MIT"}

Json = dict[str, Any]

TEMPLATE = "#/components/schemas/{name}"

ABOUT = (
    "Applications send messages with an application's token; users read them with a device's token, or with name and "
    "password. Numbers, times and limits are as the schemas say. A request that is refused changes nothing, and its "
    "answer names the field at fault."
)

# Of any operation. 403 while the published password stands, 503 when storage cannot do it now.
ALWAYS = {400, 401, 403, 429, 503}
BUT: dict[Access, set[int]] = {"anyone": {401, 403}, "application": {403}, "sign-in": {403}}

WHY = {
    400: "Malformed, or a field is unknown or out of its bounds",
    401: "No credential, an unknown one, or one of the wrong kind",
    403: "Not this user's to do, or not without his password; or that is the published one, and he is elsewhere",
    404: "It does not exist, or not for this user",
    409: "The Idempotency-Key was used for another message, or a name is taken",
    413: "Longer than a limit",
    415: "The body is not JSON",
    429: "Too many messages, failed sign-ins or open streams. Try again after the seconds of Retry-After",
    502: "Another server did not answer as it should",
    503: "Not now: nothing was stored. Try again after the seconds of Retry-After",
    507: "The disk is full: nothing was stored",
}

BY_APPLICATION: list[Json] = [{"application": []}, {"query": []}]
BY_USER: list[Json] = [{"device": []}, {"query": []}, {"password": []}, {"session": []}]

NEEDS: dict[Access, str] = {
    "elevated": "By password, or by a device that has lately been shown it.",
    "admin-look": "For admins.",
    "admin": "For admins, by password, or by a device that has lately been shown it.",
}

SCHEMES = {
    "application": {"type": "http", "scheme": "bearer", "description": "The token of an application"},
    "device": {"type": "http", "scheme": "bearer", "description": "The token of a device"},
    "query": {
        "type": "apiKey",
        "in": "query",
        "name": "token",
        "description": "The same token, for browsers' WebSocket and EventSource, which can send no header",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE.name,
        "description": "What signing in gives a browser; only for pages of this server itself",
    },
    "password": {"type": "http", "scheme": "basic", "description": "Name and password"},
}


def describe(operations: Sequence[Operation], limits: Limits, build: Build) -> Json:
    kinds = [Error, Action]
    kinds += [kind for one in operations for kind in (one.body, one.answer) if kind not in (None, Nothing, bytes)]
    schemas = msgspec.json.schema_components(kinds, ref_template=TEMPLATE)[1]
    _bound(schemas, limits)
    paths: Json = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, limits)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Carillon",
            "version": build.version,
            "description": ABOUT,
            "license": LICENCE,
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": schemas, "responses": _refusals(), "securitySchemes": SCHEMES},
    }


def _operation(operation: Operation, limits: Limits) -> Json:
    described: Json = {
        "operationId": "_".join(operation.summary.lower().rstrip("?").split()),
        "summary": operation.summary,
        "security": _security(operation.access),
        "responses": _responses(operation),
    }
    if text := " ".join(filter(None, (operation.text, NEEDS.get(operation.access)))):
        described["description"] = text
    if parameters := _parameters(operation, limits):
        described["parameters"] = parameters
    if operation.body is not Nothing:
        content: Json = {"schema": _schema(operation.body)}
        if operation.example is not None:
            content["example"] = operation.example
        described["requestBody"] = {"required": True, "content": {JSON: content}}
    elif operation.takes:
        described["requestBody"] = {"required": True, "content": {operation.takes: {}}}
    return described


def _security(access: Access) -> list[Json]:
    if access == "anyone":
        return []
    return BY_APPLICATION if access == "application" else BY_USER


def _parameters(operation: Operation, limits: Limits) -> list[Json]:
    found: list[Json] = []
    if "{id}" in operation.path:
        number = {"type": "integer", "minimum": 1, "examples": [42]}
        found.append({"name": "id", "in": "path", "description": operation.of, "required": True, "schema": number})
    if "{public_id}" in operation.path:
        word: Json = {"type": "string", "examples": ["k3X9bQ0aTz5L"]}
        found.append({"name": "public_id", "in": "path", "description": operation.of, "required": True, "schema": word})
    if "{token}" in operation.path:
        number = {"type": "integer", "minimum": 1, "examples": [7]}
        found.append({"name": "token", "in": "path", "description": "Of a token", "required": True, "schema": number})
    schemas = msgspec.json.schema_components([operation.query], ref_template=TEMPLATE)[1]
    _bound(schemas, limits)
    for schema in schemas.values():
        for name, field in schema["properties"].items():
            needed = {"required": True} if name in schema.get("required", ()) else {}
            about = field.pop("description")
            found.append({"name": name, "in": "query", "description": about, "schema": _without_null(field), **needed})
    for name, text in operation.headers.items():
        found.append({"name": name, "in": "header", "description": text, "schema": {"type": "string"}})
    return found


def _responses(operation: Operation) -> Json:
    if operation.answer is None:
        responses: Json = {"204": {"description": "Done"}}
    else:
        shape = {} if operation.answer is bytes else {"schema": _schema(operation.answer)}
        content = dict.fromkeys(operation.media, shape)
        responses = {"200": {"description": "OK", "content": content}}
    refusals = ALWAYS.union(operation.refusals) - BUT.get(operation.access, set())
    return responses | {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(refusals)}


def _refusals() -> Json:
    content = {JSON: {"schema": _schema(Error)}}
    return {str(status): {"description": why, "content": content} for status, why in WHY.items()}


def _schema(kind: object) -> Json:
    schema: Json = msgspec.json.schema_components([kind], ref_template=TEMPLATE)[0][0]
    return schema


def _without_null(schema: Json) -> Json:
    """A query cannot say null: what is not given is not there."""
    if "anyOf" not in schema:
        return schema
    return next(one for one in schema["anyOf"] if one != {"type": "null"})


def _bound(node: object, limits: Limits) -> None:
    """Puts the numbers of this installation in the place of their names."""
    if isinstance(node, list):
        for one in node:
            _bound(one, limits)
    elif isinstance(node, dict):
        name = node.pop("x-limit", None)
        if name is not None:
            _say(node, name, getattr(limits, name))
        for one in node.values():
            _bound(one, limits)


def _say(schema: Json, name: str, most: int) -> None:
    value = _without_null(schema)
    if value.get("type") == "integer":
        value["maximum"] = most
    elif value.get("type") == "array":
        value["maxItems"] = most
    else:
        schema["description"] += f". At most {most} bytes"
        if value.get("type") == "string":
            value["maxLength"] = most
