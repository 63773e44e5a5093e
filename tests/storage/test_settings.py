from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from carillon.storage import settings
from carillon.storage.session import Session
from tests.builders import opened
from tests.contracts.stores import write


async def test_they_stand_as_json_by_name(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await house.store.decide({"registration": "true", "log_level": '"debug"'})
    with closing(sqlite3.connect(tmp_path / "carillon.db")) as db:
        found = db.execute("SELECT name, value FROM settings ORDER BY name").fetchall()
    assert found == [("log_level", '"debug"'), ("registration", "true")]


async def test_all_or_none(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:

        async def fail(tx: Session) -> None:
            await settings.decide(tx, {"registration": "true"})
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await write(house.store, fail)
        assert await house.store.settings() == {}
