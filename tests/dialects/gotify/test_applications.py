from __future__ import annotations

import re
from typing import Any

import pytest

from tests.dialects.gotify.conftest import Served, basic, key, problem


async def create(served: Served, body: Any) -> Any:
    response = await served.here.post("/application", headers=key(served.client), json=body)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    return response.json()


async def test_an_application_is_created_with_its_token_and_listed_without(served: Served) -> None:
    created = await create(served, {"name": "Door", "description": "the <door>", "defaultPriority": -3})
    token = created.pop("token")
    assert re.fullmatch("A[0-9A-Za-z]{14}", token)
    assert created == {
        "id": 2,
        "name": "Door",
        "description": "the <door>",
        "internal": False,
        "image": "static/defaultapp.png",
        "defaultPriority": -3,
        "createdAt": "2026-09-01T12:00:00Z",
        "lastUsed": None,
        "sortKey": "a1",
    }
    listed = (await served.get("/application")).json()
    assert [application["name"] for application in listed] == ["Backup", "Door"]
    assert listed[1] == created
    assert (await served.post(json={"message": "a"}, headers=key(token))).json()["appid"] == 2


async def test_applications_are_listed_by_their_sort_key(served: Served) -> None:
    await create(served, {"name": "Last", "sortKey": "a9"})
    await create(served, {"name": "First", "sortKey": "Zz"})
    await create(served, {"name": "After", "sortKey": ""})
    listed = (await served.get("/application")).json()
    assert [(one["name"], one["sortKey"]) for one in listed] == [
        ("First", "Zz"),
        ("Backup", "a0"),
        ("Last", "a9"),
        ("After", "aA"),
    ]


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ({}, (400, "Field 'name' is required")),
        ({"name": ""}, (400, "Field 'name' is required")),
        ({"name": 5}, (400, "json: cannot unmarshal into Go struct field name of type string")),
        ({"name": "Door", "defaultPriority": "x"}, (400, 'strconv.ParseInt: parsing "x": invalid syntax')),
        ({"name": "Door", "defaultPriority": 2**31}, (400, "defaultPriority must be a 32-bit number")),
        ({"name": "Door", "sortKey": "a0"}, (400, "sort key is not unique")),
        ({"name": "a\0"}, (400, "name must not contain a zero byte")),
        ({"name": "x" * 257}, (413, "name is longer than 256 bytes")),
    ],
)
async def test_what_an_application_cannot_be(served: Served, body: Any, problems: tuple[int, str]) -> None:
    response = await served.here.post("/application", headers=key(served.client), json=body)
    assert problem(response) == problems
    assert len((await served.get("/application")).json()) == 1


async def test_a_form_makes_an_application_too(served: Served) -> None:
    for body in (
        {"data": {"name": "Door", "defaultPriority": "3"}},
        {"params": {"name": "Door", "defaultPriority": 3}},
    ):
        response = await served.here.post("/application", headers=basic("ada", "ada"), **body)
        assert (response.json()["name"], response.json()["defaultPriority"]) == ("Door", 3)


async def test_each_user_has_applications_of_his_own(served: Served) -> None:
    await served.house.user("eve")
    eve = basic("eve", "eve")
    assert (await served.here.get("/application", headers=eve)).content == b"[]"
    created = await served.here.post("/application", headers=eve, json={"name": "Door"})
    assert created.json()["sortKey"] == "a0"
    assert [one["name"] for one in (await served.get("/application")).json()] == ["Backup"]
