"""The description of this API for programs: Swagger 2.0, as Gotify's."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, get_args

import msgspec
from msgspec import UnsetType

from carillon.dialects.gotify import render
from carillon.dialects.gotify.described import OPERATIONS, SHAPES, Access, Operation, Shape

Json = dict[str, Any]

# Which release of Gotify's description this one can stand in for.
API_VERSION = "2.1.0"

REF = "#/definitions/{name}"
DATES = {"createdAt", "date", "elevatedUntil", "expiresAt", "lastUsed"}
INTEGER = {"type": "integer", "format": "int64"}
OBJECT: Json = {"type": "object", "additionalProperties": {}}
DATE = {"type": "string", "format": "date-time"}

PLACES = {
    "AuthorizationHeader": ("header", "Authorization"),
    "Header": ("header", "X-Gotify-Key"),
    "Query": ("query", "token"),
}
CLIENT = [f"clientToken{place}" for place in PLACES] + ["basicAuth"]
SCHEMES: dict[Access, list[str]] = {
    "anybody": [],
    "client": CLIENT,
    "sender": [f"appToken{place}" for place in PLACES] + CLIENT,
    "password": ["basicAuth"],
    "session": CLIENT,  # with a password, which is refused: Gotify describes it so, and clients are made from it
    "elevated": CLIENT,
    "admin": CLIENT,
    "newcomer": CLIENT,
}


def describe(doors: Iterable[tuple[str, str]]) -> Json:
    paths: Json = {}
    for method, path in doors:
        paths.setdefault(path, {})[method.lower()] = _operation(path, OPERATIONS[method, path])
    described = {name: _definition(shape) for name, shape in SHAPES.items()} | _made()
    tokens = {
        f"{kind}Token{suffix}": {"type": "apiKey", "in": place, "name": name}
        for kind in ("app", "client")
        for suffix, (place, name) in PLACES.items()
    }
    return {
        "swagger": "2.0",
        "info": {"title": "Carillon, as Gotify", "version": API_VERSION, "license": {"name": "MIT"}},
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "paths": paths,
        "definitions": described,
        "securityDefinitions": {**tokens, "basicAuth": {"type": "basic"}},
    }


def _operation(path: str, one: Operation) -> Json:
    parameters = [
        {"name": name, "in": "path", "required": True, **(INTEGER if name == "id" else {"type": "string"})}
        for name in re.findall(r"{(\w+)}", path)
    ]
    parameters += _parameters("query", one.query) + _parameters("formData", one.form)
    if one.body:
        parameters.append({"name": "body", "in": "body", "required": True, "schema": _type(one.body)})
    refusals = {*one.refusals, *((400, 404) if "{id}" in path else ()), *((400,) if one.body else ())}
    refusals |= {"anybody": set(), "password": {401}}.get(one.access, {401, 403})
    done: Json = {"description": "Done"} | ({"schema": _type(one.answer)} if one.answer else {})
    error = {"description": "Refused", "schema": _type("Error")}
    described: Json = {
        "operationId": one.name,
        "summary": one.summary,
        "tags": [path.split("/")[1]],
        "produces": [*dict.fromkeys((one.media, "application/json"))],  # a refusal is JSON in any case
        "responses": {str(one.status): done} | {str(status): error for status in sorted(refusals)},
    }
    if parameters:
        described["parameters"] = parameters
    if one.form:
        file = "file" in one.form
        described["consumes"] = ["multipart/form-data" if file else "application/x-www-form-urlencoded"]
    if schemes := SCHEMES[one.access]:
        described["security"] = [{scheme: []} for scheme in schemes]
    return described


def _parameters(place: str, shape: Shape) -> list[Json]:
    return [
        {"name": name, "in": place, "required": kind.endswith("!"), **_type(kind.rstrip("!"))}
        for name, kind in shape.items()
    ]


def _definition(shape: Shape) -> Json:
    properties = {name: _type(kind.rstrip("!")) for name, kind in shape.items()}
    required = [name for name, kind in shape.items() if kind.endswith("!")]
    return {"type": "object", "properties": properties} | ({"required": required} if required else {})


def _type(kind: str) -> Json:
    if kind.startswith("["):
        return {"type": "array", "items": _type(kind[1:-1])}
    known = {"integer": INTEGER, "object": OBJECT, "date": DATE}
    if kind in known:
        return known[kind]
    return {"type": kind} if kind.islower() else {"$ref": REF.format(name=kind)}


def _made() -> Json:
    """The shapes of render's structs, in Swagger's older form of JSON schema, under Gotify's names."""
    names = {shape.__name__: name for name, shape in render.SHAPES.items()}
    found = msgspec.json.schema_components(render.SHAPES.values(), ref_template=REF)[1]
    definitions: Json = {}
    for name, shape in render.SHAPES.items():
        fields = found[shape.__name__]["properties"]
        definitions[name] = {
            "type": "object",
            "properties": {field: _older(field, one, names) for field, one in fields.items()},
            "required": [one.name for one in msgspec.structs.fields(shape) if UnsetType not in get_args(one.type)],
        }
    return definitions


def _older(field: str, schema: Json, names: dict[str, str]) -> Json:
    if field == "extras":
        return OBJECT
    if "$ref" in schema:
        return {"$ref": REF.format(name=names[schema["$ref"].rpartition("/")[2]])}
    if "items" in schema:
        return {"type": "array", "items": _older("", schema["items"], names)}
    if "anyOf" in schema:
        one = next(each for each in schema["anyOf"] if each != {"type": "null"})
        return _older(field, one, names) | {"x-nullable": True}
    return DATE if field in DATES else INTEGER if schema["type"] == "integer" else {"type": schema["type"]}
