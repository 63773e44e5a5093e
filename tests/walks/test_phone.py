"""Apps that receive, request by request as they make them: gotify/android (two generations), iGotify, gotify-tray.

What each sends and needs is taken from its source; none of them can be run here.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.walks.conftest import Serve
from tests.walks.server import ADMIN, NO_TLS, NOBODY, PATIENCE, Person, Server, heard, listening

# What java.time's ISO_OFFSET_DATE_TIME reads: an offset or Z must be there.
ISO_OFFSET_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


def key(token: str) -> dict[str, str]:
    return {"X-Gotify-Key": token}


class Phone(httpx.AsyncClient):
    """The Android app of one user: OkHttp's headers, no credentials but its own token."""

    def __init__(self, server: Server) -> None:
        headers = {"Accept-Encoding": "gzip", "User-Agent": "okhttp/4.12.0"}
        super().__init__(
            base_url=server.url, auth=NOBODY, headers=headers, trust_env=False, verify=NO_TLS, timeout=PATIENCE
        )
        self.server = server
        self.token = ""

    async def read(self, path: str, **options: Any) -> Any:
        answer = await self.get(path, **options)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json"), answer.text
        return answer.json()

    async def sign_in(self) -> None:
        """With name and password once, with the token of a client of its own ever after."""
        await self.read("/version")
        await self.read("/current/user", auth=ADMIN)
        answer = await self.post("/client", json={"name": "Pixel 8"}, auth=ADMIN)
        assert answer.status_code == 200
        self.token = answer.json()["token"]
        self.headers.update(key(self.token))

    async def newest(self) -> int:
        """The id that it remembers when its service starts."""
        page = await self.read("/message", params={"limit": 1, "since": 0})
        return page["messages"][0]["id"] if page["messages"] else 0

    async def missed(self, last: int) -> list[dict[str, Any]]:
        """What it fetches after its stream was gone: tens, newest first, until it has seen one."""
        found: list[dict[str, Any]] = []
        since = 0
        while True:
            page = await self.read("/message", params={"limit": 10, "since": since})
            new = [message for message in page["messages"] if message["id"] > last]
            found += new
            since = page["paging"]["since"]
            if len(new) < len(page["messages"]) or page["paging"].get("next") is None:
                return found[::-1]


@pytest.fixture
async def phone(server: Server) -> AsyncIterator[Phone]:
    """One that has signed in."""
    async with Phone(server) as phone:
        await phone.sign_in()
        yield phone


async def send(person: Person, token: str, text: str) -> dict[str, Any]:
    answer = await person.post("/message", json={"message": text}, headers=key(token), auth=NOBODY)
    assert answer.status_code == 200
    return dict(answer.json())


async def ended(stream: ClientConnection) -> bool:
    """By an abrupt end, on which the app fetches what it missed; after a close frame it would wait instead."""
    with pytest.raises(ConnectionClosed) as caught:
        await stream.recv()
    return caught.value.rcvd is None


async def test_it_signs_in_and_receives(server: Server, admin: Person, phone: Phone) -> None:
    info = await phone.read("/gotifyinfo")
    assert (info["oidc"], info["register"]) == (False, False)
    user = await phone.read("/current/user")
    assert isinstance(user["id"], int)
    assert await phone.newest() == 0
    token = await admin.application("Door")
    async with listening(server, phone.token) as stream:
        sent = await send(admin, token, "The door is open")
        message = await heard(stream)
        assert message == sent
        await (await stream.ping())  # as OkHttp does each minute: without a pong it gives up
    (application,) = await phone.read("/application")
    (listed,) = (await phone.read("/message", params={"limit": 100, "since": 0}))["messages"]
    assert listed == message
    assert {name: type(message[name]) for name in ("id", "appid", "message", "title", "priority", "date")} == {
        **dict.fromkeys(("id", "appid", "priority"), int),
        **dict.fromkeys(("message", "title", "date"), str),
    }
    assert ISO_OFFSET_DATE_TIME.fullmatch(message["date"])
    assert message["appid"] == application["id"]
    picture = await phone.get(f"/{application['image']}", headers={"X-Gotify-Key": ""})  # asked without credentials
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")


async def test_it_fetches_what_it_missed(server: Server, admin: Person, phone: Phone) -> None:
    token = await admin.application()
    async with listening(server, phone.token) as stream:
        await send(admin, token, "seen")
        last = (await heard(stream))["id"]
        stream.transport.abort()
    missed = [await send(admin, token, str(number)) for number in range(23)]
    async with listening(server, phone.token) as stream:
        assert await phone.missed(last) == missed
        assert await phone.missed(await phone.newest()) == []
        assert await send(admin, token, "after") == await heard(stream)


async def test_a_list_is_paged_by_since(admin: Person, phone: Phone) -> None:
    token = await admin.application()
    sent = [(await send(admin, token, str(number)))["id"] for number in range(101)]
    first = await phone.read("/message", params={"limit": 100, "since": 0})
    second = await phone.read("/message", params={"limit": 100, "since": first["paging"]["since"]})
    assert "next" not in second["paging"]
    assert [message["id"] for message in first["messages"] + second["messages"]] == sent[::-1]


async def test_it_deletes(admin: Person, phone: Phone) -> None:
    tokens = [await admin.application(name) for name in ("Door", "Bell")]
    for token in tokens * 2:
        await send(admin, token, "m")
    door, bell = [each["id"] for each in await phone.read("/application")]
    newest = await phone.newest()
    assert (await phone.delete(f"/message/{newest}")).status_code == 200
    assert (await phone.delete(f"/application/{door}/message")).status_code == 200
    assert [message["appid"] for message in await admin.messages()] == [bell]
    assert (await phone.delete("/message")).status_code == 200
    assert await admin.messages() == []
    assert (await phone.delete(f"/application/{door}")).status_code == 403, "its client is not elevated"
    assert len(await phone.read("/application")) == 2


async def test_it_sends_as_itself(server: Server, admin: Person, phone: Phone) -> None:
    """From 2.10.1 on, by the client's own token and the application's id."""
    await admin.application("Door")
    (application,) = await phone.read("/application")
    async with listening(server, phone.token) as stream:
        body = {"appid": application["id"], "message": "m", "title": "t", "priority": 5, "extras": None}
        assert (await phone.post("/message", json=body)).status_code == 200
        assert (await heard(stream))["message"] == "m"


async def test_it_signs_out(server: Server, admin: Person, phone: Phone) -> None:
    async with listening(server, phone.token) as stream:
        assert (await phone.post("/auth/logout")).status_code == 200
        assert await ended(stream)
    assert (await phone.get("/current/user")).status_code == 401
    assert (await admin.get("/client")).json() == []


async def test_one_that_is_removed_elsewhere_is_told_by_401(server: Server, admin: Person, phone: Phone) -> None:
    (client,) = await phone.read("/client")
    async with listening(server, phone.token) as stream:
        assert (await admin.delete(f"/client/{client['id']}")).status_code == 200
        assert await ended(stream)
    assert (await phone.get("/current/user")).status_code == 401
    with pytest.raises(InvalidStatus) as caught:  # iGotify gives up on 401, and tries again after all else
        await listening(server, phone.token)
    assert caught.value.response.status_code == 401


class TestOld:
    """Android up to 2.9.0, which needs what Gotify answered before 3.0."""

    @pytest.fixture
    async def server(self, serve: Serve) -> Server:
        server = serve(env={"CARILLON_GOTIFY_FACE": "2", "CARILLON_SHOW_TOKENS": "yes"})
        await server.start()
        return server

    async def test_it_sends_by_the_token_of_the_application(self, server: Server, admin: Person, phone: Phone) -> None:
        token = await admin.application("Door")
        (application,) = await phone.read("/application")
        assert application["token"] == token
        assert (await send(admin, application["token"], "m"))["appid"] == application["id"]

    async def test_it_deletes_an_application(self, admin: Person, phone: Phone) -> None:
        await admin.application("Door")
        (application,) = await phone.read("/application")
        assert (await phone.delete(f"/application/{application['id']}")).status_code == 200
        assert await phone.read("/application") == []


async def test_an_old_one_signs_out_by_the_token_that_it_finds(server: Server, admin: Person, phone: Phone) -> None:
    """Up to 2.9.0. The settings may be those of a new installation: its own token is shown to it, and no other."""
    await admin.device("another")
    clients = await phone.read("/client")
    assert [client["name"] for client in clients if "token" in client] == ["Pixel 8"]
    (found,) = [client for client in clients if client.get("token") == phone.token]
    async with listening(server, phone.token) as stream:
        assert (await phone.delete(f"/client/{found['id']}")).status_code == 200
        assert await ended(stream)
    assert (await phone.get("/current/user")).status_code == 401
    assert [client["name"] for client in (await admin.get("/client")).json()] == ["another"]


async def test_gotify_tray(server: Server, admin: Person) -> None:
    """It ends as a whole when a message is of an application that is not listed."""
    token, device = await admin.tokens()
    await send(admin, token, "before")
    async with httpx.AsyncClient(base_url=server.url, headers=key(device), trust_env=False) as tray:
        applications = {each["id"]: each for each in (await tray.get("/application")).json()}
        page = (await tray.get("/message", params={"limit": 100})).json()
        assert [applications[message["appid"]]["name"] for message in page["messages"]] == ["backup"]
        answer = await tray.post(
            "/message",
            json={"title": "", "message": "m", "priority": 0, "extras": None},
            headers=key(token),
        )
        assert (answer.status_code, answer.json()["title"]) == (200, "backup")
        for path in ("/health", "/version"):
            assert (await tray.get(path)).status_code == 200
