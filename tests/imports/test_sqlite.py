from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from carillon.core.errors import BadInput
from carillon.imports.sqlite import opened


def make(path: Path, *numbers: int) -> Path:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE things (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)")
        db.executemany("INSERT INTO things VALUES (?, ?)", [(number, f"thing {number}") for number in numbers])
        db.commit()
    return path


async def found(path: Path) -> list[tuple[int, str]]:
    async with opened(path, "things.db") as source:
        return [(row[0], row[1]) async for row in source.walk("SELECT id, name FROM things ORDER BY id")]


async def test_what_is_there_is_shown(tmp_path: Path) -> None:
    path = make(tmp_path / "things.db", 1, 5, 9)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM things WHERE id = 9")
        db.commit()
    for name in (path, tmp_path):
        async with opened(name, "things.db") as source:
            assert await source.columns("things") == {"id", "name"}
            assert await source.columns("nothing") == frozenset()
            assert [tuple(row) for row in await source.rows("SELECT name FROM things")] == [("thing 1",), ("thing 5",)]
            assert await source.highest_id("things") == 9
    assert sorted(os.listdir(tmp_path)) == ["things.db"]


async def test_a_table_that_counts_otherwise(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x")) as db:
        db.execute("CREATE TABLE things (id INTEGER PRIMARY KEY)")
        async with opened(tmp_path / "x", "") as source:
            assert await source.highest_id("things") == 0
        db.execute("INSERT INTO things VALUES (3)")
        db.commit()
    async with opened(tmp_path / "x", "") as source:
        assert await source.highest_id("things") == 3


async def test_what_is_written_meanwhile_is_not_seen(tmp_path: Path) -> None:
    path = make(tmp_path / "things.db", 1)
    async with opened(path, "") as source:
        with closing(sqlite3.connect(path, timeout=0)) as db:
            db.execute("INSERT INTO things VALUES (2, 'new')")
            db.commit()  # nobody holds it up
        assert len(await source.rows("SELECT * FROM things")) == 1
    assert len(await found(path)) == 2


async def test_it_waits_for_a_commit(tmp_path: Path) -> None:
    path = make(tmp_path / "things.db", 1)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.execute("BEGIN EXCLUSIVE")
    db.execute("INSERT INTO things VALUES (2, 'new')")
    timer = threading.Timer(0.3, db.execute, ["COMMIT"])
    timer.start()
    assert len(await found(path)) == 2
    timer.join()
    db.close()


async def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = make(tmp_path / "things.db")
    with closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO things VALUES (1, CAST(x'61ff' AS TEXT))")
        db.commit()
    assert await found(path) == [(1, "a\ufffd")]


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """Root writes everywhere, so he must not get that far."""
    folder.chmod(0o500)
    try:
        yield
    finally:
        folder.chmod(0o700)


async def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    folder = tmp_path / "mount"
    folder.mkdir()
    path = make(folder / "things.db", 1)
    path.chmod(0o400)
    with unwritable(folder):
        assert await found(path) == [(1, "thing 1")]


CRASH = """
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size=1")
db.execute("BEGIN IMMEDIATE")
db.execute("UPDATE things SET name = 'half'")
db.executemany("INSERT INTO things (name) VALUES (?)", [("x" * 4000,)] * 100)
os._exit(1)
"""


def crash(path: Path) -> None:
    """In the middle of a transaction that has reached the disk in part."""
    subprocess.run([sys.executable, "-c", CRASH, str(path)], check=False)


def contents(folder: Path) -> dict[str, bytes]:
    """Without the index of a log, which is shared memory."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if not file.name.endswith("-shm")}


@pytest.mark.parametrize("mode", ["delete", "wal"])
async def test_what_a_crash_has_left(tmp_path: Path, mode: str) -> None:
    path = make(tmp_path / "things.db", 1)
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA journal_mode={mode}")
    crash(path)
    before = contents(tmp_path)
    assert len(before) > 1
    assert await found(path) == [(1, "thing 1")]
    assert contents(tmp_path) == before


async def test_a_log_without_its_index(tmp_path: Path) -> None:
    path = make(tmp_path / "things.db", 1)
    copy = tmp_path / "copy"
    copy.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=wal")
        db.execute("INSERT INTO things VALUES (2, 'in the log')")
        db.commit()
        for name in ("things.db", "things.db-wal"):
            (copy / name).write_bytes((tmp_path / name).read_bytes())
    assert await found(copy) == [(1, "thing 1"), (2, "in the log")]
    assert sorted(os.listdir(copy)) == ["things.db", "things.db-wal"]


async def test_no_database(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        await found(tmp_path / "nowhere")
    with pytest.raises(BadInput, match=r"things\.db: there is no such file"):
        await found(tmp_path)
    (tmp_path / "text").write_text("not a database, but long enough to have a header of one " * 20)
    with pytest.raises(BadInput, match="not a database"):
        await found(tmp_path / "text")


async def test_a_damaged_database(tmp_path: Path) -> None:
    path = make(tmp_path / "things.db", *range(1, 2000))
    content = bytearray(path.read_bytes())
    content[8192:12288] = bytes(4096)
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"damaged|malformed"):
        await found(path)
    path.write_bytes(content[:10_000])
    with pytest.raises(BadInput, match=r"damaged|malformed"):
        await found(path)
