from __future__ import annotations

import re
from typing import Any

import pytest

from tests.dialects.gotify.conftest import Served, basic, key, problem


async def test_a_client_is_created_with_its_token_and_listed_without(served: Served) -> None:
    response = await served.here.post("/client", headers=basic("ada", "ada"), json={"name": "Pixel"})
    created = response.json()
    token = created.pop("token")
    assert re.fullmatch("C[0-9A-Za-z]{14}", token)
    assert created == {
        "id": 2,
        "name": "Pixel",
        "createdAt": "2026-09-01T12:00:00Z",
        "lastUsed": None,
        "expiresAfterInactivitySeconds": 0,
    }
    listed = (await served.get("/client")).json()
    assert ([client["name"] for client in listed], listed[1]) == (["phone", "Pixel"], created)
    assert (await served.get("/message", headers=key(token))).status_code == 200


@pytest.mark.parametrize("expires", [0, None, "", "0"])
async def test_a_client_that_does_not_expire_may_be_asked_for(served: Served, expires: Any) -> None:
    body = {"name": "Pixel", "expiresAfterInactivitySeconds": expires}
    response = await served.here.post("/client", headers=key(served.client), json=body)
    assert response.json()["expiresAfterInactivitySeconds"] == 0


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "Field 'name' is required"),
        ({"name": None}, "Field 'name' is required"),
        ({"name": []}, "json: cannot unmarshal into Go struct field name of type string"),
        (
            {"name": "Pixel", "expiresAfterInactivitySeconds": 60},
            "clients that expire are not supported yet: leave out expiresAfterInactivitySeconds, or send 0",
        ),
    ],
)
async def test_what_a_client_cannot_be(served: Served, body: Any, text: str) -> None:
    response = await served.here.post("/client", headers=key(served.client), json=body)
    assert problem(response) == (400, text)
    assert len((await served.get("/client")).json()) == 1


async def test_each_user_has_clients_of_his_own(served: Served) -> None:
    await served.house.user("eve")
    assert (await served.here.get("/client", headers=basic("eve", "eve"))).content == b"[]"
