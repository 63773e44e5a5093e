from __future__ import annotations

import asyncpg
import pytest

from carillon.core.errors import BadInput, Unavailable
from carillon.imports.postgres import opened


@pytest.fixture
async def writer(postgres_url: str) -> asyncpg.Connection:
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("CREATE TABLE things (id BIGSERIAL PRIMARY KEY, name TEXT)")
    await connection.execute("INSERT INTO things (name) VALUES ('one'), ('two')")
    yield connection
    await connection.close()


async def test_one_state_is_shown_and_nothing_written(postgres_url: str, writer: asyncpg.Connection) -> None:
    async with opened({"dsn": postgres_url}) as source:
        assert await source.columns("things") == {"id", "name"}
        assert await source.columns("nothing") == frozenset()
        await writer.execute("INSERT INTO things (name) VALUES ('three')")
        assert [row[0] async for row in source.walk("SELECT name FROM things ORDER BY id")] == ["one", "two"]
        assert len(await source.rows("SELECT 1 FROM things")) == 2
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await source.rows("DELETE FROM things RETURNING 1")
    assert await writer.fetchval("SELECT count(*) FROM things") == 3


async def test_the_highest_id_that_ever_was(postgres_url: str, writer: asyncpg.Connection) -> None:
    await writer.execute("DELETE FROM things WHERE id = 2; CREATE TABLE plain (id INTEGER PRIMARY KEY)")
    async with opened({"dsn": postgres_url}) as source:
        assert await source.highest_id("things") == 2
        assert await source.highest_id("plain") == 0
    await writer.execute("INSERT INTO things VALUES (7, 'seven'); INSERT INTO plain VALUES (3)")
    async with opened({"dsn": postgres_url}) as source:
        assert await source.highest_id("things") == 7
        assert await source.highest_id("plain") == 3


async def test_a_database_that_goes_away(postgres_url: str, writer: asyncpg.Connection) -> None:
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

    async def read() -> None:
        async with opened({"dsn": postgres_url}) as source:
            await writer.execute(f"SELECT pg_terminate_backend(pid) {others}")
            await source.rows("SELECT 1")

    with pytest.raises(Unavailable, match="gone away"):
        await read()


async def test_one_that_cannot_be_reached(postgres_url: str) -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        async with opened({"dsn": postgres_url + "_not_there"}):
            pass
    with pytest.raises(BadInput, match="cannot be read") as told:
        async with opened({"dsn": "postgresql://eve:secret@host:port/x"}):
            pass
    assert "secret" not in str(told.value)
