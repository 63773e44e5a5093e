"""Brings a database to this version's schema, and refuses one that is newer.

A step is `NNNN_name.sql`, or its twins `NNNN_name.sqlite.sql` and `NNNN_name.postgres.sql` where the engines differ.
Each is applied in a transaction of its own. A step that was released is never edited: the next one mends it.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from carillon.core.errors import Unavailable
from carillon.storage import sqlite
from carillon.storage.lock import FolderLock
from carillon.storage.refusals import NewerSchema

if TYPE_CHECKING:
    import asyncpg

FOLDER = Path(__file__).parent / "migrations"
DATABASE = "carillon.db"
LOCK = 0x6361_726D  # two processes that start at the same time migrate one after the other

PATIENCE = 24 * 3600.0  # seconds for one step, and for another process that is at it

SCHEMES = ("postgresql://", "postgres://")
APPLIED = "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL);"
NUMBER = "SELECT coalesce(max(number), 0) FROM migrations"

EngineName = Literal["sqlite", "postgres"]


class Step(Struct, frozen=True):
    number: int
    name: str
    sql: str

    @property
    def script(self) -> str:
        """What it does, and that it was done."""
        done = f"INSERT INTO migrations (number, name) VALUES ({self.number}, '{self.name}');"
        return f"{APPLIED}\n{self.sql}\n{done}"


def engine_of(url: str | None) -> EngineName:
    """Raises ValueError for an address of no database that we speak to."""
    if url is None:
        return "sqlite"
    if url.startswith(SCHEMES):
        return "postgres"
    raise ValueError("a database address starts with postgresql:// (without one it is SQLite in the data folder)")


def steps(engine: EngineName) -> list[Step]:
    found = []
    for file in sorted(FOLDER.glob("*.sql")):
        name, *engines = file.name.removesuffix(".sql").split(".")
        if not engines or engines == [engine]:
            found.append(Step(int(name[:4]), name, file.read_text("utf-8")))
    return found


async def pending(url: str | None, data: Path) -> list[str]:
    """The names of the steps that `migrate` would apply. Changes nothing.

    Raises ValueError for no address of ours, `NewerSchema`, `Unavailable` when the database is away.
    """
    if engine_of(url) == "sqlite":
        return _names(await asyncio.to_thread(_pending_sqlite, data / DATABASE))
    connection = await _connect(url or "")
    try:
        return _names(_after(await _number(connection), steps("postgres")))
    finally:
        await connection.close()


async def migrate(url: str | None, data: Path) -> list[str]:
    """The names of the steps that were applied. Raises what `pending` does, and `StoreLocked` while a server runs."""
    if engine_of(url) == "postgres":
        return await migrate_postgres(url or "")
    lock = FolderLock(data)
    try:
        return await migrate_sqlite(data)
    finally:
        lock.release()


async def migrate_sqlite(data: Path) -> list[str]:
    """For the holder of the folder's lock."""
    return _names(await asyncio.to_thread(apply_sqlite, data / DATABASE, steps("sqlite")))


async def migrate_postgres(url: str) -> list[str]:
    connection = await _connect(url)
    try:
        return _names(await apply_postgres(connection, steps("postgres")))
    finally:
        await connection.close()


async def apply_postgres(connection: asyncpg.Connection, known: Sequence[Step]) -> list[Step]:
    """Those of the known steps that the database has not seen. Holds a lock until the connection ends."""
    await connection.execute(f"SELECT pg_advisory_lock({LOCK})", timeout=PATIENCE)
    todo = _after(await _number(connection), known)
    for step in todo:
        async with connection.transaction():
            await connection.execute(step.script, timeout=PATIENCE)
    return todo


async def _connect(url: str) -> asyncpg.Connection:
    from carillon.storage import postgres

    try:
        return await postgres.connect(url)
    except postgres.TROUBLE as error:
        raise Unavailable(f"the database cannot be reached: {error}") from error


async def _number(connection: asyncpg.Connection) -> int:
    if await connection.fetchval("SELECT to_regclass('migrations')") is None:
        return 0
    number: int = await connection.fetchval(NUMBER)
    return number


def _pending_sqlite(path: Path) -> list[Step]:
    if not path.exists():
        return steps("sqlite")
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
        return _after(_number_sqlite(db), steps("sqlite"))


def apply_sqlite(path: Path, known: Sequence[Step]) -> list[Step]:
    """Those of the known steps that the database has not seen.

    What is stored is saved as `carillon.db.before-NNNN` first, NNNN being the first of them.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # digests and messages: for the owner's eyes
    with closing(sqlite.connect(path)) as db:
        number = _number_sqlite(db)
        todo = _after(number, known)
        if todo and number:
            _snapshot(db, path.with_name(f"{path.name}.before-{todo[0].number:04}"))
        for step in todo:
            try:
                db.executescript(f"BEGIN IMMEDIATE;\n{step.script}\nCOMMIT;")
            except sqlite3.Error:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
        return todo


def _number_sqlite(db: sqlite3.Connection) -> int:
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchall():
        return 0
    number: int = db.execute(NUMBER).fetchone()[0]
    return number


def _snapshot(db: sqlite3.Connection, target: Path) -> None:
    """The way back. Raises sqlite3.DatabaseError when the copy is not sound."""
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_RDWR | os.O_CREAT, 0o600))
    with closing(sqlite3.connect(target)) as copy:
        db.backup(copy)
        found = copy.execute("PRAGMA integrity_check").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(f"the snapshot {target} is not sound: {found}")


def _after(number: int, known: Sequence[Step]) -> list[Step]:
    if number > known[-1].number:
        raise NewerSchema(
            f"the database has schema {number}, this Carillon knows {known[-1].number}:"
            " it was opened by a newer version; install that one, or go back to a backup"
        )
    return [step for step in known if step.number > number]


def _names(found: Sequence[Step]) -> list[str]:
    return [step.name for step in found]
