from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from carillon.core.errors import Conflict, Unauthenticated
from carillon.ops.backups import Order
from carillon.ops.control import USER_HEADER, ControlApp
from carillon.ops.desk import OPERATIONS
from tests.builders import LOCAL, House, desk_of, opened


class Api:
    """Stands for the dialect behind /api: says who asks, as the token tells it, and remembers the token."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.secrets: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        secret = Request(scope).headers["authorization"].removeprefix("Bearer ")
        self.secrets.append(secret)
        actor = await self._house.access.device(secret, LOCAL)
        self._house.access.forget()
        assert await self._house.access.device(secret, LOCAL) == actor
        answer = {"user": actor.user.name, "device": actor.device, "path": scope["path"]}
        await JSONResponse(answer)(scope, receive, send)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as house:
        await house.user("root", admin=True)
        await house.user("søren")
        yield house


@pytest.fixture
def api(house: House) -> Api:
    return Api(house)


class Made(Struct):
    size: int
    pieces: Iterator[bytes]


@asynccontextmanager
async def made(order: Order) -> AsyncIterator[Made]:
    """Stands for a backup: it only tells of the order."""
    if order.key == "sealed" and not order.passphrase:
        raise Conflict("not now")
    yield Made(len(order.key), iter([order.key.encode()]))


@pytest.fixture
async def client(house: House, api: Api) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(ControlApp(desk_of(house), api, made))
    async with httpx.AsyncClient(transport=transport, base_url="http://carillon") as client:
        yield client


def message(response: httpx.Response) -> str:
    return str(response.json()["error"]["message"])


async def test_an_operation(client: httpx.AsyncClient) -> None:
    response = await client.post("/list_users", content=b"{}")
    assert response.status_code == 200
    assert [user["name"] for user in response.json()["users"]] == ["root", "søren"]


async def test_errors_keep_their_status_and_their_words(client: httpx.AsyncClient) -> None:
    response = await client.post("/delete_user", content=json.dumps({"name": "nobody"}))
    assert (response.status_code, message(response)) == (404, "there is no user 'nobody'")
    assert (await client.post("/delete_user", content=json.dumps({"name": "root"}))).status_code == 409


@pytest.mark.parametrize("name", OPERATIONS)
async def test_a_question_that_cannot_be_read(client: httpx.AsyncClient, name: str) -> None:
    for content in (b"", b"[]", b'{"name": 3, "id": "x", "kind": "user", "message": 1}', b"\xff"):
        response = await client.post(f"/{name}", content=content)
        empty = name in ("list_users", "list_tokens", "list_groups", "state", "decided")
        assert response.status_code == (200 if empty and content.startswith(b"{") else 400)


@pytest.mark.parametrize("ask", [("POST", "/unheard-of"), ("GET", "/list_users"), ("POST", "/")])
async def test_what_is_no_operation(client: httpx.AsyncClient, ask: tuple[str, str]) -> None:
    response = await client.request(*ask)
    assert response.status_code == 404
    assert "another version" in message(response)


async def test_a_backup(client: httpx.AsyncClient) -> None:
    response = await client.post("/backup", content=b'{"key": "plain"}')
    assert (response.status_code, response.content) == (200, b"plain")
    assert response.headers["content-type"] == "application/x-tar"
    response = await client.post("/backup", content=b'{"key": "sealed"}')
    assert (response.status_code, message(response)) == (409, "not now")
    assert (await client.post("/backup", content=b"[]")).status_code == 400
    assert (await client.get("/backup")).status_code == 404


async def test_our_own_api_as_the_first_admin(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/1/user")
    assert response.json() == {"user": "root", "device": None, "path": "/api/1/user"}


async def test_our_own_api_as_another_user(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/1/user", headers={USER_HEADER: quote("søren"), "Authorization": "Bearer C"})
    assert response.json()["user"] == "søren"
    response = await client.get("/api/1/user", headers={USER_HEADER: "nobody"})
    assert (response.status_code, message(response)) == (404, "there is no user 'nobody'")


async def test_the_secret_lives_as_long_as_the_request(client: httpx.AsyncClient, api: Api, house: House) -> None:
    await client.get("/api/1/user")
    await client.get("/api/1/user")
    assert len(set(api.secrets)) == 2
    for secret in api.secrets:
        with pytest.raises(Unauthenticated):
            await house.access.device(secret, LOCAL)
    assert await house.accounts.tokens.all() == []


async def test_it_speaks_http_only(house: House, api: Api) -> None:
    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(event: Message) -> None:
        raise AssertionError(event)

    with pytest.raises(ValueError, match="websocket"):
        await ControlApp(desk_of(house), api, made)({"type": "websocket", "path": "/api/1/stream"}, receive, send)
