"""More than can be stored: what is over the bound is refused at once, and not stored."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import AsyncExitStack, closing

import msgspec

from tests.walks.server import Person, Server
from tests.walks.wire import Answer, Wire, message

MIB = 1024 * 1024
TEXT = 60_000
SENDERS = 64 * MIB // TEXT + 100  # all at once they are more than the queue takes


async def test_a_full_queue_refuses(server: Server, admin: Person) -> None:
    token, _ = await admin.tokens()
    async with AsyncExitStack() as open_ones:
        wires = [await open_ones.enter_async_context(Wire.open(server)) for _ in range(SENDERS)]
        with closing(sqlite3.connect(server.data / "carillon.db", isolation_level=None)) as foreign:
            foreign.execute("BEGIN IMMEDIATE")  # nothing can be stored while another program holds the database
            tasks = [asyncio.create_task(post(wire, token, number)) for number, wire in enumerate(wires)]
            _, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            assert waiting, "the others wait for the database"
            foreign.execute("ROLLBACK")
        answers = await asyncio.gather(*tasks)
        refused = [answer for answer in answers if answer.status != 200]
        assert {answer.status for answer in refused} == {503}
        assert any(b"too much" in answer.body for answer in refused)
        assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
        stored = {each["id"] for each in await admin.messages()}
        assert stored == {msgspec.json.decode(answer.body)["id"] for answer in answers if answer.status == 200}
        assert (await post(wires[0], token, SENDERS)).status == 200


async def post(wire: Wire, token: str, number: int) -> Answer:
    return await wire.ask(message(token, f"{number:_>{TEXT}}"))
