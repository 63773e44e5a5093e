"""Whatever happens, no password and no token gets into a log."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
from contextlib import closing

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.walks.conftest import Serve
from tests.walks.server import PATIENCE, Person, Server, listening
from tests.walks.wire import Wire, message, request

PASSWORD = "Xq7-hidden-pass"
WRONG = ("Awrong-token-0", "wrong-pass-word")


def requests(secret: str) -> list[bytes]:
    """The secret in every place where clients put one, on routes that are there, fail, and are not there."""
    headers = [
        ("X-Gotify-Key", secret),
        ("Authorization", f"Bearer {secret}"),
        ("Cookie", f"gotify-client-token={secret}"),
        ("X-Something", "\x01"),
    ]
    paths = ["/message", "/application", "/current/user", "/stream", "/api/1/messages", "/api/1/stream", "/nowhere"]
    found = [
        request(method, f"{path}{query}", headers=[header])
        for method in ("GET", "POST")
        for path in paths
        for header in headers
        for query in ("", f"?token={secret}")
    ]
    basic = base64.b64encode(f"admin:{secret}".encode()).decode()
    found.append(request("GET", "/current/user", headers=[("Authorization", f"Basic {basic}")]))
    found.append(request("POST", "/current/user/password", body=f'{{"pass":"{secret}"'.encode()))
    found.append(f"GET /stream?token={secret} HTTP/9.9\r\nX-Gotify-Key: {secret}\r\n\r\n".encode())
    found.append(f"GARBAGE token={secret}\r\n\r\n".encode())
    return found


async def ask_all(server: Server, secret: str) -> None:
    for data in requests(secret):
        async with Wire.open(server) as wire:
            wire.writer.write(data)
            async with asyncio.timeout(PATIENCE):
                assert await wire.reader.read(1)


@pytest.mark.parametrize("form", ["text", "json"])
async def test_no_secret_gets_into_the_log(serve: Serve, form: str) -> None:
    env = {"CARILLON_LOG_FORMAT": form, "CARILLON_LOG_LEVEL": "debug", "CARILLON_ADMIN_PASSWORD": PASSWORD}
    server = serve(env=env)
    await server.start()
    async with Person(server, httpx.BasicAuth("admin", PASSWORD)) as admin:
        token, device = await admin.tokens()
    for secret in (token, device, PASSWORD, *WRONG):
        await ask_all(server, secret)
    async with listening(server, device):
        pass
    with pytest.raises(InvalidStatus):
        await listening(server, WRONG[0])
    # Something that must not happen, for a traceback: a table is away.
    with closing(sqlite3.connect(server.data / "carillon.db", isolation_level=None)) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("PRAGMA legacy_alter_table = ON")
        db.execute("ALTER TABLE messages RENAME TO hidden")
    for data in (message(token, "x"), request("GET", f"/message?token={device}")):
        async with Wire.open(server) as wire:
            assert (await wire.ask(data)).status == 500
    await server.stop()
    said = server.said()
    assert "Traceback" in said, "this test must see one"
    hidden = [token, device, PASSWORD, *WRONG]
    hidden += [base64.b64encode(f"admin:{secret}".encode()).decode() for secret in hidden]
    assert [secret for secret in hidden if secret in said] == []
    if form == "json":
        for line in said.splitlines():
            json.loads(line)
