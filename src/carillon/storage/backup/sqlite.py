"""A copy of a SQLite database that is written to meanwhile: as it was at one moment, and checked."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from msgspec.structs import replace

from carillon.core.errors import DiskFull, Unavailable
from carillon.core.limits import MIB
from carillon.storage import sqlite
from carillon.storage.backup.contents import Facts, look
from carillon.storage.backup.pace import Pace
from carillon.storage.engine import DISK_FULL
from carillon.storage.lanes import drive
from carillon.storage.migrate import steps
from carillon.storage.refusals import BadBackup, NewerSchema
from carillon.storage.sqlite import SqliteSession

SLICE = 256  # pages, of 4 KiB
SYNC = 8 * MIB  # written between two waits for the disk: much at once would hold up the COMMITs of others
RESERVE = 16 * MIB  # that a copy leaves free for the server

CANNOT = "the database cannot be copied now"


def copy(source: sqlite3.Connection, target: Path, pace: Pace) -> None:
    """Into an empty file, which needs no other beside it in the end. Raises `Stopped`, `DiskFull`.

    The transaction that reads holds the state still, so that a step need not begin anew when somebody has written.
    Writers are not held up; only their log is not cut back until the copy is done.
    """
    source.execute("BEGIN")
    try:
        pages, size = (source.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        if shutil.disk_usage(target.parent).free < pages * size + RESERVE:
            raise DiskFull(f"there is no room for a copy of the database ({pages * size // MIB + 1} MiB)")
        with closing(sqlite3.connect(target, isolation_level=None)) as made:
            made.execute("PRAGMA journal_mode=OFF")
            made.execute("PRAGMA synchronous=OFF")
            _in_slices(source, made, target=target, pace=pace)
        stand_alone(target)
    except OSError as error:
        raise DiskFull(DISK_FULL) if error.errno == errno.ENOSPC else Unavailable(f"{CANNOT} ({error})") from error
    except sqlite3.Error as error:
        raise sqlite.trouble(error, f"{CANNOT} ({error})") or error from error
    finally:
        source.execute("ROLLBACK")


def _in_slices(source: sqlite3.Connection, made: sqlite3.Connection, *, target: Path, pace: Pace) -> None:
    file = os.open(target, os.O_RDWR | os.O_CLOEXEC)
    unsynced = 0

    def rest(_status: int, _remaining: int, _total: int) -> None:
        nonlocal unsynced
        unsynced += SLICE * 4096
        if unsynced >= SYNC:
            unsynced = 0
            os.fdatasync(file)
        pace.rest()

    try:
        source.backup(made, pages=SLICE, progress=rest, sleep=0)
    finally:
        os.close(file)


def stand_alone(path: Path) -> None:
    """A copy has inherited that there may be a log beside it. Afterwards the file is all there is."""
    with closing(sqlite3.connect(path, isolation_level=None)) as made:
        made.execute("PRAGMA journal_mode=DELETE")


def require_sound(path: Path, pace: Pace) -> None:
    """Reads every page of a database that nobody writes to.

    Raises BadBackup for what is none of ours or is damaged, NewerSchema, and `Stopped`.
    """
    with _opened(path) as db:
        _require_ours(db)
        with pace.interrupting(db):
            found = db.execute("PRAGMA integrity_check").fetchone()[0]
        if found != "ok":
            raise BadBackup(f"the database is damaged: {found}")


def examine(path: Path, pace: Pace) -> Facts:
    """Reads what is in it too. Raises as `require_sound`."""
    require_sound(path, pace)
    with _opened(path) as db, pace.interrupting(db):
        orphans = len(db.execute("PRAGMA foreign_key_check").fetchall())
        facts = drive(look(SqliteSession(db), "sqlite", sqlite3.sqlite_version))
    if not orphans:
        return facts
    return replace(facts, problems=[*facts.problems, f"{orphans} rows that belong to a missing one"])


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """For looking at what may come from anywhere."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as db:
            db.execute("PRAGMA trusted_schema=OFF")
            db.execute("PRAGMA cell_size_check=ON")
            yield db
    except sqlite3.DatabaseError as error:
        raise BadBackup(f"the database is damaged: {error}") from error


def _require_ours(db: sqlite3.Connection) -> None:
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not {"migrations", "counters", "entries"} <= tables:
        raise BadBackup("this is a database, but none of Carillon's")
    number = db.execute("SELECT max(number) FROM migrations").fetchone()[0]
    if number > (known := steps("sqlite")[-1].number):
        raise NewerSchema(f"it has schema {number}, this Carillon knows {known}: install the version that made it")
