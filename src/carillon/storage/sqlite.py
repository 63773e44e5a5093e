"""SQLite: one connection that writes, in a thread of its own, and a few that read."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import Any, Final, TypeVar

from carillon.core.errors import DiskFull, Unavailable
from carillon.core.models import Change
from carillon.core.reasons import because
from carillon.storage.engine import CANNOT_READ, CANNOT_WRITE, DISK_FULL, Task
from carillon.storage.lanes import ThreadLane, drive
from carillon.storage.lock import FolderLock
from carillon.storage.session import Arrival, Row, Rows, Session, Table, Value, filled

log = logging.getLogger("carillon.storage")

T = TypeVar("T")

READERS = 3
STATEMENTS = 1024  # prepared ones a connection keeps: bulk insertion alone has 64 a table and choice of columns
BULK = 64  # rows of one INSERT
BUSY = 2.0  # seconds: only a foreign program (a backup) can hold the database up
WAL_KEPT = 64 * 1024 * 1024  # bytes the write-ahead log is cut back to
WRITER_CACHE = 16 * 1024  # KiB

# The world's fault, and over when the world is mended; all others are the fault of what was written.
TROUBLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PROTOCOL,
}


def connect(path: Path) -> sqlite3.Connection:
    """Transactions are ours to begin; any thread may use it, one at a time."""
    db = sqlite3.connect(
        path, timeout=BUSY, isolation_level=None, check_same_thread=False, cached_statements=STATEMENTS
    )
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA foreign_keys=ON")
        db.execute(f"PRAGMA journal_size_limit={WAL_KEPT}")
    except BaseException:
        db.close()
        raise
    return db


class SqliteSession:
    kind: Final = "sqlite"

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.told: list[Change] = []

    async def rows(self, sql: str, *args: Value) -> Sequence[Row]:
        return self._db.execute(sql, args).fetchall()

    async def row(self, sql: str, *args: Value) -> Row | None:
        # All are fetched: a statement that was not run to its end holds its transaction open.
        rows = self._db.execute(sql, args).fetchall()
        return rows[0] if rows else None

    async def run(self, sql: str, *args: Value) -> int:
        return self._db.execute(sql, args).rowcount

    async def each(self, query: str, ids: Sequence[int], *args: Value) -> Sequence[Row]:
        return [row for number in ids for row in self._db.execute(query, (number, *args))]

    async def run_each(self, sql: str, args: Sequence[tuple[Value, ...]]) -> None:
        self._db.executemany(sql, args)

    async def rows_among(self, sql: str, ids: Sequence[int], *args: Value) -> Sequence[Row]:
        return self._db.execute(_among(sql), (_listed(ids), *args)).fetchall()

    async def run_among(self, sql: str, ids: Sequence[int]) -> int:
        return self._db.execute(_among(sql), (_listed(ids),)).rowcount

    async def insert(self, table: Table, rows: Rows) -> None:
        """One statement for many rows gives the interpreter lock away once; `executemany` would for each row.

        sqlite3 takes three times as long over None, and over a boolean, as over a number or a text.
        """
        for start in range(0, len(rows), BULK):
            given, columns = filled(rows[start : start + BULK])
            values = [
                [1 if value else 0 for value in column] if table.columns[at][1] == "boolean" else column
                for at, column in zip(given, columns, strict=True)
            ]
            flat = tuple(chain.from_iterable(zip(*values, strict=True)))
            self._db.execute(_insertion(table, given, len(columns[0])), flat)

    async def arrive(self, arrival: Arrival) -> tuple[int, int]:
        # In half the time of UPDATE … RETURNING, and on SQLite nobody comes between the two.
        message, changed = self._db.execute("SELECT message + 1, changed + 1 FROM counters").fetchone()
        self._db.execute(
            "UPDATE counters SET message = message + ?, changed = changed + ?", (arrival.messages, arrival.changes)
        )
        for table, rows in arrival.rows(message, changed):
            await self.insert(table, rows)
        return message, changed

    async def continue_ids(self, table: str, above: int) -> None:
        """SQLite has a row for each table that ever had one."""
        self._db.execute(
            "INSERT INTO sqlite_sequence (name, seq)"
            " SELECT ?, 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?)",
            (table, table),
        )
        self._db.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = ? AND seq < ?", (above, table, above))

    def tell(self, changes: Sequence[Change]) -> None:
        self.told += changes


@cache
def _among(sql: str) -> str:
    return sql.replace("AMONG ?", "IN (SELECT value FROM json_each(?))")


def _listed(ids: Sequence[int]) -> str:
    return f"[{','.join(map(str, ids))}]"


@lru_cache(STATEMENTS)
def _insertion(table: Table, given: tuple[int, ...], rows: int) -> str:
    names = ", ".join(table.columns[at][0] for at in given)
    values = f"({', '.join('?' * len(given))})"
    return f"INSERT INTO {table.name} ({names}) VALUES {', '.join([values] * rows)}"


def trouble(error: Exception, text: str) -> Unavailable | None:
    if not isinstance(error, sqlite3.Error):
        return None
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF  # the rest of it says where
    if code == sqlite3.SQLITE_FULL:
        return DiskFull(DISK_FULL)
    return Unavailable(text) if code in TROUBLE else None


class SqliteWriter:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None

    def lane(self) -> ThreadLane[Any]:
        return ThreadLane("storage-writer")

    async def begin(self, *, alone: bool) -> SqliteSession:
        if self._db is None:
            self._db = connect(self._path)
            self._db.execute(f"PRAGMA cache_size=-{WRITER_CACHE}")
        self._db.execute("BEGIN IMMEDIATE")
        return SqliteSession(self._db)

    async def commit(self) -> None:
        if self._db:
            self._db.execute("COMMIT")

    async def rollback(self, error: Exception) -> None:
        failure = self.trouble(error)
        spoilt = failure is not None and not isinstance(failure, DiskFull)
        try:
            if self._db and self._db.in_transaction:
                self._db.execute("ROLLBACK")
        except sqlite3.Error:
            spoilt = True
        if spoilt:
            await self.close()

    def trouble(self, error: Exception) -> Unavailable | None:
        return trouble(error, CANNOT_WRITE)

    async def close(self) -> None:
        if self._db:
            self._db.close()
        self._db = None


class SqliteEngine:
    """`lock` is released when the engine closes."""

    name = "SQLite"

    def __init__(self, path: Path, lock: FolderLock) -> None:
        self._path = path
        self._lock = lock
        self._threads = ThreadPoolExecutor(READERS, "storage-reader")
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        self.writer = SqliteWriter(path)

    async def read(self, work: Task[T], *, snapshot: bool) -> T:
        """A transaction each time: it makes a snapshot, costs next to nothing and never outlives the call."""
        if self._closed:
            raise Unavailable(because("stopping"))
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(self._read, work))

    def _read(self, work: Task[T]) -> T:
        db: sqlite3.Connection | None = None
        try:
            db = self._reader()
            db.execute("BEGIN")
            result = drive(work(SqliteSession(db)))
            db.execute("COMMIT")
        except Exception as error:
            if db:
                db.close()
            failure = trouble(error, CANNOT_READ)
            if failure is None:
                raise
            log.warning("%s: %s: %s", failure, type(error).__name__, error)
            raise failure from error
        self._idle.append(db)
        return result

    def _reader(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            db = connect(self._path)
            db.execute("PRAGMA query_only=ON")
            return db

    async def version(self, tx: Session) -> str:
        row = await tx.row("SELECT sqlite_version()")
        return str(row[0]) if row else ""

    async def size(self, tx: Session) -> int:
        """Without what waits in the log beside the file."""
        (row,) = await tx.rows("SELECT p.page_count * s.page_size FROM pragma_page_count() p, pragma_page_size() s")
        return int(row[0])

    async def faults(self, tx: Session) -> list[str]:
        found = [str(row[0]) for row in await tx.rows("PRAGMA quick_check") if row[0] != "ok"]
        found += [f"{row[0]}: a row whose {row[2]} is missing" for row in await tx.rows("PRAGMA foreign_key_check")]
        return found

    async def close(self) -> None:
        self._closed = True
        await asyncio.to_thread(self._threads.shutdown)
        while self._idle:
            self._idle.pop().close()
        self._lock.release()
