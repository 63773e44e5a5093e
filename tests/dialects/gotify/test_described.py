from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from carillon.dialects import gotify
from carillon.dialects.gotify.described import OPERATIONS
from carillon.dialects.gotify.swagger import describe

FACTS = json.loads((Path(__file__).parents[2] / "data/gotify/v3.0.0.json").read_text())
FILES = {("GET", "/image/{file}"), ("HEAD", "/image/{file}"), ("GET", "/static/defaultapp.png"), ("HEAD", "/health")}

PUBLISHED = {
    (method.upper(), path): operation
    for path, methods in FACTS["paths"].items()
    for method, operation in methods.items()
    if "/oidc/" not in path
}
OURS = describe(OPERATIONS)


def test_every_route_is_described_and_nothing_else() -> None:
    assert {("POST", "/message"), *((method, path) for method, path, _ in gotify.ROUTES)} == OPERATIONS.keys()


def test_what_is_described_is_gotifys() -> None:
    assert OPERATIONS.keys() - FILES == PUBLISHED.keys()


@pytest.mark.parametrize(("method", "path"), PUBLISHED)
def test_an_operation_is_as_gotify_describes_it(method: str, path: str) -> None:
    """The same name, credentials, parameters and answer, so that a client made from one speaks to the other."""
    theirs, ours = PUBLISHED[method, path], OURS["paths"][path][method.lower()]
    assert ours["operationId"] == theirs["operationId"]
    assert _schemes(ours) >= _schemes(theirs)
    assert _parameters(ours) == _parameters(theirs)
    assert ours.get("consumes", ["application/json"])[0] == theirs.get("consumes", ["application/json"])[0] or (
        method,
        path,
    ) == ("POST", "/plugin/{id}/config")
    status = next(status for status in theirs["responses"] if status < "300")
    answer = theirs["responses"][status].get("schema")
    if answer is not None and (method, path) not in ANSWER_OTHERWISE:
        assert ours["responses"][status]["schema"].items() >= answer.items()


# Gotify's says less than it does: there it is a CurrentUser.
ANSWER_OTHERWISE = {("GET", "/current/user")}


@pytest.mark.parametrize("name", [name for name in FACTS["definitions"] if "OIDC" not in name])
def test_a_shape_has_the_fields_that_gotify_describes(name: str) -> None:
    theirs, ours = FACTS["definitions"][name], OURS["definitions"][name]
    types = {field: (one.get("type"), one.get("$ref"), one.get("format")) for field, one in ours["properties"].items()}
    for field, one in theirs["properties"].items():
        expected = (one.get("type"), one.get("$ref"), one.get("format"))
        assert types.pop(field, None) == expected
    assert set(types) == ADDED.get(name, set())
    needed = set(theirs.get("required", ())) - {field for shape, field in OPTIONAL if shape == name}
    assert needed <= set(ours.get("required", ()))


ADDED = {"VersionInfo": {"carillon"}}
OPTIONAL = {("CreateUserExternal", "admin"), ("UpdateUserExternal", "admin")}


def _schemes(operation: dict[str, Any]) -> set[str]:
    return {name for scheme in operation.get("security", ()) for name in scheme}


def _parameters(operation: dict[str, Any]) -> set[tuple[str, str, str, bool]]:
    return {
        (one["in"], one["name"], str(one.get("type") or one["schema"]), bool(one.get("required")))
        for one in operation.get("parameters", ())
    }
