from __future__ import annotations

from typing import Any

import pytest

from carillon.core.models import User
from tests.dialects.native.conftest import Api

GROUPS = "/api/1/groups"


@pytest.fixture
async def eve(api: Api) -> User:
    return await api.house.user("eve")


@pytest.fixture
async def root(api: Api) -> str:
    """The token of an admin's device that has been shown his password."""
    admin = await api.house.user("root", admin=True)
    return await elevated(api, admin)


async def elevated(api: Api, user: User) -> str:
    """The token of a new device."""
    device, token = await api.house.accounts.devices.add(user.id, "desk")
    await api.house.accounts.devices.elevate(user.id, device.id, 3600)
    return token


@pytest.fixture
async def eves(api: Api, eve: User) -> str:
    """The token of Eve's device, elevated."""
    return await elevated(api, eve)


async def listed(api: Api, token: str) -> list[tuple[str, str]]:
    found = (await api.get("/api/1/applications", token=token))["applications"]
    return [(one["name"], one["role"]) for one in found]


async def test_an_admin_keeps_the_groups(api: Api, root: str, eve: User) -> None:
    made = await api.call("POST", GROUPS, token=root, json={"name": "family"})
    family = made.json()
    assert family == {"id": family["id"], "name": "family", "created": "2026-09-01T12:00:00.000000Z"}
    path = f"{GROUPS}/{family['id']}"
    await api.refused("POST", GROUPS, status=409, token=root, json={"name": "family"})
    renamed = await api.call("PATCH", path, token=root, json={"name": "home"})
    assert renamed.json() == family | {"name": "home"}
    assert await api.get(GROUPS) == {"groups": [family | {"name": "home"}]}

    joined = await api.call("POST", f"{path}/members", token=root, json={"user": "eve"})
    assert joined.json() == {"members": [{"id": eve.id, "name": "eve"}]} == await api.get(f"{path}/members", token=root)
    assert (await api.call("DELETE", f"{path}/members?user=eve", token=root)).status_code == 204
    await api.refused("DELETE", f"{path}/members?user=eve", status=404, token=root)
    await api.refused("POST", f"{path}/members", status=404, token=root, json={"user": "nobody"})
    error = await api.refused("DELETE", f"{path}/members", status=400, token=root)
    assert error["field"] == "user"

    assert (await api.call("DELETE", path, token=root)).status_code == 204
    await api.refused("DELETE", path, status=404, token=root)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", GROUPS, {"name": "mine"}),
        ("PATCH", f"{GROUPS}/1", {"name": "mine"}),
        ("DELETE", f"{GROUPS}/1", None),
        ("GET", f"{GROUPS}/1/members", None),
        ("POST", f"{GROUPS}/1/members", {"user": "ada"}),
        ("DELETE", f"{GROUPS}/1/members?user=ada", None),
    ],
)
async def test_others_do_not(api: Api, method: str, path: str, body: Any) -> None:
    family = await api.house.accounts.groups.add("family")
    await api.house.accounts.groups.join(family.id, api.ada.id)
    options = {} if body is None else {"json": body}
    error = await api.refused(method, path, status=403, token=await elevated(api, api.ada), **options)
    assert "only admins" in error["message"]
    await api.house.store.update_user(api.ada.id, admin=True)
    api.house.access.forget()
    if method == "GET":  # to look, an admin need not show his password
        assert [member["name"] for member in (await api.get(path))["members"]] == ["ada"]
    else:
        error = await api.refused(method, path, status=403, **options)
        assert error["code"] == "elevation_needed"
        assert "takes the password" in error["message"]
    assert [group.name for group in await api.house.accounts.groups.all()] == ["family"]
    assert await api.house.accounts.groups.members(family.id) == [await api.house.accounts.users.named("ada")]


async def test_an_application_is_shared_with_a_user(api: Api, eve: User, eves: str) -> None:
    path = f"/api/1/applications/{api.backup.application.id}/shares"
    shared = await api.call("POST", path, json={"user": "eve"})
    both = [
        {"role": "owner", "name": "ada", "user": api.ada.id},
        {"role": "member", "name": "eve", "user": eve.id},
    ]
    assert shared.json() == {"shares": both} == await api.get(path)
    assert await listed(api, eves) == [("Backup", "member")]
    await api.send("for both")
    assert [one["message"] for one in (await api.get("/api/1/inbox", token=eves))["messages"]] == ["for both"]

    assert (await api.call("DELETE", f"{path}?user=eve")).status_code == 204
    await api.send("for ada")
    assert [one["message"] for one in (await api.get("/api/1/inbox", token=eves))["messages"]] == ["for both"]
    assert await listed(api, eves) == [("Backup", "receiver")]
    await api.refused("DELETE", f"{path}?user=eve", status=404)


async def test_an_application_is_shared_with_a_group(api: Api, eve: User, eves: str) -> None:
    path = f"/api/1/applications/{api.backup.application.id}/shares"
    family = await api.house.accounts.groups.add("family")
    await api.house.accounts.groups.join(family.id, eve.id)
    shared = (await api.call("POST", path, json={"group": "family"})).json()
    assert shared["shares"][1] == {"role": "member", "name": "family", "group": family.id}
    await api.send("for all")
    assert len((await api.get("/api/1/inbox", token=eves))["messages"]) == 1
    assert (await api.call("DELETE", f"{path}?group=family")).status_code == 204
    assert (await api.get(path))["shares"] == shared["shares"][:1]


@pytest.mark.parametrize(
    ("with_whom", "status"),
    [({}, 400), ({"user": "eve", "group": "family"}, 400), ({"user": "nobody"}, 404), ({"group": "nobody"}, 404)],
)
async def test_with_whom_it_cannot_be_shared(api: Api, eve: User, with_whom: dict[str, str], status: int) -> None:
    await api.house.accounts.groups.add("family")
    path = f"/api/1/applications/{api.backup.application.id}/shares"
    await api.refused("POST", path, status=status, json=with_whom)
    await api.refused("DELETE", path, status=status, params=with_whom)
    assert len((await api.get(path))["shares"]) == 1


async def test_only_its_owner_shares_it(api: Api, eves: str) -> None:
    path = f"/api/1/applications/{api.backup.application.id}/shares"
    for method, options in (("GET", {}), ("POST", {"json": {"user": "eve"}}), ("DELETE", {"params": {"user": "eve"}})):
        await api.refused(method, path, status=404, token=eves, **options)
    await api.call("POST", path, json={"user": "eve"})
    for method, options in (("GET", {}), ("POST", {"json": {"user": "eve"}}), ("DELETE", {"params": {"user": "eve"}})):
        await api.refused(method, path, status=403, token=eves, **options)


async def test_who_leaves_has_nothing_of_it_and_its_owner_ends_it(api: Api, eves: str) -> None:
    path = f"/api/1/applications/{api.backup.application.id}"
    await api.call("POST", f"{path}/shares", json={"user": "eve"})
    await api.send("for both")
    assert (await api.call("DELETE", path, token=eves)).status_code == 204
    assert await listed(api, eves) == []
    assert (await api.get("/api/1/inbox", token=eves))["messages"] == []
    assert len((await api.get("/api/1/inbox"))["messages"]) == 1
    await api.refused("DELETE", path, status=404, token=eves)

    await api.refused("DELETE", path, status=403)
    assert (await api.call("DELETE", path, token="", auth=("ada", "ada"))).status_code == 204
    assert await listed(api, api.token) == []
    await api.refused("POST", "/api/1/messages", status=401, token=api.application_token, json={"message": "x"})
