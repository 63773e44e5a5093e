from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.native.conftest import Api

NOON = "2026-09-01T12:00:00.000000Z"
USER, PASSWORD = "/api/1/user", "/api/1/user/password"


async def test_who_asks_by_token_and_by_password(api: Api) -> None:
    by_token = await api.get(USER)
    devices = (await api.get("/api/1/devices"))["devices"]
    assert by_token == {
        "id": api.ada.id,
        "name": "ada",
        "admin": False,
        "initial_password": False,
        "created": NOON,
        "device": devices[0]["id"],
        "elevated_until": None,
    }
    assert await api.get(USER, token="", auth=("ada", "ada")) == by_token | {"device": None}


async def test_a_new_password_ends_the_other_sessions(api: Api) -> None:
    devices = api.house.accounts.devices
    (_, here), (_, there) = [await devices.open_session(api.ada, name) for name in ("here", "there")]
    answer = await api.call("PUT", PASSWORD, token=here, json={"current": "ada", "new": "better"})
    assert (answer.status_code, answer.content) == (204, b"")
    await api.get(USER, token=here)
    await api.get(USER)
    await api.refused("GET", USER, status=401, token=there)
    await api.refused("GET", USER, status=401, token="", auth=("ada", "ada"))
    await api.get(USER, token="", auth=("ada", "better"))


async def test_by_password_all_sessions_end(api: Api) -> None:
    _, secret = await api.house.accounts.devices.open_session(api.ada, "there")
    await api.call("PUT", PASSWORD, token="", auth=("ada", "ada"), json={"current": "ada", "new": "better"})
    await api.refused("GET", USER, status=401, token=secret)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"current": "eve", "new": "better"}, 400, "current"),
        ({"current": "ada", "new": "ada"}, 400, "new"),
        ({"current": "ada", "new": ""}, 400, "new"),
        ({"new": "better"}, 400, "current"),
        ({"current": "ada", "new": "x" * 257}, 413, None),
        ({"current": "ada", "new": "a\0"}, 400, None),
    ],
)
async def test_a_password_that_is_not_changed(api: Api, body: Any, status: int, field: str | None) -> None:
    error = await api.refused("PUT", PASSWORD, status=status, json=body)
    assert error.get("field") == field
    await api.get(USER, token="", auth=("ada", "ada"))
