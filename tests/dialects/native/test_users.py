from __future__ import annotations

from typing import Any

import pytest

from carillon.core.models import User
from tests.builders import LOCAL, Stream
from tests.dialects.native.conftest import Api

NOON = "2026-09-01T12:00:00.000000Z"
USERS, PEOPLE = "/api/1/users", "/api/1/people"
ROOT: dict[str, Any] = {"token": "", "auth": ("root", "root")}


@pytest.fixture
async def root(api: Api) -> User:
    return await api.house.user("root", admin=True)


async def test_everybody_may_know_whom_one_can_share_with(api: Api, root: User) -> None:
    family = await api.house.accounts.groups.add("family")
    assert await api.get(PEOPLE) == {
        "users": [{"id": api.ada.id, "name": "ada"}, {"id": root.id, "name": "root"}],
        "groups": [{"id": family.id, "name": "family"}],
    }


async def test_an_admin_sees_all_users(api: Api, root: User) -> None:
    await api.house.access.device(api.token, LOCAL)
    await api.house.access.note_uses()
    assert (await api.get(USERS, **ROOT))["users"] == [
        {
            "id": api.ada.id,
            "name": "ada",
            "admin": False,
            "created": NOON,
            "initial_password": False,
            "applications": 1,
            "devices": 1,
            "last_used": NOON,
        },
        {
            "id": root.id,
            "name": "root",
            "admin": True,
            "created": NOON,
            "initial_password": False,
            "applications": 0,
            "devices": 0,
            "last_used": None,
        },
    ]


async def test_a_user_is_made_changed_and_deleted(api: Api, root: User) -> None:
    made = (await api.call("POST", USERS, json={"name": "eve", "password": "pass"}, **ROOT)).json()
    path = f"{USERS}/{made['id']}"
    assert (made["name"], made["admin"], made["initial_password"]) == ("eve", False, False)
    eve = await api.house.accounts.users.get(made["id"])
    _, secret = await api.house.accounts.devices.open_session(eve, "browser")
    changed = (await api.call("PATCH", path, json={"name": "eva", "admin": True, "password": "new"}, **ROOT)).json()
    assert changed == made | {"name": "eva", "admin": True}
    await api.refused("GET", "/api/1/user", status=401, token=secret)
    await api.get(USERS, token="", auth=("eva", "new"))
    unchanged = (await api.call("PATCH", path, json={"admin": False}, **ROOT)).json()
    assert unchanged == made | {"name": "eva"}

    stream = Stream(None)
    api.house.hub.join(eve.id, stream)
    await api.house.sender(eve, "Door")
    assert await api.get(f"{path}/holdings", **ROOT) == {"applications": ["Door"], "devices": 0, "messages": 0}
    assert (await api.call("DELETE", path, **ROOT)).status_code == 204
    assert stream.ended
    for method, below, body in (
        ("DELETE", "", None),
        ("PATCH", "", {"name": "x"}),
        ("GET", "/holdings", None),
    ):
        await api.refused(method, path + below, status=404, json=body, **ROOT)


@pytest.mark.parametrize(
    ("method", "body", "status", "field"),
    [
        ("POST", {"name": "ada", "password": "x"}, 409, None),
        ("POST", {"name": "", "password": "x"}, 400, "name"),
        ("POST", {"name": "eve", "password": ""}, 400, "password"),
        ("POST", {"name": "eve"}, 400, "password"),
        ("POST", {"name": "x" * 257, "password": "x"}, 413, None),
        ("PATCH", {}, 400, None),
        ("PATCH", {"name": None, "admin": None}, 400, None),
        ("PATCH", {"name": "ada"}, 409, None),
        ("PATCH", {"admin": False}, 409, None),
        ("PATCH", {"password": ""}, 400, "password"),
        ("PATCH", {"created": 0}, 400, "created"),
        ("DELETE", None, 409, None),
    ],
)
async def test_what_cannot_be_done_to_a_user(
    api: Api, root: User, method: str, body: Any, status: int, field: str | None
) -> None:
    before = await api.get(USERS, **ROOT)
    path = USERS if method == "POST" else f"{USERS}/{root.id}"
    assert (await api.refused(method, path, status=status, json=body, **ROOT)).get("field") == field
    assert await api.get(USERS, **ROOT) == before


async def test_admins_look_without_the_password_and_change_nothing_without_it(api: Api, root: User) -> None:
    _, token = await api.house.accounts.devices.add(root.id, "phone")
    await api.get(USERS, token=token)
    await api.get(f"{USERS}/{api.ada.id}/holdings", token=token)
    for method, path, body in (
        ("POST", USERS, {"name": "eve", "password": "x"}),
        ("PATCH", f"{USERS}/{api.ada.id}", {"admin": True}),
        ("DELETE", f"{USERS}/{api.ada.id}", None),
    ):
        assert (await api.refused(method, path, status=403, token=token, json=body))["code"] == "elevation_needed"
    for path in (USERS, f"{USERS}/{api.ada.id}/holdings"):
        assert (await api.refused("GET", path, status=403))["code"] == "forbidden"
