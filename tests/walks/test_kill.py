"""Killed in the middle of its work, again and again: what was acknowledged is there, once, under its own id."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from contextlib import closing, nullcontext

import msgspec
from websockets.exceptions import ConnectionClosed

from tests.walks.faults import tampering
from tests.walks.server import NOBODY, Person, Server, listening, soak, until
from tests.walks.wire import Poster

POSTERS = 16


class Follower:
    """A device that listens while it can and catches up by the cursor after each break."""

    def __init__(self, server: Server, token: str) -> None:
        self.server = server
        self.token = token
        self.told: dict[int, str] = {}
        self.caught_up: dict[int, str] = {}
        self.cursor = 0

    async def listen(self) -> None:
        """Until the stream breaks."""
        try:
            async with listening(self.server, self.token) as stream:
                async for frame in stream:
                    message = msgspec.json.decode(frame)
                    assert message["id"] not in self.told, "told twice"
                    self.told[message["id"]] = message["message"]
        except (OSError, ConnectionClosed):
            return

    async def catch_up(self, person: Person) -> None:
        more = True
        while more:
            headers = {"Authorization": f"Bearer {self.token}"}
            answer = await person.get(f"/api/1/changes?after={self.cursor}", headers=headers, auth=NOBODY)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            assert not page.get("hole") or self.cursor == 0
            for change in page["changes"]:
                assert change["message"]["id"] not in self.caught_up, "caught up twice"
                self.caught_up[change["message"]["id"]] = change["message"]["message"]
            assert page["cursor"] >= self.cursor
            self.cursor, more = page["cursor"], page["more"]


async def test_nothing_acknowledged_is_lost(store_server: Server) -> None:
    await kill_and_compare(store_server, kills=soak(3, 60))


async def test_nothing_acknowledged_is_lost_on_a_slow_disk(server: Server) -> None:
    """Most of the time a commit is under way, so that a kill hits one."""
    await kill_and_compare(server, kills=soak(3, 30), load=10, disk="delay_enter=20000")


async def kill_and_compare(server: Server, *, kills: int, load: int = 200, disk: str = "") -> None:
    """After some `load` messages each time. `disk`: what strace does to what is written."""
    async with Person(server) as admin:
        token, device = await admin.tokens()
        crowd = [Poster(f"sender {number}", token) for number in range(POSTERS)]
        follower = Follower(server, device)
        listener = asyncio.create_task(follower.listen())
        highest = 0
        for _ in range(kills):
            before = acknowledged(crowd)
            async with tampering(server, "pwrite64", disk) if disk else nullcontext():
                await load_and_kill(server, crowd, messages=random.randrange(load, 3 * load))
            await listener
            new = {id_: text for id_, text in acknowledged(crowd).items() if id_ not in before}
            assert min(new) > highest, "an id was given away twice"
            await server.start()
            await follower.catch_up(admin)
            highest = max(follower.caught_up)
            assert follower.caught_up.items() >= new.items(), "an acknowledged message is lost"
            listener = asyncio.create_task(follower.listen())
        await compare(server, admin, crowd=crowd, follower=follower)
        await listener


def acknowledged(crowd: list[Poster]) -> dict[int, str]:
    """By id."""
    found = {id_: text for poster in crowd for text, id_ in poster.stored.items()}
    assert len(found) == sum(len(poster.stored) for poster in crowd), "an id was given away twice"
    return found


async def load_and_kill(server: Server, crowd: list[Poster], *, messages: int) -> None:
    enough = len(acknowledged(crowd)) + messages
    senders = [asyncio.create_task(poster.run(server, asyncio.Event())) for poster in crowd]
    await until(lambda: len(acknowledged(crowd)) > enough, "they are being stored")
    await server.kill()
    await asyncio.gather(*senders)


async def compare(server: Server, admin: Person, *, crowd: list[Poster], follower: Follower) -> None:
    """What is stored with what everybody was told. Stops the server."""
    found = await admin.messages()
    stored = {message["id"]: message["message"] for message in found}
    assert [message["id"] for message in found] == sorted(stored, reverse=True), "an id twice, or out of order"
    assert len(set(stored.values())) == len(stored), "a message twice"
    assert stored.items() >= acknowledged(crowd).items(), "an acknowledged message is lost"
    unanswered = {text for poster in crowd for text in poster.unanswered}
    assert set(stored.values()) <= {*acknowledged(crowd).values(), *unanswered}, "stored, though refused"
    assert stored.items() >= follower.told.items(), "told, but not stored"
    assert follower.caught_up == stored
    assert not any(poster.refused for poster in crowd)
    assert await server.stop() == 0
    database = server.data / "carillon.db"
    if database.exists():
        with closing(sqlite3.connect(database)) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
