from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from carillon.core.errors import DiskFull, Unavailable
from carillon.storage.messages import publish_plain
from carillon.storage.migrate import migrate_postgres
from carillon.storage.postgres import PostgresEngine, PostgresSession, PostgresWriter, connect, numbered
from carillon.storage.session import Session, Table
from tests.builders import publication

NUMBERS = Table("numbers", (("number", "bigint"), ("text", "text"), ("flag", "boolean")))


@pytest.fixture
async def connection(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(postgres_url)
    await connection.execute("CREATE TABLE numbers (number BIGINT, text TEXT, flag BOOLEAN)")
    yield connection
    await connection.close()


def test_placeholders_are_numbered() -> None:
    assert numbered("a = ? AND b IN (?, ?)") == "a = $1 AND b IN ($2, $3)"
    assert numbered("SELECT 1") == "SELECT 1"


async def test_statements_do_the_same_as_on_sqlite(connection: asyncpg.Connection) -> None:
    tx = PostgresSession(connection)
    await tx.insert(NUMBERS, [(1, "1", True), (2, "2", False), (3, None, True)])
    assert [tuple(row) for row in await tx.rows("SELECT * FROM numbers WHERE number < ?", 3)] == [
        (1, "1", True),
        (2, "2", False),
    ]
    assert await tx.row("SELECT 1 FROM numbers WHERE text = ?", "x") is None
    rows = await tx.each("SELECT number FROM numbers WHERE number = ? AND number <> ? AND flag", [3, 9, 4, 1], 4)
    assert [row[0] for row in rows] == [3, 1]
    assert await tx.run("UPDATE numbers SET text = ? WHERE flag", "y") == 2
    assert await tx.run("INSERT INTO numbers VALUES (?, ?, FALSE)", 4, "4") == 1
    await tx.run_each("DELETE FROM numbers WHERE number = ? AND text = ?", [(1, "y"), (2, "x")])
    assert [row[0] for row in await tx.rows("SELECT number FROM numbers ORDER BY number")] == [2, 3, 4]


async def test_plain_messages_take_one_round_trip(connection: asyncpg.Connection, postgres_url: str) -> None:
    await migrate_postgres(postgres_url)
    tx = PostgresSession(connection)
    sent: list[str] = []
    for number in range(2):  # the first one has the connection learn about types
        sent.clear()
        with connection.query_logger(lambda record: sent.append(record.query)):
            await publish_plain(
                tx, [publication(1, 1, public_id=f"{number}{url}", url=url) for url in (None, "https://x")]
            )
        await asyncio.sleep(0)  # the log is written a turn later
    assert len(sent) == 1
    found = await connection.fetch(
        "SELECT m.id, m.url, e.changed FROM messages m JOIN entries e ON m.id = e.message_id ORDER BY m.id"
    )
    assert [tuple(row) for row in found] == [(1, None, 1), (2, "https://x", 2), (3, None, 3), (4, "https://x", 4)]


async def test_plain_messages_of_several_writers_are_numbered_in_the_order_of_commits(postgres_url: str) -> None:
    """A writer that has drawn and not committed holds up the one that wants to draw."""
    await migrate_postgres(postgres_url)
    slow, fast = PostgresWriter(postgres_url), PostgresWriter(postgres_url)
    tx = await slow.begin(alone=False)
    await publish_plain(tx, [publication(1, 1, public_id="slow")])
    waiting = asyncio.create_task(publish_plain(await fast.begin(alone=True), [publication(1, 1, public_id="fast")]))
    done, _ = await asyncio.wait([waiting], timeout=0.2)
    assert not done
    await slow.commit()
    assert [message.id for message in await waiting] == [2]
    await slow.close()
    await fast.close()


async def test_writers_take_turns(connection: asyncpg.Connection, postgres_url: str) -> None:
    first, second = PostgresWriter(postgres_url), PostgresWriter(postgres_url)
    await first.begin(alone=False)
    held = "SELECT granted FROM pg_locks WHERE locktype = 'advisory'"
    assert [row[0] for row in await connection.fetch(held)] == [True]
    await first.commit()
    assert await connection.fetch(held) == []
    await second.begin(alone=False)
    await second.rollback(ValueError())
    assert await connection.fetch(held) == []
    await first.close()
    await second.close()


async def test_a_commit_is_on_the_disk_though_the_server_would_not_wait(
    connection: asyncpg.Connection, postgres_url: str
) -> None:
    name = postgres_url.rpartition("/")[2]
    await connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    writer = PostgresWriter(postgres_url)
    tx = await writer.begin(alone=False)
    assert await tx.rows("SHOW synchronous_commit") == [("on",)]
    await writer.commit()
    await writer.close()


async def test_a_snapshot_does_not_see_what_comes_after(connection: asyncpg.Connection, postgres_url: str) -> None:
    async def count_twice(tx: Session) -> list[int]:
        counts = []
        for _ in range(2):
            counts += [row[0] for row in await tx.rows("SELECT count(*) FROM numbers")]
            await connection.execute("INSERT INTO numbers VALUES (1)")
        return counts

    engine = await PostgresEngine.open(postgres_url)
    assert await engine.read(count_twice, snapshot=True) == [0, 0]
    assert await engine.read(count_twice, snapshot=False) == [2, 3]
    await engine.close()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (asyncpg.DiskFullError("x"), DiskFull),
        (asyncpg.TooManyConnectionsError("x"), Unavailable),
        (asyncpg.AdminShutdownError("x"), Unavailable),
        (asyncpg.ReadOnlySQLTransactionError("x"), Unavailable),
        (asyncpg.ConnectionDoesNotExistError("x"), Unavailable),
        (asyncpg.PostgresIOError("x"), Unavailable),
        (ConnectionRefusedError(), Unavailable),
        (TimeoutError(), Unavailable),
        (asyncpg.UniqueViolationError("x"), type(None)),
        (asyncpg.DataError("x"), type(None)),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "x"), type(None)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_whose_fault_an_error_is(error: Exception, kind: type) -> None:
    assert type(PostgresWriter("").trouble(error)) is kind
