from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from carillon.core.secrets import Vault
from carillon.core.tokens import Minting
from carillon.dialects import gotify
from carillon.front import Front
from tests.builders import SECOND
from tests.dialects.gotify.conftest import UNAUTHENTICATED, Served, basic, key, problem
from tests.hub.serving import serving

ADA = basic("ada", "ada")
NOT_ELEVATED = (403, "session not elevated, use basic auth or call /client:elevate")


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
            {"name": "Pixel", "expiresAfterInactivitySeconds": -1},
            "Field 'expiresAfterInactivitySeconds' must be more or equal to 0",
        ),
        (
            {"name": "Pixel", "expiresAfterInactivitySeconds": 2**31},
            "Field 'expiresAfterInactivitySeconds' must be less or equal to 2147483647",
        ),
        (
            {"name": "Pixel", "expiresAfterInactivitySeconds": "x"},
            'strconv.ParseInt: parsing "x": invalid syntax',
        ),
        ({"name": "Pixel\0"}, "name must not contain a zero byte"),
    ],
)
async def test_what_a_client_cannot_be(served: Served, body: Any, text: str) -> None:
    response = await served.here.post("/client", headers=key(served.client), json=body)
    assert problem(response) == (400, text)
    response = await served.here.put("/client/1", headers=key(served.client), json=body)
    assert problem(response) == (400, text)
    assert (await served.house.accounts.devices.get(served.ada.id, 1)).name == "phone"
    assert len((await served.get("/client")).json()) == 1


async def test_each_user_has_clients_of_his_own(served: Served) -> None:
    await served.house.user("eve")
    assert (await served.here.get("/client", headers=basic("eve", "eve"))).content == b"[]"


async def test_a_client_that_expires_is_gone_at_its_hour(served: Served) -> None:
    body = {"name": "Pixel", "expiresAfterInactivitySeconds": 60}
    created = (await served.here.post("/client", headers=ADA, json=body)).json()
    assert created["expiresAfterInactivitySeconds"] == 60
    assert created["expiresAt"] == "2026-09-01T12:01:00Z"
    own = key(created["token"])
    served.house.clock.advance(59 * SECOND)
    (listed,) = [client for client in (await served.get("/client", headers=own)).json() if client["id"] == 2]
    assert (listed["lastUsed"], listed["expiresAt"]) == ("2026-09-01T12:00:59Z", "2026-09-01T12:01:59Z")
    served.house.clock.advance(60 * SECOND)
    assert problem(await served.get("/message", headers=own)) == (401, UNAUTHENTICATED)
    assert [client["name"] for client in (await served.get("/client")).json()] == ["phone"]
    gone = (404, "client with id 2 doesn't exists")
    assert problem(await served.here.put("/client/2", headers=ADA, json=body)) == gone
    assert problem(await served.here.delete("/client/2", headers=ADA)) == gone


async def test_a_client_is_renamed_and_keeps_its_expiry_when_none_is_told(served: Served) -> None:
    own = key(served.client)
    for body, name, seconds in (
        ({"json": {"name": "Pixel", "expiresAfterInactivitySeconds": 60}}, "Pixel", 60),
        ({"data": {"name": "Desk"}}, "Desk", 60),
        ({"json": {"name": "Desk", "expiresAfterInactivitySeconds": 0}}, "Desk", 0),
    ):
        answer = (await served.here.put("/client/1", headers=own, **body)).json()
        assert (answer["id"], answer["name"], answer["expiresAfterInactivitySeconds"]) == (1, name, seconds)
        assert ("expiresAt" in answer) == (seconds > 0)
        assert answer in (await served.get("/client")).json()


async def test_each_client_sees_its_own_token_and_no_other(served: Served) -> None:
    """Gotify's app for Android looks for its own to sign out."""
    second = (await served.here.post("/client", headers=ADA, json={"name": "Pixel"})).json()["token"]

    async def shown(**request: Any) -> list[str | None]:
        return [client.get("token") for client in (await served.here.get("/client", **request)).json()]

    assert await shown(headers=key(served.client)) == [served.client, None]
    assert await shown(params={"token": second}) == [None, second]
    assert await shown(headers={"Authorization": f"Bearer {second}"}) == [None, second]
    assert await shown(headers=ADA) == [None, None]
    assert await shown(headers={**ADA, **key(second)}) == [None, None], "a right password counts before a token"
    assert await shown(headers={"Cookie": f"gotify-client-token={second}"}) == [None, None], "no script reads a cookie"
    changed = await served.here.put("/client/2", headers=key(second), json={"name": "Pixel 9"})
    assert changed.json()["token"] == second
    changed = await served.here.put("/client/2", headers=key(served.client), json={"name": "Pixel 9"})
    assert "token" not in changed.json()


class TestLists:
    @pytest.fixture
    def minting(self) -> Minting:
        return Minting(vault=Vault(bytes(32)))

    async def test_lists_that_show_tokens_show_those_of_clients_but_of_no_session(self, served: Served) -> None:
        eve = await served.house.user("eve")
        await served.house.accounts.devices.add(eve.id, "tablet")
        second = (await served.here.post("/client", headers=ADA, json={"name": "Pixel"})).json()["token"]
        await served.here.post("/auth/local/login", headers=ADA, json={"name": "firefox"})
        listed = (await served.here.get("/client", headers=ADA)).json()
        assert [client.get("token") for client in listed] == [served.client, second, None]
        changed = await served.here.put("/client/3", headers=ADA, json={"name": "Pixel 9"})
        assert changed.json()["token"] == second


async def test_a_client_is_elevated_by_the_password_for_a_while(served: Served) -> None:
    own = key(served.client)
    body = {"durationSeconds": 60}
    assert problem(await served.here.post("/client/1/elevate", headers=own, json=body)) == NOT_ELEVATED
    answer = await served.here.post("/client/1/elevate", headers=ADA, json=body)
    assert (answer.status_code, answer.content) == (204, b"")
    (listed,) = (await served.get("/client")).json()
    assert listed["elevatedUntil"] == "2026-09-01T12:01:00Z"
    assert (await served.get("/current/user")).json()["elevatedUntil"] == "2026-09-01T12:01:00Z"
    answer = await served.here.post("/client/1/elevate", headers=own, data={"durationSeconds": "120"})
    assert answer.status_code == 204
    served.house.clock.advance(120 * SECOND)
    assert problem(await served.here.post("/client/1/elevate", headers=own, json=body)) == NOT_ELEVATED
    (listed,) = (await served.get("/client")).json()
    assert listed["elevatedUntil"] == "2026-09-01T12:02:00Z", "also when it is past"
    assert "elevatedUntil" not in (await served.get("/current/user")).json()


async def test_an_elevation_is_taken_back(served: Served) -> None:
    for seconds, there in ((60, True), (-1, False)):
        await served.here.post("/client/1/elevate", headers=ADA, json={"durationSeconds": seconds})
        assert ("elevatedUntil" in (await served.get("/client")).json()[0]) == there
    assert problem(await served.here.post("/client/1/elevate", headers=key(served.client))) == NOT_ELEVATED


@pytest.mark.parametrize(
    ("path", "body", "problems"),
    [
        ("/client/1/elevate", {}, (400, "Field 'durationSeconds' is required")),
        ("/client/1/elevate", {"durationSeconds": 0}, (400, "Field 'durationSeconds' is required")),
        (
            "/client/1/elevate",
            {"durationSeconds": 2**31},
            (400, "Field 'durationSeconds' must be less or equal to 2147483647"),
        ),
        ("/client/x/elevate", {"durationSeconds": 60}, (400, "invalid id")),
        ("/client/9/elevate", {"durationSeconds": 60}, (404, "client not found")),
        ("/client/2/elevate", {"durationSeconds": 60}, (404, "client not found")),
    ],
)
async def test_what_is_not_elevated(served: Served, path: str, body: Any, problems: tuple[int, str]) -> None:
    eve = await served.house.user("eve")
    await served.house.accounts.devices.add(eve.id, "tablet")
    assert problem(await served.here.post(path, headers=ADA, json=body)) == problems
    for user_id, number in ((served.ada.id, 1), (eve.id, 2)):
        assert not (await served.house.accounts.devices.get(user_id, number)).elevated_until


async def test_a_client_deletes_itself_and_others_when_it_is_elevated(served: Served) -> None:
    own = key(served.client)
    for name in ("Pixel", "Desk"):
        await served.here.post("/client", headers=ADA, json={"name": name})
    assert problem(await served.delete("/client/2")) == NOT_ELEVATED
    assert problem(await served.delete("/client/9")) == NOT_ELEVATED
    assert problem(await served.delete("/client/01")) == NOT_ELEVATED
    assert problem(await served.here.delete("/client/x", headers=ADA)) == (400, "invalid id")
    assert problem(await served.here.delete("/client/9", headers=ADA)) == (404, "client with id 9 doesn't exists")
    await served.here.post("/client/1/elevate", headers=ADA, json={"durationSeconds": 60})
    assert (await served.delete("/client/2")).content == b""
    await served.here.post("/client/1/elevate", headers=ADA, json={"durationSeconds": -1})
    answer = await served.delete("/client/1")
    assert (answer.status_code, answer.content) == (200, b"")
    assert problem(await served.get("/client", headers=own)) == (401, UNAUTHENTICATED)
    assert [client["id"] for client in (await served.here.get("/client", headers=ADA)).json()] == [3]


async def test_a_deleted_clients_stream_ends_without_a_close_frame_and_others_go_on(served: Served) -> None:
    second = (await served.here.post("/client", headers=ADA, json={"name": "Pixel"})).json()["token"]
    async with (
        serving(served.front) as server,
        connect(f"{server.url}/stream?token={served.client}") as ending,
        connect(f"{server.url}/stream?token={second}") as staying,
    ):
        assert (await served.delete("/client/1")).status_code == 200
        with pytest.raises(ConnectionClosed) as caught:
            await asyncio.wait_for(ending.recv(), 5)
        assert caught.value.rcvd is None
        answer = await served.post(json={"message": "a"})
        assert await asyncio.wait_for(staying.recv(), 5) == answer.text + "\n"


async def test_what_is_asked_for_as_gotify_2_needs_no_elevation(served: Served) -> None:
    second = (await served.here.post("/client", headers=ADA, json={"name": "Pixel"})).json()["id"]
    kit = served.house.kit
    old = msgspec.structs.replace(kit, site=msgspec.structs.replace(kit.site, gotify_face=2))
    transport = httpx.ASGITransport(Front({"gotify": gotify.mount(old)}), client=("127.0.0.1", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://bell", headers=key(served.client)) as client:
        assert (await client.delete(f"/client/{second}")).status_code == 200
        assert (await client.post("/current/user/password", json={"pass": "new"})).status_code == 200
        assert problem(await client.get("/user")) == (403, "you are not allowed to access this api")
