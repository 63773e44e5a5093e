from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from carillon.core.errors import DiskFull
from carillon.ops.system import SystemClock
from carillon.storage import sqlite
from carillon.storage.backup.pace import Pace, Stopped
from carillon.storage.backup.sqlite import copy, examine, stand_alone
from carillon.storage.migrate import DATABASE, apply_sqlite, steps
from carillon.storage.refusals import BadBackup, NewerSchema
from tests.walks.faults import small_disk

MIB = 1024 * 1024


@pytest.fixture
def source(database: Path) -> Iterator[sqlite3.Connection]:
    """Of a database of some 4 MiB."""
    with closing(sqlite.connect(database)) as db:
        db.execute("CREATE TABLE load (number INTEGER PRIMARY KEY, content BLOB)")
        db.executemany("INSERT INTO load (content) VALUES (?)", [(os.urandom(4000),) for _ in range(1000)])
        yield db


def pace(share: float = 0) -> Pace:
    return Pace(SystemClock(), share=share)


def test_it_needs_no_other_file_beside_it(source: sqlite3.Connection, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target = tmp_path / "there" / "copy"
    copy(source, target, pace())
    assert os.listdir(tmp_path / "there") == ["copy"]
    assert target.read_bytes()[18:20] == b"\1\1"  # of a database that keeps no log
    assert not source.in_transaction
    facts = examine(target, pace())
    assert (facts.engine, facts.schema, facts.problems) == ("sqlite", steps("sqlite")[-1].number, [])


def test_it_is_of_one_moment_whatever_is_written_meanwhile(
    database: Path, source: sqlite3.Connection, tmp_path: Path
) -> None:
    """A step that found the database changed would begin anew, and never come to an end."""
    stop, began = threading.Event(), threading.Event()
    written = []

    def write() -> None:
        with closing(sqlite.connect(database)) as other:
            while not stop.is_set():
                other.execute("INSERT INTO load (content) VALUES (x'00')")
                written.append(other.execute("SELECT max(number) FROM load").fetchone()[0])
                began.set()

    writer = threading.Thread(target=write)
    writer.start()
    began.wait(5)
    before = len(written)
    copy(source, tmp_path / "copy", pace(share=2))
    stop.set()
    writer.join()
    assert len(written) > before + 5, "nothing was written meanwhile"
    with closing(sqlite3.connect(tmp_path / "copy")) as made:
        numbers = [row[0] for row in made.execute("SELECT number FROM load ORDER BY number")]
        assert made.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert written[before - 1] <= len(numbers) < written[-1]


def test_it_can_be_stopped(source: sqlite3.Connection, tmp_path: Path) -> None:
    stopped = pace()
    stopped.stop()
    with pytest.raises(Stopped):
        copy(source, tmp_path / "copy", stopped)
    assert not source.in_transaction
    copy(source, tmp_path / "other", pace())


def test_no_room(source: sqlite3.Connection, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 8 * MIB) as disk, pytest.raises(DiskFull, match=r"no room .* \(\d+ MiB\)"):
        copy(source, disk / "copy", pace())


def test_what_is_damaged(source: sqlite3.Connection, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    copy(source, target, pace())
    whole = target.read_bytes()
    with closing(sqlite3.connect(target)) as made:
        ((page,),) = made.execute("SELECT rootpage FROM sqlite_master WHERE name = 'load'")
    at = (page - 1) * 4096
    target.write_bytes(whole[:at] + bytes(4096) + whole[at + 4096 :])
    with pytest.raises(BadBackup, match="damaged"):
        examine(target, pace())
    target.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadBackup, match="damaged"):
        examine(target, pace())
    target.write_bytes(b"no database " * 1000)
    with pytest.raises(BadBackup, match="damaged"):
        examine(target, pace())


def test_what_is_none_of_ours(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "gotify.db")) as foreign:
        foreign.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY)")
    with pytest.raises(BadBackup, match="none of Carillon's"):
        examine(tmp_path / "gotify.db", pace())


def test_a_newer_one(database: Path) -> None:
    with closing(sqlite.connect(database)) as db:
        db.execute("INSERT INTO migrations (number, name) VALUES (9999, 'x')")
    stand_alone(database)
    with pytest.raises(NewerSchema, match="9999"):
        examine(database, pace())


def test_rows_without_the_one_they_belong_to(tmp_path: Path) -> None:
    database = tmp_path / DATABASE
    apply_sqlite(database, steps("sqlite"))
    with closing(sqlite3.connect(database, isolation_level=None)) as db:
        db.execute("INSERT INTO devices (user_id, name, created) VALUES (7, 'phone', 0)")
    stand_alone(database)
    assert examine(database, pace()).problems == ["1 rows that belong to a missing one"]
