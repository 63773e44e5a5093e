from __future__ import annotations

import re
from typing import Any

from carillon.dialects.gotify import ROUTES
from tests.dialects.gotify.conftest import Served, basic

DOORS = {("POST", "/message"), *((method, path) for method, path, _ in ROUTES)}


async def described(served: Served, query: str = "") -> dict[str, Any]:
    response = await served.remote.get(f"/swagger{query}", headers={"Origin": "https://elsewhere.example"})
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    return dict(response.json())


async def test_all_doors_and_nothing_else_are_described(served: Served) -> None:
    about = await described(served)
    assert (about["swagger"], about["info"]["version"]) == ("2.0", "2.1.0")
    found = {(method.upper(), path) for path, methods in about["paths"].items() for method in methods}
    assert found == DOORS
    names = [one["operationId"] for methods in about["paths"].values() for one in methods.values()]
    assert len(names) == len(set(names))


async def test_every_reference_leads_to_a_shape(served: Served) -> None:
    about = await described(served)
    for name in re.findall(r"'#/definitions/(\w+)'", str(about)):
        assert about["definitions"][name]["properties"]
    used = {name for one in about["paths"].values() for each in one.values() for name in _schemes(each)}
    assert used == set(about["securityDefinitions"])


async def test_a_refusal_is_described_as_json_beside_other_media(served: Served) -> None:
    about = await described(served)
    produced = {path: about["paths"][path]["get"]["produces"] for path in ("/version", "/image/{file}")}
    assert produced == {"/version": ["application/json"], "/image/{file}": ["image/png", "application/json"]}


def _schemes(operation: dict[str, Any]) -> list[str]:
    return [name for scheme in operation.get("security", ()) for name in scheme]


async def test_what_is_answered_has_the_fields_that_are_described(served: Served) -> None:
    about = await described(served)
    await served.post(json={"message": "a", "extras": {"a::b": 1}})
    await served.post(json={"message": "b"})
    for path, operation in about["paths"].items():
        schema = operation.get("get", {}).get("responses", {}).get("200", {}).get("schema", {})
        if "{" in path or path == "/stream" or not {"$ref", "items"} & schema.keys():
            continue
        query = "?limit=1" if path == "/message" else ""
        response = await served.here.get(path + query, headers=basic("ada", "ada"))
        if response.status_code == 200:
            _fits(response.json(), schema, about["definitions"])
    answer = await served.here.get("/nothing")
    _fits(answer.json(), {"$ref": "#/definitions/Error"}, about["definitions"])


def _fits(value: Any, schema: dict[str, Any], definitions: dict[str, Any]) -> None:
    if "$ref" in schema:
        shape = definitions[schema["$ref"].rpartition("/")[2]]
        assert set(shape.get("required", ())) <= set(value) <= set(shape["properties"])
        for name, one in shape["properties"].items():
            if name in value:
                _fits(value[name], one, definitions)
    elif schema.get("type") == "array":
        for one in value:
            _fits(one, schema["items"], definitions)
    elif value is None:
        assert schema["x-nullable"]
    else:
        assert isinstance(value, {"integer": int, "string": str, "boolean": bool, "object": dict}[schema["type"]])
