"""More than can be stored: what is over the bound is refused at once, and not stored."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing, contextmanager

import msgspec
import psutil

from tests.walks.server import Person, Server
from tests.walks.wire import Answer, Wire, message

MIB = 1024 * 1024
TEXT = 60_000
SENDERS = 64 * MIB // TEXT + 100  # all at once they are more than the queue takes


@contextmanager
def nothing_is_stored(server: Server) -> Iterator[None]:
    """Another program holds the database, or PostgreSQL stands still."""
    database = server.data / "carillon.db"
    if database.exists():
        with closing(sqlite3.connect(database, isolation_level=None)) as foreign:
            foreign.execute("BEGIN IMMEDIATE")
            yield
        return
    ours = [each for each in psutil.Process().children(recursive=True) if each.name() == "postgres"]
    try:
        for each in ours:
            each.suspend()
        yield
    finally:
        for each in ours:
            each.resume()


async def test_a_full_queue_refuses(store_server: Server) -> None:
    server = store_server
    async with AsyncExitStack() as stack:
        admin = await stack.enter_async_context(Person(server))
        token, _ = await admin.tokens()
        wires = [await stack.enter_async_context(Wire.open(server)) for _ in range(SENDERS)]
        assert (await post(wires[0], token, 0)).status == 200  # the token is known now, which costs no reading
        with nothing_is_stored(server):
            tasks = [asyncio.create_task(post(wire, token, number)) for number, wire in enumerate(wires, 1)]
            _, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            assert waiting, "the others wait for the database"
        answers = await asyncio.gather(*tasks)
        refused = [answer for answer in answers if answer.status != 200]
        assert {answer.status for answer in refused} == {503}
        assert any(b"too much" in answer.body for answer in refused)
        assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
        stored = {each["id"] for each in await admin.messages()}
        acknowledged = {msgspec.json.decode(answer.body)["id"] for answer in answers if answer.status == 200}
        assert len(stored) == len(acknowledged) + 1
        assert stored >= acknowledged
        assert (await post(wires[0], token, SENDERS + 1)).status == 200


async def post(wire: Wire, token: str, number: int) -> Answer:
    return await wire.ask(message(token, f"{number:_>{TEXT}}"))
