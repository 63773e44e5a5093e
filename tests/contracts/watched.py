"""A database that a server has open, seen from beside: whether it has changed, and back as it was."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any


class Watched:
    """By a connection of its own. The copy that it keeps goes back page by page, so that no trigger hears of it."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA synchronous = OFF")
        self._kept = sqlite3.connect(":memory:", isolation_level=None)
        self._db.backup(self._kept)
        tables = self._db.execute(
            "SELECT name FROM pragma_table_list WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        self._columns = {table: self._columns_of(table) for (table,) in tables.fetchall()}
        self._before = self._dump()
        self._version = self._data_version()

    def changed(self) -> bool:
        """Whether anything but the time of a last use is not as it was."""
        version = self._data_version()
        if version == self._version:
            return False
        self._version = version
        return self._dump() != self._before

    def restore(self) -> None:
        self._kept.backup(self._db)

    def close(self) -> None:
        self._db.close()
        self._kept.close()

    def _data_version(self) -> int:
        """SQLite counts here what other connections commit."""
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def _columns_of(self, table: str) -> list[str]:
        columns = self._db.execute("SELECT name FROM pragma_table_info(?)", (table,))
        return [column for (column,) in columns if column != "last_used"]

    def _dump(self) -> dict[str, list[Any]]:
        found = {}
        for table, columns in self._columns.items():
            names = ", ".join(columns)
            found[table] = self._db.execute(f"SELECT {names} FROM {table} ORDER BY {names}").fetchall()  # noqa: S608  # their own names
        return found
