from __future__ import annotations

from typing import Any

import pytest

from tests.builders import DAY, SECOND, Stream
from tests.dialects.native.conftest import Api

NOON = "2026-09-01T12:00:00.000000Z"
DEVICES, SESSIONS = "/api/1/devices", "/api/1/sessions"


async def elevate(api: Api) -> None:
    (phone, *_) = await api.house.accounts.devices.of(api.ada.id)
    await api.house.accounts.devices.elevate(api.ada.id, phone.id, 60)


async def test_a_new_device_shows_its_token_once(api: Api) -> None:
    made = (await api.call("POST", DEVICES, json={"name": "tablet", "expires_after": 60})).json()
    token = made.pop("token")
    assert made == {
        "id": made["id"],
        "name": "tablet",
        "kind": "device",
        "created": NOON,
        "last_used": None,
        "expires": "2026-09-01T12:01:00.000000Z",
        "expires_after": 60,
        "online": False,
    }
    assert (await api.get("/api/1/user", token=token))["device"] == made["id"]
    listed = (await api.get(DEVICES))["devices"]
    assert [one["name"] for one in listed] == ["phone", "tablet"]
    assert all("token" not in one for one in listed)


async def test_a_device_with_an_open_stream_is_online(api: Api) -> None:
    desk = (await api.call("POST", DEVICES, json={"name": "desk"})).json()
    stream = Stream(desk["id"])
    api.house.hub.join(api.ada.id, stream)
    assert [one["online"] for one in (await api.get(DEVICES))["devices"]] == [False, True]
    api.house.hub.leave(api.ada.id, stream)
    assert [one["online"] for one in (await api.get(DEVICES))["devices"]] == [False, False]


async def test_a_device_is_renamed_and_given_an_end(api: Api) -> None:
    path = f"{DEVICES}/1"
    changed = (await api.call("PATCH", path, json={"name": "old phone"})).json()
    assert (changed["name"], changed["expires"], changed["expires_after"]) == ("old phone", None, 0)
    changed = (await api.call("PATCH", path, json={"expires_after": 86400})).json()
    assert (changed["name"], changed["expires"]) == ("old phone", "2026-09-02T12:00:00.000000Z")
    assert changed == (await api.get(DEVICES))["devices"][0]
    api.house.clock.advance(DAY - SECOND)
    await api.get(DEVICES)
    api.house.clock.advance(DAY)
    await api.refused("GET", DEVICES, status=401)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, None),
        ({"name": None}, None),
        ({"name": ""}, "name"),
        ({"name": 5}, "name"),
        ({"expires_after": -1}, "expires_after"),
        ({"expires_after": 2**31}, "expires_after"),
        ({"kind": "session"}, "kind"),
    ],
)
async def test_what_a_device_cannot_become(api: Api, body: Any, field: str | None) -> None:
    before = await api.get(DEVICES)
    assert (await api.refused("PATCH", f"{DEVICES}/1", status=400, json=body)).get("field") == field
    assert await api.get(DEVICES) == before


@pytest.mark.parametrize("name", ["", None, 5])
async def test_a_device_has_a_name(api: Api, name: object) -> None:
    error = await api.refused("POST", DEVICES, status=400, json={"name": name})
    assert error["field"] == "name"


async def test_a_revoked_device_is_out_at_once(api: Api) -> None:
    desk = (await api.call("POST", DEVICES, json={"name": "desk"})).json()
    stream = Stream(desk["id"])
    api.house.hub.join(api.ada.id, stream)
    path = f"{DEVICES}/{desk['id']}"
    assert (await api.refused("DELETE", path, status=403))["code"] == "elevation_needed"
    await elevate(api)
    assert (await api.call("DELETE", path)).status_code == 204
    assert stream.ended == [1008]
    await api.refused("GET", DEVICES, status=401, token=desk["token"])
    await api.refused("DELETE", path, status=404)


async def test_sessions_are_listed_apart_and_say_which_one_asks(api: Api) -> None:
    devices = api.house.accounts.devices
    (first, _), (second, secret) = [await devices.open_session(api.ada, name) for name in ("first", "second")]
    assert [one["name"] for one in (await api.get(DEVICES))["devices"]] == ["phone"]
    listed = (await api.get(SESSIONS, token=secret))["sessions"]
    assert listed[1] == {
        "id": second.id,
        "name": "second",
        "created": NOON,
        "last_used": NOON,
        "expires": "2026-10-01T12:00:00.000000Z",
        "current": True,
    }
    assert (listed[0]["id"], listed[0]["current"]) == (first.id, False)
    assert not any(one["current"] for one in (await api.get(SESSIONS))["sessions"])


async def test_a_session_ends_without_the_password(api: Api) -> None:
    first, secret = await api.house.accounts.devices.open_session(api.ada, "first")
    assert (await api.call("DELETE", f"{SESSIONS}/{first.id}")).status_code == 204
    await api.refused("GET", SESSIONS, status=401, token=secret)


async def test_all_others_end(api: Api) -> None:
    devices = api.house.accounts.devices
    secrets = [(await devices.open_session(api.ada, name))[1] for name in ("1", "2", "3")]
    assert (await api.call("DELETE", SESSIONS, token=secrets[1])).status_code == 204
    assert [one["name"] for one in (await api.get(SESSIONS))["sessions"]] == ["2"]
    assert (await api.call("DELETE", SESSIONS)).status_code == 204
    assert (await api.get(SESSIONS))["sessions"] == []
    assert len((await api.get(DEVICES))["devices"]) == 1


async def test_a_device_is_no_session_and_a_session_no_device(api: Api) -> None:
    session, _ = await api.house.accounts.devices.open_session(api.ada, "browser")
    await elevate(api)
    for method, path, body in (
        ("DELETE", f"{SESSIONS}/1", None),
        ("DELETE", f"{DEVICES}/{session.id}", None),
        ("PATCH", f"{DEVICES}/{session.id}", {"name": "mine"}),
    ):
        await api.refused(method, path, status=404, json=body)
    assert len(await api.house.accounts.devices.of(api.ada.id)) == 2
