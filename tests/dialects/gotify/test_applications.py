from __future__ import annotations

import re
from typing import Any

import httpx
import msgspec
import pytest

from carillon.core.models import User
from carillon.core.secrets import Vault
from carillon.core.tokens import Minting
from carillon.dialects import gotify
from carillon.front import Front
from tests.dialects.gotify.conftest import UNAUTHENTICATED, Served, basic, key, problem

ADA = basic("ada", "ada")
EVE = basic("eve", "eve")
NOT_ALLOWED = (403, "you are not allowed to access this api")
NOT_ELEVATED = (403, "session not elevated, use basic auth or call /client:elevate")


async def member(served: Served) -> User:
    """Eve, who is a member of the application 1."""
    eve = await served.house.user("eve")
    await served.house.accounts.applications.share(served.ada.id, 1, with_user=eve.id)
    return eve


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


# Changing


async def test_what_a_change_leaves_out_is_set_to_nothing_but_for_the_sort_key(served: Served) -> None:
    before = (await served.get("/application")).json()[0]
    whole = {"name": "Night", "description": "at night", "defaultPriority": 7, "sortKey": "a5"}
    response = await served.put("/application/1", json=whole)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert response.json() == {**before, **whole}
    assert (await served.get("/application")).json() == [response.json()]
    message = (await served.post(json={"message": "a"})).json()
    assert (message["title"], message["priority"]) == ("Night", 7)
    for fields in ({"name": "Day"}, {"name": "Day", "sortKey": ""}, {"name": "Day", "description": None}):
        bare = (await served.put("/application/1", json=fields)).json()
        assert (bare["description"], bare["defaultPriority"], bare["sortKey"]) == ("", 0, "a5")
    form = await served.put("/application/1", data={"name": "Form", "defaultPriority": "3"}, headers=ADA)
    assert (form.json()["name"], form.json()["defaultPriority"]) == ("Form", 3)


@pytest.mark.parametrize(
    ("path", "body", "problems"),
    [
        ("/application/1", {}, (400, "Field 'name' is required")),
        (
            "/application/1",
            {"name": "a", "defaultPriority": "x"},
            (400, 'strconv.ParseInt: parsing "x": invalid syntax'),
        ),
        ("/application/1", {"name": "a", "sortKey": "a1"}, (400, "sort key is not unique")),
        ("/application/1", {"name": "a\0"}, (400, "name must not contain a zero byte")),
        ("/application/1", {"name": "x" * 257}, (413, "name is longer than 256 bytes")),
        ("/application/99", {"name": "a"}, (404, "app with id 99 doesn't exists")),
        ("/application/3", {}, (404, "app with id 3 doesn't exists")),
        ("/application/x", {"name": "a"}, (400, "invalid id")),
        ("/application/1/security", {"regenerateToken": "x"}, (400, 'strconv.ParseBool: parsing "x": invalid syntax')),
        ("/application/99/security", {}, (404, "app with id 99 doesn't exists")),
        ("/application/3/security", {"regenerateToken": True}, (404, "app with id 3 doesn't exists")),
    ],
)
async def test_what_cannot_be_changed(served: Served, path: str, body: Any, problems: tuple[int, str]) -> None:
    """The application 3 is somebody else's."""
    await create(served, {"name": "Door"})
    await served.house.sender(await served.house.user("eve"), "Window")
    listed = (await served.get("/application")).json()
    assert problem(await served.put(path, json=body, headers=ADA)) == problems
    assert (await served.get("/application")).json() == listed


async def test_a_new_token_ends_the_old_one(served: Served) -> None:
    for body in ({}, {"regenerateToken": False}, {"regenerateToken": None}):
        response = await served.put("/application/1/security", json=body, headers=ADA)
        assert (response.status_code, response.json()) == (200, {})
    assert (await served.post(json={"message": "old"})).status_code == 200
    response = await served.put("/application/1/security", json={"regenerateToken": True}, headers=ADA)
    (token,) = response.json()["regenerateToken"].values()
    assert response.json() == {"regenerateToken": {"token": token}}
    assert problem(await served.post(json={"message": "dead"})) == (401, UNAUTHENTICATED)
    assert (await served.post(json={"message": "new"}, headers=key(token))).status_code == 200
    form = await served.put("/application/1/security", data={"regenerateToken": "true"}, headers=ADA)
    assert problem(await served.post(json={"message": "dead"}, headers=key(token))) == (401, UNAUTHENTICATED)
    assert form.json()["regenerateToken"]["token"] != token
    assert await served.listed() == ["new", "old"]


# Deleting


async def test_an_application_is_deleted_with_its_messages(served: Served) -> None:
    await create(served, {"name": "Door"})
    await served.post(json={"message": "a"})
    response = await served.delete("/application/1", headers=ADA)
    assert (response.status_code, response.content) == (200, b"")
    assert [one["name"] for one in (await served.get("/application")).json()] == ["Door"]
    assert await served.listed() == []
    assert problem(await served.post(json={"message": "a"})) == (401, UNAUTHENTICATED)
    assert problem(await served.get("/application/1/message")) == (404, "application does not exist")
    for path in ("/application/1", "/application/99"):
        number = path.rpartition("/")[2]
        assert problem(await served.delete(path, headers=ADA)) == (404, f"app with id {number} doesn't exists")
    assert (await create(served, {"name": "Next"}))["id"] == 3


async def test_a_client_has_to_be_elevated_unless_it_speaks_to_gotify_2(served: Served) -> None:
    asks = (("PUT", "/application/1/security"), ("DELETE", "/application/1"), ("DELETE", "/application/99"))
    for method, path in asks:
        assert problem(await served.here.request(method, path, headers=key(served.client))) == NOT_ELEVATED
    kit = served.house.kit
    front = Front(
        {"gotify": gotify.mount(msgspec.structs.replace(kit, site=msgspec.structs.replace(kit.site, gotify_face=2)))}
    )
    transport = httpx.ASGITransport(front, client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://bell", headers=key(served.client)) as client:
        statuses = [(await client.request(method, path)).status_code for method, path in asks]
    assert statuses == [200, 200, 404]


# Members


async def test_a_member_reads_and_does_not_manage(served: Served) -> None:
    await member(served)
    sent = (await served.post(json={"message": "for both"})).json()
    (listed,) = (await served.here.get("/application", headers=EVE)).json()
    assert (listed["id"], listed["name"]) == (1, "Backup")
    for path in ("/message", "/application/1/message"):
        assert (await served.here.get(path, headers=EVE)).json()["messages"] == [sent]
    for path, body in (
        ("/application/1", {"name": "Mine"}),
        ("/application/1", {"name": "Backup"}),
        ("/application/1/security", {"regenerateToken": True}),
        ("/application/1/security", {}),
    ):
        assert problem(await served.here.put(path, json=body, headers=EVE)) == NOT_ALLOWED
    picture = {"file": ("a.png", b"")}
    assert problem(await served.here.post("/application/1/image", files=picture, headers=EVE)) == NOT_ALLOWED
    assert problem(await served.here.delete("/application/1/image", headers=EVE)) == NOT_ALLOWED
    assert problem(await served.here.post("/message", json={"message": "a", "appid": 1}, headers=EVE)) == NOT_ALLOWED
    moved = {"name": "Backup", "description": "", "defaultPriority": 4, "sortKey": "a9"}
    assert (await served.here.put("/application/1", json=moved, headers=EVE)).json()["sortKey"] == "a9"
    assert [one["sortKey"] for one in (await served.get("/application")).json()] == ["a0"]
    assert (await served.post(json={"message": "the old token"})).status_code == 200


async def test_a_members_delete_is_his_own(served: Served) -> None:
    await member(served)
    await served.post(json={"message": "first"})
    assert (await served.here.delete("/application/1/message", headers=EVE)).status_code == 200
    await served.post(json={"message": "second"})
    assert len((await served.here.get("/message", headers=EVE)).json()["messages"]) == 1
    assert (await served.here.delete("/application/1", headers=EVE)).status_code == 200
    await served.post(json={"message": "third"})
    for path in ("/application", "/message"):
        answer = (await served.here.get(path, headers=EVE)).json()
        assert answer in ([], {"paging": {"size": 0, "since": 0, "limit": 100}, "messages": []})
    assert await served.listed() == ["third", "second", "first"]


async def test_what_a_deleted_application_sent_to_others_names_one_that_is_listed(served: Served) -> None:
    await member(served)
    await served.post(json={"message": "a"})
    await served.delete("/application/1", headers=ADA)
    (message,) = (await served.here.get("/message", headers=EVE)).json()["messages"]
    assert [one["id"] for one in (await served.here.get("/application", headers=EVE)).json()] == [message["appid"]]
    moved = {"name": "Backup", "defaultPriority": 4, "sortKey": "a9"}
    assert problem(await served.here.put("/application/1", json=moved, headers=EVE)) == NOT_ALLOWED
    await served.here.delete(f"/message/{message['id']}", headers=EVE)
    assert (await served.here.get("/application", headers=EVE)).json() == []


class TestShown:
    """Where lists show tokens."""

    @pytest.fixture
    def minting(self) -> Minting:
        return Minting(vault=Vault(b"k" * 32))

    async def test_the_newest_token_is_shown_to_owners_only(self, served: Served) -> None:
        await member(served)
        assert [one["token"] for one in (await served.get("/application")).json()] == [served.application]
        assert "token" not in (await served.here.get("/application", headers=EVE)).json()[0]
        assert (await served.put("/application/1", json={"name": "a"})).json()["token"] == served.application
        made = await served.put("/application/1/security", json={"regenerateToken": True}, headers=ADA)
        shown = (await served.get("/application")).json()[0]["token"]
        assert shown == made.json()["regenerateToken"]["token"] != served.application
