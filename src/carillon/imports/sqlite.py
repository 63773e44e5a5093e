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

# Opening for reading is not enough where a crash left a journal, or where a log has no index beside it.
NEEDS_RECOVERY = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
COMPANIONS = ("-journal", "-wal")


class SqliteSource:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    async def columns(self, table: str) -> frozenset[str]:
        return frozenset(row[1] for row in self._db.execute(f"PRAGMA table_info({table})"))

    async def rows(self, sql: str) -> Sequence[Sequence[Any]]:
        return self._db.execute(sql).fetchall()

    async def walk(self, sql: str) -> AsyncIterator[Sequence[Any]]:
        for row in self._db.execute(sql):
            yield row

    async def highest_id(self, table: str) -> int:
        ((highest,),) = self._db.execute(f"SELECT coalesce(max(id), 0) FROM {table}")
        if await self.columns("sqlite_sequence"):
            for (ever,) in self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)):
                highest = max(highest, ever)
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
    try:
        _back_up(f"{path.absolute().as_uri()}?mode=ro", copy)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in NEEDS_RECOVERY:
            raise
        with TemporaryDirectory() as folder:
            beside = Path(folder, "database")
            for suffix in ("", *COMPANIONS):
                companion = path.with_name(path.name + suffix)
                if companion.exists():
                    shutil.copyfile(companion, f"{beside}{suffix}")
            _back_up(beside.as_uri(), copy)


def _back_up(uri: str, copy: sqlite3.Connection) -> None:
    tries = 0

    def patiently(status: int, _left: int, _all: int) -> None:
        nonlocal tries
        tries += status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        if tries > TRIES:
            raise Unavailable("the database is held by its own server: try again, or stop that")

    with closing(sqlite3.connect(uri, uri=True)) as source:
        source.backup(copy, progress=patiently)
