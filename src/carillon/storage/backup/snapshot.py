"""`gotify.db` in the data folder: a copy of the database that is always whole, for those who back up with `cp`."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from types import TracebackType

from carillon.core.errors import CarillonError, Conflict, Unavailable
from carillon.core.ports import Clock
from carillon.storage import sqlite
from carillon.storage.backup.pace import Pace, in_thread
from carillon.storage.backup.sqlite import copy, require_sound
from carillon.storage.migrate import DATABASE
from carillon.storage.part import part_of
from carillon.storage.refusals import Refusal

SNAPSHOT = "gotify.db"
SHARE = 3.0  # rests three times as long as the work: publishing goes first


class SqliteSnapshots:
    """Takes them, for the holder of the folder's lock. An open one has a connection of its own."""

    def __init__(self, data: Path, clock: Clock) -> None:
        self._path = data / SNAPSHOT
        self._clock = clock
        self._source = sqlite.connect(data / DATABASE)
        self._taken: int | None = None  # SQLite's number of the state that was copied last

    def __enter__(self) -> SqliteSnapshots:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._source.close()

    async def take(self, *, hurried: bool) -> bool:
        """False: nothing has changed since the last one. `hurried`: without rests.

        What stood there stays until the new one is whole. Raises a CarillonError when none can be made now.
        """
        pace = Pace(self._clock, share=0.0 if hurried else SHARE)
        return await in_thread(partial(self._take, pace), pace)

    def _take(self, pace: Pace) -> bool:
        state = self._state()
        if state == self._taken and self._path.exists():
            return False
        try:
            _require_own(self._path)
            with part_of(self._path) as part:
                copy(self._source, part.path, pace)
                require_sound(part.path, pace)
                part.put_in_place(replace=True)
        except CarillonError:
            raise
        except (Refusal, sqlite3.Error, OSError) as error:
            raise Unavailable(str(error)) from error
        self._taken = state
        return True

    def _state(self) -> int:
        number: int = self._source.execute("PRAGMA data_version").fetchone()[0]
        return number


def _require_own(path: Path) -> None:
    """Raises `Conflict` for a file that is no snapshot: in a folder that was Gotify's it may be Gotify's database."""
    try:
        if not path.exists():
            return
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            found = db.execute("SELECT count(*) FROM sqlite_master WHERE name IN ('counters', 'entries')").fetchone()
    except sqlite3.DatabaseError:
        found = (0,)
    if found[0] != 2:
        raise Conflict(f"{path} is none of Carillon's and is left alone: move it away to have snapshots there")
