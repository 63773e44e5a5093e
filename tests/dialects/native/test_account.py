from __future__ import annotations

import pytest

from tests.dialects.native.conftest import Api

NOON = "2026-09-01T12:00:00.000000Z"


async def test_who_asks_by_token_and_by_password(api: Api) -> None:
    by_token = await api.get("/api/1/user")
    devices = (await api.get("/api/1/devices"))["devices"]
    assert by_token == {
        "id": api.ada.id,
        "name": "ada",
        "admin": False,
        "initial_password": False,
        "created": NOON,
        "device": devices[0]["id"],
    }
    assert await api.get("/api/1/user", token="", auth=("ada", "ada")) == by_token | {"device": None}


async def test_applications_in_the_users_order(api: Api) -> None:
    door, _ = await api.house.sender(api.ada, "Door")
    found = (await api.get("/api/1/applications"))["applications"]
    assert [one["name"] for one in found] == ["Backup", "Door"]
    assert found[1] == {
        "id": door.application.id,
        "name": "Door",
        "description": "",
        "default_priority": 0,
        "role": "owner",
        "sort_key": found[1]["sort_key"],
        "cleared_to": 0,
        "created": NOON,
        "last_used": None,
    }


async def test_a_new_device_shows_its_token_once(api: Api) -> None:
    made = (await api.call("POST", "/api/1/devices", json={"name": "tablet"})).json()
    token = made.pop("token")
    assert made == {"id": made["id"], "name": "tablet", "created": NOON, "last_used": None}
    assert (await api.get("/api/1/user", token=token))["device"] == made["id"]
    listed = (await api.get("/api/1/devices"))["devices"]
    assert [one["name"] for one in listed] == ["phone", "tablet"]
    assert all("token" not in one for one in listed)


@pytest.mark.parametrize("name", ["", None, 5])
async def test_a_device_has_a_name(api: Api, name: object) -> None:
    error = await api.refused("POST", "/api/1/devices", status=400, json={"name": name})
    assert error["field"] == "name"
