from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from carillon.core.access import Actor
from carillon.core.kit import Build
from carillon.core.limits import Limits
from carillon.dialects.native.openapi import describe
from carillon.dialects.native.operations import OPERATIONS
from tests.dialects.native.conftest import Api

DESCRIBED = describe(OPERATIONS, Limits(), Build("1.2.3"))

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
TYPES = {"string", "integer", "number", "boolean", "array", "object", "null"}
KEYWORDS = {
    "$ref", "additionalProperties", "anyOf", "const", "default", "description", "discriminator", "enum", "examples",
    "format", "items", "maxItems", "maxLength", "maximum", "minItems", "minLength", "minimum", "prefixItems",
    "pattern", "properties", "required", "title", "type",
}  # fmt: skip


def nodes(node: Any) -> Iterator[Any]:
    yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nodes(inner)


def operations() -> Iterator[tuple[str, str, Any]]:
    for path, methods in DESCRIBED["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def schemas() -> Iterator[Any]:
    """Every schema, also those within schemas."""
    roots = [*DESCRIBED["components"]["schemas"].values()]
    placed = nodes([DESCRIBED["paths"], DESCRIBED["components"]["responses"]])
    roots += [node["schema"] for node in placed if isinstance(node, dict) and isinstance(node.get("schema"), dict)]
    while roots:
        schema = roots.pop()
        yield schema
        roots += schema.get("properties", {}).values()
        roots += schema.get("anyOf", [])
        roots += schema.get("prefixItems", [])
        if "items" in schema:
            roots.append(schema["items"])


def test_the_frame() -> None:
    assert set(DESCRIBED) == {"openapi", "info", "servers", "paths", "components"}
    assert re.fullmatch(r"3\.1\.\d", DESCRIBED["openapi"])
    assert DESCRIBED["info"]["title"]
    assert DESCRIBED["info"]["version"] == "1.2.3"


def test_every_reference_leads_somewhere() -> None:
    found = 0
    for node in nodes(DESCRIBED):
        if isinstance(node, dict) and "$ref" in node:
            _, *names = node["$ref"].split("/")
            target = DESCRIBED
            for name in names:
                target = target[name]
            found += 1
    assert found > 50


def test_every_shape_is_used() -> None:
    used = {node["$ref"].split("/")[-1] for node in nodes(DESCRIBED) if isinstance(node, dict) and "$ref" in node}
    assert used >= set(DESCRIBED["components"]["schemas"])
    assert set(DESCRIBED["components"]["responses"]) == {name for name in used if name.isdigit()}


def test_operations_are_whole() -> None:
    names = [operation["operationId"] for *_, operation in operations()]
    assert len(names) == len(set(names))
    for method, path, operation in operations():
        assert method in METHODS
        assert path.startswith("/api/")
        assert set(operation) <= {
            "operationId", "summary", "description", "security", "parameters", "requestBody", "responses",
        }  # fmt: skip
        assert re.fullmatch(r"[a-z_]+", operation["operationId"])
        in_path = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
        assert in_path == set(re.findall(r"\{(\w+)\}", path))
        for one in operation.get("parameters", ()):
            assert set(one) <= {"name", "in", "description", "required", "schema"}
            assert one["in"] in {"path", "query", "header"}
            assert one["schema"].get("type") in TYPES or one["schema"]["enum"]
        assert any(status.startswith("2") for status in operation["responses"])
        for answer in operation["responses"].values():
            assert "$ref" in answer or answer["description"]
        if "requestBody" in operation:
            assert set(operation["requestBody"]["content"]) in ({"application/json"}, {"image/*"})
        for wanted in operation["security"]:
            assert set(wanted) <= set(DESCRIBED["components"]["securitySchemes"])


def test_schemas_hold_only_what_json_schema_knows() -> None:
    for schema in schemas():
        assert set(schema) <= KEYWORDS, schema
        kinds = schema.get("type", [])
        assert {kinds} if isinstance(kinds, str) else set(kinds) <= TYPES
        assert set(schema.get("required", ())) <= set(schema.get("properties", ()))


def parameter(path: str, name: str, described: Any = DESCRIBED) -> Any:
    return next(one["schema"] for one in described["paths"][path]["get"]["parameters"] if one["name"] == name)


def test_the_numbers_are_those_of_the_installation() -> None:
    described = describe(OPERATIONS, Limits(page=7, changes=8, batch=9, title=10), Build(""))
    assert parameter("/api/1/inbox", "limit", described)["maximum"] == 7
    assert parameter("/api/1/changes", "limit", described)["maximum"] == 8
    shapes = described["components"]["schemas"]
    assert shapes["MarkIds"]["properties"]["ids"]["maxItems"] == 9
    title = shapes["NewMessage"]["properties"]["title"]
    assert title["anyOf"][0] == {"type": "string", "maxLength": 10}
    assert title["description"].endswith("At most 10 bytes")
    assert "x-limit" not in str(described)


@pytest.mark.parametrize(
    ("path", "name"), [("/api/1/inbox", "limit"), ("/api/1/changes", "limit"), ("/api/1/changes", "wait")]
)
async def test_a_described_bound_is_the_bound(api: Api, path: str, name: str) -> None:
    most = parameter(path, name)["maximum"]
    await api.send()
    await api.get(f"{path}?{name}={most}")
    await api.refused("GET", f"{path}?{name}={most + 1}", status=400)


# Instead of the examples that name what is not in every installation.
HERE: dict[str, Any] = {
    "/api/1/session": {"name": "ada", "password": "ada"},
    "/api/1/session/elevate": {"password": "ada"},
    "/api/1/registrations": {"name": "bob", "password": "secret"},
    "/api/1/users": {"name": "max", "password": "secret"},
    "/api/1/applications/order": {"ids": [1]},
    "/api/1/services": {"kind": "bell", "name": "Bell", "options": {"secret": "hush"}},
    "/api/1/services/check": {"kind": "bell", "options": {"secret": "hush"}},
    "/api/1/services/test": {"kind": "bell", "options": {"secret": "hush"}},
}


def png() -> bytes:
    out = BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    return out.getvalue()


async def asked_to_agree(api: Api) -> tuple[int, str]:
    """A service whose recipient is asked: its id, and the code he was sent."""
    options = {"secret": "hush", "to": ["eve@example.org"]}
    made = await api.call("POST", "/api/1/services", json={"kind": "bell", "name": "Bell", "options": options})
    return made.json()["id"], api.house.bell.parcels[-1].body.partition("/#/confirm/")[2].split()[0]


async def test_every_example_is_taken(api: Api) -> None:
    service, code = await asked_to_agree(api)
    for number in range(41):
        await api.send(str(number))
    sent = await api.send("https://img.example.org/chart.png")
    await api.house.store.update_user(api.ada.id, admin=True)
    (phone,) = await api.house.accounts.devices.of(api.ada.id)
    await api.house.accounts.devices.elevate(api.ada.id, phone.id, 3600)
    eve = await api.house.user("eve")
    family = await api.house.accounts.groups.add("family")
    spare, _ = await api.house.accounts.tokens.add("application", api.backup.application.id)
    api.house.kit.site.registration = True
    ids = {
        "inbox": 42,
        "applications": api.backup.application.id,
        "groups": family.id,
        "users": eve.id,
        "devices": phone.id,
        "services": service,
        "deliveries": 1,
    }
    here = HERE | {"/api/1/confirm": {"code": code}}
    paired = [await api.house.accounts.pairings.make(Actor(api.ada), "tablet") for _ in range(2)]
    here |= {f"/api/1/pairings/{door}": {"code": paired[0][1]} for door in ("look", "device")}
    here["/api/1/pairings/session"] = {"code": paired[1][1]}
    for method, path, operation in operations():
        if method == "delete" or "application/json" not in operation["responses"].get("200", {}).get("content", {}):
            continue
        options: dict[str, Any] = {}
        if body := operation.get("requestBody"):
            if "application/json" in body["content"]:
                options["json"] = here.get(path, body["content"]["application/json"]["example"])
            else:
                options = {"content": png(), "headers": {"Content-Type": "image/png"}}
        token = api.application_token if path == "/api/1/messages" else api.token
        there = path.replace("{id}", str(ids.get(path.split("/")[3])))
        there = there.replace("{public_id}", paired[0][0].id if "pairings" in path else sent["public_id"])
        there = there.replace("{token}", str(spare.id))
        answer = await api.call(method.upper(), there, token=token, **options)
        assert answer.status_code == 200, (method, path, answer.text)
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert fits(answer.json(), schema) == [], (method, path)


async def test_a_refusal_is_as_described(api: Api) -> None:
    refused = (await api.call("GET", "/api/1/inbox/x")).json()
    assert fits(refused, {"$ref": "#/components/schemas/Error"}) == []
    assert fits({"error": {"status": "x"}}, {"$ref": "#/components/schemas/Error"}) != []


def fits(value: Any, schema: Any, at: str = "$") -> list[str]:
    """What of an answer its schema does not say: also fields that it does not name."""
    if "$ref" in schema:
        schema = DESCRIBED["components"]["schemas"][schema["$ref"].split("/")[-1]]
    if "anyOf" in schema:
        tried = [fits(value, one, at) for one in schema["anyOf"]]
        return [] if [] in tried else sum(tried, [f"{at}: none of these:"])
    kinds: dict[str, type] = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "boolean": bool,
        "null": type(None),
    }
    kinds["number"] = float
    kind = schema.get("type")
    faults = []
    if kind is not None and type(value) not in (kinds[kind], int if kind == "number" else kinds[kind]):
        return [f"{at} is no {kind}: {value!r}"]
    if "enum" in schema and value not in schema["enum"]:
        faults.append(f"{at} is none of {schema['enum']}")
    if kind == "object" and "properties" in schema:
        faults += [f"{at}.{name} is missing" for name in schema.get("required", ()) if name not in value]
        faults += [f"{at}.{name} is not described" for name in value if name not in schema["properties"]]
        for name, inner in schema["properties"].items():
            if name in value:
                faults += fits(value[name], inner, f"{at}.{name}")
    if kind == "array":
        for number, one in enumerate(value):
            inner = schema["prefixItems"][number] if "prefixItems" in schema else schema["items"]
            faults += fits(one, inner, f"{at}[{number}]")
    return faults
