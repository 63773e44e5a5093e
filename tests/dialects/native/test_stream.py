from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from carillon.core.limits import Limits
from carillon.core.models import Change
from tests.dialects.native.conftest import Api
from tests.hub.serving import Served, serving

STREAM = "/api/1/stream"
PATIENCE = 10.0  # seconds: against hanging only


@pytest.fixture
async def served(api: Api) -> AsyncIterator[Served]:
    async with serving(api.front) as server:
        yield server


class Frames:
    """What a stream says, whatever its form: `await frames.next()` is a payload."""

    def __init__(self, told: AsyncIterator[Any]) -> None:
        self._told = told
        self.ids: list[str] = []

    async def next(self) -> Any:
        async with asyncio.timeout(PATIENCE):
            return json.loads(await anext(self._told))

    async def until_live(self) -> list[Any]:
        """All frames up to the one that says so, and that."""
        found = [await self.next()]
        while found[-1]["type"] != "live":
            found.append(await self.next())
        return found


@asynccontextmanager
async def by_websocket(served: Served, token: str, query: str = "") -> AsyncIterator[Frames]:
    url = f"{served.url}{STREAM}?token={token}{query}"
    async with connect(url, compression=None, proxy=None) as socket:
        yield Frames(aiter(socket))


@asynccontextmanager
async def by_http(
    served: Served, token: str, query: str = "", *, accept: str, last: str | None = None
) -> AsyncIterator[Frames]:
    headers = {"Accept": accept, **({"Last-Event-ID": last} if last is not None else {})}
    async with (
        httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client,
        client.stream(
            "GET", f"http://127.0.0.1:{served.port}{STREAM}?token={token}{query}", headers=headers
        ) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"] == accept

        async def payloads() -> AsyncIterator[str]:
            async for line in response.aiter_lines():
                if line.startswith("id: "):
                    frames.ids.append(line.removeprefix("id: "))
                if line.startswith("data: ") or (line and accept == "application/x-ndjson"):
                    yield line.removeprefix("data: ")

        frames = Frames(payloads())
        yield frames


@asynccontextmanager
async def by_sse(served: Served, token: str, query: str = "") -> AsyncIterator[Frames]:
    async with by_http(served, token, query, accept="text/event-stream") as frames:
        yield frames


@asynccontextmanager
async def by_lines(served: Served, token: str, query: str = "") -> AsyncIterator[Frames]:
    async with by_http(served, token, query, accept="application/x-ndjson") as frames:
        yield frames


FORMS = pytest.mark.parametrize("form", [by_websocket, by_sse, by_lines])


@FORMS
async def test_from_now_on(api: Api, served: Served, form: Any) -> None:
    await api.send("before")
    now = (await api.get("/api/1/changes"))["cursor"]
    async with form(served, api.token) as frames:
        assert await frames.next() == {"type": "live", "cursor": now}
        sent = await api.send("after", title="é\n", extras={"a": [1]})
        arrival = await frames.next()
        assert arrival == {
            "type": "entry",
            "changed": now + 1,
            "id": sent["id"],
            "application": sent["application"],
            "read": None,
            "dismissed": None,
            "pinned": None,
            "deleted": False,
            "arrival": True,
            "message": sent,
        }
        await api.call("PATCH", f"/api/1/inbox/{sent['id']}", json={"read": True})
        read = await frames.next()
        assert (read["changed"], read["read"], "message" in read) == (now + 2, "2026-09-01T12:00:00.000000Z", False)
        await api.call("DELETE", f"/api/1/inbox/{sent['id']}")
        assert (await frames.next())["deleted"] is True
        await api.call("DELETE", "/api/1/inbox?all=true")
        cleared = await frames.next()
        assert (cleared["type"], cleared["application"]) == ("cleared", api.backup.application.id)


@FORMS
async def test_from_a_cursor_all_that_changed_since(api: Api, served: Served, form: Any) -> None:
    one, two, three = [await api.send(text) for text in "abc"]
    changes = (await api.get("/api/1/changes"))["changes"]
    await api.call("DELETE", f"/api/1/inbox/{two['id']}")
    async with form(served, api.token, f"&after={changes[0]['changed']}") as frames:
        *replayed, live = await frames.until_live()
        assert [(change["id"], change["deleted"]) for change in replayed] == [(three["id"], False), (two["id"], True)]
        assert live["cursor"] == replayed[-1]["changed"]
        assert replayed == (await api.get(f"/api/1/changes?after={changes[0]['changed']}"))["changes"]
    async with form(served, api.token, "&after=0") as frames:
        everything = await frames.until_live()
        assert [change.get("id") for change in everything] == [one["id"], three["id"], two["id"], None]


@FORMS
async def test_a_cursor_too_old_is_told_and_all_is_replayed(api: Api, served: Served, form: Any) -> None:
    sent = await api.send("a")
    async with form(served, api.token, "&after=999") as frames:
        hole, entry, live = await frames.until_live()
        assert hole == {"type": "hole"}
        assert entry["message"] == sent
        assert live == {"type": "live", "cursor": entry["changed"]}


@FORMS
async def test_no_gap_and_no_double_while_messages_come(api: Api, served: Served, form: Any) -> None:
    async def pour() -> list[int]:
        return [(await api.send(str(number)))["id"] for number in range(150)]

    async def listen(delay: float) -> list[int]:
        await asyncio.sleep(delay)
        found: list[int] = []
        async with form(served, api.token, "&after=0") as frames:
            while len(found) < 150:
                frame = await frames.next()
                if frame["type"] == "entry":
                    found.append(frame["id"])
        return found

    sent, *heard = await asyncio.gather(pour(), *(listen(late * 0.02) for late in range(8)))
    assert heard == [sent] * 8


@FORMS
async def test_a_list_that_changed_is_told_live_and_never_again(api: Api, served: Served, form: Any) -> None:
    now = (await api.get("/api/1/changes"))["cursor"]
    async with form(served, api.token) as frames:
        await frames.until_live()
        await api.call("POST", "/api/1/devices", json={"name": "desk"})
        told = {"type": "lists", "changed": now + 1, "lists": ["devices"]}
        assert await frames.next() == told
        sent = await api.send("after")
        assert ((await frames.next())["changed"], sent["id"]) == (now + 2, 1)
    async with form(served, api.token, f"&after={now}") as frames:
        assert [frame["type"] for frame in await frames.until_live()] == ["entry", "live"]
    assert (await api.get(f"/api/1/changes?after={now}"))["cursor"] == now + 2


async def test_a_browser_listens_by_its_cookie(api: Api, served: Served) -> None:
    session, secret = await api.house.accounts.devices.open_session(api.ada, "firefox")
    cookie = {"Cookie": f"carillon-session={secret}"}
    url, own = f"{served.url}{STREAM}", f"http://127.0.0.1:{served.port}"
    async with connect(url, compression=None, proxy=None, additional_headers=cookie, origin=Origin(own)) as socket:
        assert (await Frames(aiter(socket)).next())["type"] == "live"
        await api.house.accounts.devices.delete(api.ada.id, session.id)
        assert json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))["lists"] == ["sessions"]
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(socket.recv(), PATIENCE)
    for headers, origin in ((cookie, own), ({"Cookie": f"carillon-session={api.token}"}, "http://evil.example")):
        with pytest.raises(InvalidStatus):
            async with connect(url, proxy=None, additional_headers=headers, origin=Origin(origin)):
                pass


async def test_browsers_come_again_where_they_were(api: Api, served: Served) -> None:
    await api.send("a")
    async with by_sse(served, api.token, "&after=0") as frames:
        await frames.until_live()
        last = frames.ids[-1]
    two = await api.send("b")
    async with by_http(served, api.token, "&after=0", accept="text/event-stream", last=last) as frames:
        entry, _ = await frames.until_live()
        assert entry["message"] == two


async def test_an_empty_inbox_is_live_at_once_and_remembers_where(api: Api, served: Served) -> None:
    cursor = await api.house.inbox.cursor(api.ada.id)
    async with by_sse(served, api.token) as frames:
        assert await frames.next() == {"type": "live", "cursor": cursor}
        assert frames.ids == [str(cursor)]


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("token=nobodys", 401, "no such token"),
        ("", 401, "send the token of a device"),
        ("token={token}&after=x", 400, "after must be"),
        ("token={token}&afer=1", 400, "did you mean 'after'"),
        ("token={application}", 401, "an application token where a device token is needed"),
    ],
)
async def test_a_stream_that_cannot_be_is_refused_before_it_opens(
    api: Api, served: Served, query: str, status: int, words: str
) -> None:
    query = query.format(token=api.token, application=api.application_token)
    response = await api.client.get(f"{STREAM}?{query}")
    assert (response.status_code, words in response.json()["error"]["message"]) == (status, True)
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"{served.url}{STREAM}?{query}", proxy=None):
            pass
    assert refused.value.response.status_code == status
    assert json.loads(refused.value.response.body)["error"]["status"] == status


async def test_a_last_event_id_that_is_none_of_ours(api: Api) -> None:
    response = await api.client.get(f"{STREAM}?token={api.token}", headers={"Last-Event-ID": "x"})
    assert (response.status_code, response.json()["error"]["field"]) == (400, "Last-Event-ID")


async def test_a_revoked_token_ends_its_streams_alone(api: Api, served: Served) -> None:
    _, other = await api.house.accounts.devices.add(api.ada.id, "tablet")
    phone = next(info.token for info in await api.house.accounts.tokens.all() if info.subject == "phone")
    async with (
        connect(f"{served.url}{STREAM}?token={api.token}", proxy=None) as socket,
        by_lines(served, other) as frames,
    ):
        await frames.next()
        await socket.recv()
        await api.house.accounts.tokens.revoke(phone.id)
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(socket.recv(), PATIENCE)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
        sent = await api.send("still there")
        assert (await frames.next())["message"] == sent


class Nobody:
    """A listener that only takes a place."""

    device_id = None

    def render(self, change: Change) -> bytes | None:
        return None

    def push(self, frame: bytes, first: int, last: int) -> None:
        raise AssertionError("there is nothing to push")

    def end(self, code: int) -> None:
        raise AssertionError("nobody ends it")


async def test_streams_are_bounded(api: Api, served: Served) -> None:
    for _ in range(Limits().streams_per_user):
        api.house.hub.join(api.ada.id, Nobody())
    async with httpx.AsyncClient(trust_env=False) as client:
        response = await client.get(f"http://127.0.0.1:{served.port}{STREAM}?token={api.token}")
    assert (response.status_code, response.json()["error"]["code"]) == (429, "too_many")
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"{served.url}{STREAM}?token={api.token}", proxy=None):
            pass
    assert refused.value.response.status_code == 429
