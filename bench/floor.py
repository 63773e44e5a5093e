"""The floor: what the server, the disk and this machine allow a Python program that does next to nothing.

It runs on the same server as the product, with the same protocol class and settings. It finds one token in the
headers, reads the body, writes the rows that the product writes (the same tables and indexes, and no column that
would hold nothing) by group commit, and answers. It draws its numbers in memory, checks nothing and tells nobody.

    python -m bench.floor PORT FOLDER [DATABASE]
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import time
from collections.abc import Awaitable, MutableMapping, Sequence
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, Protocol

import asyncpg

from bench.client import TEXT, TITLE
from carillon.hub.http import GuardedHttp
from carillon.hub.socket import CutOffWebSocket
from carillon.ops.server import Hooks, Protocols, run, serve
from carillon.storage.migrate import DATABASE, migrate

TOKEN = "Afloor.floor.fl"
USER, APPLICATION = 1, 1
LARGEST_BATCH = 1000
BULK = 64  # rows of one INSERT

MESSAGES = (
    "id, public_id, application_id, title, body, content_type, dialect, priority, level, created, encrypted, receivers"
)
ENTRIES = "user_id, message_id, application_id, changed, deleted"
MESSAGE_VALUES = "(?, ?, ?, ?, ?, 'text/plain', 'gotify', 5, 5, ?, 0, 1)"
ENTRY_VALUES = "(?, ?, ?, ?, 0)"

# One statement, so one round trip: it is a transaction of its own.
POSTGRES = f"""
    WITH arrived AS (
        SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]) AS a (id, public_id, body, created)
    ), stored AS (
        INSERT INTO messages ({MESSAGES})
        SELECT id, public_id, {APPLICATION}, '{TITLE}', body, 'text/plain', 'gotify', 5, 5, created, false, 1
        FROM arrived
    )
    INSERT INTO entries ({ENTRIES}) SELECT {USER}, id, {APPLICATION}, id, 0 FROM arrived
"""

Row = tuple[int, str, str, int]  # id, public id, text, created
Waiting = tuple[asyncio.Future[None], Row]


class Store(Protocol):
    def put(self, row: Row) -> Awaitable[None]:
        """Done after COMMIT."""


class SqliteStore:
    """A thread that writes what has come while it wrote."""

    def __init__(self, path: Path) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[Waiting] = SimpleQueue()
        Thread(target=self._write, args=[path], daemon=True).start()

    def put(self, row: Row) -> asyncio.Future[None]:
        future = self._loop.create_future()
        self._queue.put((future, row))
        return future

    def _write(self, path: Path) -> None:
        db = sqlite3.connect(path, isolation_level=None, cached_statements=512)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        get, waiting = self._queue.get, self._queue.qsize
        while True:
            batch = [get()]
            batch += [get() for _ in range(min(waiting(), LARGEST_BATCH - 1))]
            db.execute("BEGIN IMMEDIATE")
            for start in range(0, len(batch), BULK):
                _insert(db, [row for _, row in batch[start : start + BULK]])
            db.execute("COMMIT")
            self._loop.call_soon_threadsafe(_settle, batch)


def _insert(db: sqlite3.Connection, rows: Sequence[Row]) -> None:
    messages = [
        value
        for number, public_id, text, created in rows
        for value in (number, public_id, APPLICATION, TITLE, text, created)
    ]
    entries = [value for number, *_ in rows for value in (USER, number, APPLICATION, number)]
    db.execute(_statement("messages", len(rows)), messages)
    db.execute(_statement("entries", len(rows)), entries)


@cache
def _statement(table: str, rows: int) -> str:
    columns, values = {"messages": (MESSAGES, MESSAGE_VALUES), "entries": (ENTRIES, ENTRY_VALUES)}[table]
    return f"INSERT INTO {table} ({columns}) VALUES {', '.join([values] * rows)}"


class PostgresStore:
    """A task on the loop that writes what has come while it wrote."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Waiting] = []
        self._some = asyncio.Event()
        self._task = self._loop.create_task(self._write())

    def put(self, row: Row) -> asyncio.Future[None]:
        future = self._loop.create_future()
        self._waiting.append((future, row))
        self._some.set()
        return future

    async def _write(self) -> None:
        while True:
            await self._some.wait()
            batch, self._waiting = self._waiting[:LARGEST_BATCH], self._waiting[LARGEST_BATCH:]
            if not self._waiting:
                self._some.clear()
            await self._connection.execute(POSTGRES, *zip(*(row for _, row in batch), strict=True))
            _settle(batch)


def _settle(batch: Sequence[Waiting]) -> None:
    for future, _ in batch:
        if not future.done():
            future.set_result(None)


class Floor:
    """The ASGI application."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last = 0

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["method"] == "POST":
            answer = await self._publish(scope, receive)
        else:
            answer = b"{}"
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _publish(self, scope: MutableMapping[str, Any], receive: Any) -> bytes:
        for name, value in scope["headers"]:
            if name == b"x-gotify-key":
                if value != TOKEN.encode():
                    return b"{}"
                break
        event = await receive()
        body = event["body"]
        while event["more_body"]:
            event = await receive()
            body += event["body"]
        self._last = number = self._last + 1
        await self._store.put((number, f"{number:012d}", body.decode()[: len(TEXT)], time.time_ns() // 1000))
        return b'{"id":%d,"appid":1}' % number


async def main(port: int, folder: Path, database: str) -> None:
    await migrate(database or None, folder)
    store = PostgresStore(await asyncpg.connect(database)) if database else SqliteStore(folder / DATABASE)

    async def stop() -> None:
        """Nothing has to come to rest."""

    await serve(
        Floor(store),
        host="127.0.0.1",
        port=port,
        protocols=Protocols(GuardedHttp, CutOffWebSocket),
        hooks=Hooks(lambda _: None, stop),
    )


if __name__ == "__main__":
    sys.exit(run(main(int(sys.argv[1]), Path(sys.argv[2]), (sys.argv[3:] or [""])[0])))
