"""An open transaction on a new SQLite database, whose session can be used as it is: it never suspends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from carillon.storage.migrate import DATABASE, apply_sqlite, steps
from carillon.storage.sqlite import SqliteSession, SqliteWriter


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / DATABASE
    apply_sqlite(path, steps("sqlite"))
    return path


@pytest.fixture
async def tx(database: Path) -> AsyncIterator[SqliteSession]:
    writer = SqliteWriter(database)
    yield await writer.begin(alone=False)
    await writer.close()
