from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from carillon.core.errors import DiskFull, Unavailable
from carillon.storage import sqlite
from carillon.storage.lock import FolderLock
from carillon.storage.session import Session, Table
from carillon.storage.sqlite import SqliteEngine, SqliteSession, SqliteWriter

NUMBERS = Table("numbers", (("number", "bigint"), ("text", "text")))


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[SqliteEngine]:
    with closing(sqlite.connect(tmp_path / "x.db")) as db:
        db.execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY, text TEXT)")
    engine = SqliteEngine(tmp_path / "x.db", FolderLock(tmp_path))
    yield engine
    await engine.writer.close()
    await engine.close()


async def put(engine: SqliteEngine, *numbers: int) -> None:
    tx = await engine.writer.begin(alone=False)
    await tx.insert(NUMBERS, [(number, f"{number}") for number in numbers])
    await engine.writer.commit()


async def read_all(tx: Session) -> list[int]:
    return [row[0] for row in await tx.rows("SELECT number FROM numbers ORDER BY number")]


def test_a_commit_is_on_the_disk_when_it_returns(tmp_path: Path) -> None:
    with closing(sqlite.connect(tmp_path / "x.db")) as db:
        pragmas = {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")}
    assert pragmas == {"journal_mode": "wal", "synchronous": 2}


async def test_ids_go_on_above_a_number(tmp_path: Path) -> None:
    with closing(sqlite.connect(tmp_path / "x.db")) as db:
        db.execute("CREATE TABLE things (id INTEGER PRIMARY KEY AUTOINCREMENT)")
        tx = SqliteSession(db)
        given = []
        for above in (4, 2, 9):
            await tx.continue_ids("things", above)
            given += [row[0] for row in await tx.rows("INSERT INTO things DEFAULT VALUES RETURNING id")]
        assert given == [5, 6, 10]


@pytest.mark.parametrize("count", [1, 63, 64, 65, 128, 200])
async def test_many_rows_go_in_whatever_their_number(engine: SqliteEngine, count: int) -> None:
    await put(engine, *range(count))
    assert await engine.read(read_all, snapshot=False) == list(range(count))


async def test_columns_are_filled_where_any_row_fills_them(engine: SqliteEngine) -> None:
    texts = [None, None, "x", None]
    for rows in ([(1, "a")], [(2, None)], [(number, text) for number, text in enumerate(texts, 3)]):
        tx = await engine.writer.begin(alone=False)
        await tx.insert(NUMBERS, rows)
        await engine.writer.commit()
    tx = await engine.writer.begin(alone=False)
    assert [row[1] for row in await tx.rows("SELECT * FROM numbers ORDER BY number")] == ["a", None, *texts]


async def test_what_is_not_committed_is_not_read(engine: SqliteEngine) -> None:
    await put(engine, 1)
    tx = await engine.writer.begin(alone=False)
    assert await tx.run("UPDATE numbers SET number = number + 1") == 1
    assert await engine.read(read_all, snapshot=False) == [1]
    await engine.writer.rollback(ValueError())
    tx = await engine.writer.begin(alone=False)
    assert await read_all(tx) == [1]


async def test_readers_cannot_write(engine: SqliteEngine) -> None:
    async def write(tx: Session) -> int:
        return await tx.run("DELETE FROM numbers")

    with pytest.raises(Unavailable):  # as on a read-only disk
        await engine.read(write, snapshot=False)


async def test_a_reader_that_fails_harms_no_other(engine: SqliteEngine) -> None:
    async def fail(tx: Session) -> None:
        await tx.rows("SELECT * FROM missing")

    await put(engine, 1)
    for _ in range(2 * sqlite.READERS):
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            await engine.read(fail, snapshot=False)
    reads = [engine.read(read_all, snapshot=False) for _ in range(20)]
    assert await asyncio.gather(*reads) == [[1]] * 20


async def test_the_log_stays_short_though_many_read(engine: SqliteEngine, tmp_path: Path) -> None:
    for start in range(0, 60_000, 500):
        await put(engine, *range(start, start + 500))
        await engine.read(read_all, snapshot=False)
    assert (tmp_path / "x.db-wal").stat().st_size < 8 * 1024 * 1024


async def test_a_query_for_each_id_keeps_their_order(engine: SqliteEngine) -> None:
    await put(engine, 1, 2, 3)
    tx = await engine.writer.begin(alone=False)
    rows = await tx.each("SELECT number, text FROM numbers WHERE number = ? AND text <> ?", [3, 9, 2, 1], "2")
    assert rows == [(3, "3"), (1, "1")]
    await tx.run_each("DELETE FROM numbers WHERE number = ? AND text = ?", [(1, "1"), (2, "x")])
    assert await read_all(tx) == [2, 3]
    assert await tx.row("SELECT number FROM numbers WHERE number = 1") is None


async def test_a_connection_in_trouble_is_opened_anew(engine: SqliteEngine, tmp_path: Path) -> None:
    writer = engine.writer
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError) as caught:
            await writer.begin(alone=False)
        await writer.rollback(caught.value)
        assert str(writer.trouble(caught.value)) == "storage cannot write now"
        other.execute("ROLLBACK")
    await put(engine, 5)
    assert await engine.read(read_all, snapshot=False) == [5]


async def test_a_write_at_fault_is_no_trouble(tx: SqliteSession, database: Path) -> None:
    with pytest.raises(sqlite3.IntegrityError) as caught:
        await tx.run("INSERT INTO users (name) VALUES ('ada')")
    writer = SqliteWriter(database)
    assert writer.trouble(caught.value) is None
    assert writer.trouble(ValueError()) is None


async def test_a_full_database_is_a_full_disk(tx: SqliteSession, database: Path) -> None:
    await tx.rows("PRAGMA max_page_count = 1")
    with pytest.raises(sqlite3.OperationalError) as caught:
        await tx.run(
            "INSERT INTO users (name, password_hash, admin, initial_password, created) VALUES ('a', ?, 1, 1, 1)",
            "x" * 100_000,
        )
    assert isinstance(SqliteWriter(database).trouble(caught.value), DiskFull)


async def test_the_engine_finds_a_damaged_file(database: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(database)) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("INSERT INTO devices (user_id, name, created) VALUES (9, 'phone', 1)")
        db.commit()
    engine = SqliteEngine(database, FolderLock(tmp_path))
    assert await engine.read(engine.faults, snapshot=True) == ["devices: a row whose users is missing"]
    await engine.close()
