"""A disk that is full, read-only or broken: a clear refusal, nothing half-done, and all is well again by itself."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection

from tests.walks.conftest import Serve
from tests.walks.faults import filled, small_disk, tampering
from tests.walks.server import NOBODY, Person, Server, heard, listening, until
from tests.walks.wire import Answer, Wire, message, request

MIB = 1024 * 1024
BASIC = "Basic " + base64.b64encode(b"admin:admin").decode()


def assert_refused(answer: Answer, *statuses: int) -> None:
    """In Gotify's shape, with a time to come back."""
    assert answer.status in statuses, answer
    told = msgspec.json.decode(answer.body)
    assert set(told) == {"error", "errorCode", "errorDescription"}
    assert told["errorCode"] == answer.status
    assert int(answer.headers["retry-after"]) > 0


class Sender:
    """Posts over one connection and knows what was stored; `check` holds it against what is there and was told."""

    def __init__(self, admin: Person, token: str, *, wire: Wire, stream: ClientConnection) -> None:
        self.admin = admin
        self.token = token
        self.wire = wire
        self.stream = stream
        self.stored: list[str] = []

    @classmethod
    @asynccontextmanager
    async def at(cls, server: Server) -> AsyncIterator[Sender]:
        async with Person(server) as admin:
            token, device = await admin.tokens()
            async with Wire.open(server) as wire, listening(server, device) as stream:
                yield cls(admin, token, wire=wire, stream=stream)

    async def newest(self) -> Answer:
        """What a device gets that asks for the newest message."""
        return await self.wire.ask(request("GET", "/message?limit=1", headers=[("Authorization", BASIC)]))

    async def post(self, text: str) -> Answer:
        answer = await self.wire.ask(message(self.token, text))
        if answer.status == 200:
            self.stored.append(text)
        return answer

    async def rests(self) -> bool:
        """Nothing waits to be stored: also what no request waits for."""
        lists = [(await self.admin.get(path)).json() for path in ("/application", "/client")]
        return all(each["lastUsed"] for found in lists for each in found)

    async def check(self) -> None:
        """The disk is well again: the next message is taken, and all that were are there and were told."""
        assert (await self.post("well again")).status == 200
        there = [each["message"] for each in await self.admin.messages()]
        assert there == self.stored[::-1]
        assert [(await heard(self.stream))["message"] for _ in self.stored] == self.stored
        health = await self.admin.get("/health", auth=NOBODY)
        assert (health.status_code, health.json()) == (200, {"health": "green", "database": "green"})


async def test_a_full_disk(tmp_path: Path, serve: Serve) -> None:
    with small_disk(tmp_path / "disk", 8 * MIB) as disk:
        server = serve(data=disk / "data")
        await server.start()
        async with Sender.at(server) as sender:
            assert (await sender.post("before")).status == 200
            with filled(disk):
                answer = await sender.post("x" * 60_000)
                while answer.status == 200:  # the log of the database has some room of its own
                    answer = await sender.post("x" * 60_000)
                assert_refused(answer, 507)
                assert_refused(await sender.post("x" * 60_000), 507)
                there = await sender.newest()
                assert msgspec.json.decode(there.body)["messages"][0]["message"] == sender.stored[-1]
            await sender.check()
        assert await server.stop() == 0


@pytest.mark.parametrize(
    ("calls", "error"),
    [
        pytest.param("fdatasync,fsync", "EIO", id="a sync that fails"),
        pytest.param("pwrite64,ftruncate", "EROFS", id="read-only"),
        pytest.param("pwrite64", "EIO", id="a write that fails"),
    ],
)
async def test_a_broken_disk(serve: Serve, calls: str, error: str) -> None:
    server = serve()
    await server.start()
    async with Sender.at(server) as sender:
        assert (await sender.post("before")).status == 200
        async with tampering(server, calls, f"error={error}"):
            for number in range(3):
                assert_refused(await sender.post(f"refused {number}"), 503)
            there = await sender.newest()
            assert [each["message"] for each in msgspec.json.decode(there.body)["messages"]] == ["before"]
        await sender.check()
    await server.kill()
    await server.start()
    async with Person(server) as admin:
        assert [each["message"] for each in await admin.messages()] == sender.stored[::-1]
    assert await server.stop() == 0
    with closing(sqlite3.connect(server.data / "carillon.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_one_sync_that_fails_costs_one_message(serve: Serve) -> None:
    server = serve()
    await server.start()
    async with Sender.at(server) as sender:
        assert (await sender.post("first")).status == 200
        await until(sender.rests, "the last use of the tokens is stored too")
        async with tampering(server, "fdatasync", "error=EIO:when=1"):
            assert_refused(await sender.post("second"), 503)
            assert (await sender.post("third")).status == 200
        await sender.check()
