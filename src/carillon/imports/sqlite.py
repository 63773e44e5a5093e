"""A foreign SQLite file: read once into a private copy, so that its own server is held up for a moment only."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from carillon.core.errors import BadInput, Unavailable

TRIES = 120  # of a quarter of a second, while the other server holds its database

# Opening for reading is not enough where a crash left a journal.
NEEDS_RECOVERY = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
COMPANIONS = ("-journal", "-wal")
WRITE_AHEAD = 2  # the version in the head of a file that has a write-ahead log


class SqliteSource:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    async def columns(self, table: str) -> frozenset[str]:
        return frozenset(row[0] for row in self._db.execute("SELECT name FROM pragma_table_info(?)", (table,)))

    async def rows(self, sql: str) -> Sequence[Sequence[Any]]:
        return self._db.execute(sql).fetchall()

    async def walk(self, sql: str) -> AsyncIterator[Sequence[Any]]:
        for row in self._db.execute(sql):
            yield row

    async def highest_id(self, table: str) -> int:
        ((highest,),) = self._db.execute(f"SELECT coalesce(max(id), 0) FROM {table}")
        if await self.columns("sqlite_sequence"):
            for (ever,) in self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)):
                highest = max(highest, ever if isinstance(ever, int) else 0)
        return int(highest)


@asynccontextmanager
async def opened(path: Path, file: str) -> AsyncIterator[SqliteSource]:
    """The file, or the one of the name `file` in the folder, as it is now. Nothing is written to it or beside it.

    While it is copied its server can read but not write, a second for some hundred megabytes. The copy has no name
    and is gone with this process, however that ends; it lies in the system's folder for such files (TMPDIR). Raises
    BadInput for what is no sound SQLite database, Unavailable when its server does not let go of it.
    """
    with closing(await asyncio.to_thread(_snapshot, path, file)) as copy:
        yield SqliteSource(copy)


def _snapshot(given: Path, file: str) -> sqlite3.Connection:
    path = given / file if given.is_dir() else given
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file")
    copy = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    # Go stores what it is given, also bytes that are no text.
    copy.text_factory = lambda data: data.decode("utf-8", "replace")
    try:
        _fill(copy, path)
        (verdict,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        copy.close()
        raise BadInput(f"{path}: {error}") from None
    except BaseException:
        copy.close()
        raise
    if verdict != "ok":
        copy.close()
        raise BadInput(f"{path}: the database is damaged: {verdict}")
    return copy


def _fill(copy: sqlite3.Connection, path: Path) -> None:
    if _logs_ahead(path) and not _companion(path, "-shm").exists():
        _fill_elsewhere(copy, path)
        return
    try:
        _back_up(f"{path.absolute().as_uri()}?mode=ro", copy)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in NEEDS_RECOVERY:
            raise
        _fill_elsewhere(copy, path)


def _logs_ahead(path: Path) -> bool:
    """By the file's head: whoever opens such a database makes an index of its log beside it, unless there is one."""
    with path.open("rb") as file:
        head = file.read(20)
    return len(head) == 20 and head[19] == WRITE_AHEAD


def _companion(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _fill_elsewhere(copy: sqlite3.Connection, path: Path) -> None:
    """Where nobody has the database open: SQLite may do there whatever it needs to do."""
    with TemporaryDirectory() as folder:
        elsewhere = Path(folder, "database")
        for suffix in ("", *COMPANIONS):
            if _companion(path, suffix).exists():
                shutil.copyfile(_companion(path, suffix), _companion(elsewhere, suffix))
        _back_up(elsewhere.as_uri(), copy)


def _back_up(uri: str, copy: sqlite3.Connection) -> None:
    tries = 0

    def patiently(status: int, _left: int, _all: int) -> None:
        nonlocal tries
        tries += status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        if tries > TRIES:
            raise Unavailable("the database is held by its own server: try again, or stop that")

    with closing(sqlite3.connect(uri, uri=True)) as source:
        source.backup(copy, progress=patiently)
