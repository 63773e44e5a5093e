from __future__ import annotations

import asyncio
import os
import random
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from carillon.core.errors import Conflict, DiskFull, Unavailable
from carillon.ops.system import SystemClock
from carillon.storage.backup.snapshot import SNAPSHOT, SqliteSnapshots
from tests.contracts.stores import Home, add_application, add_user, send, titles
from tests.walks.faults import filled, small_disk

MIB = 1024 * 1024


async def test_it_holds_all_that_was_stored(tmp_path: Path) -> None:
    home = Home(None, tmp_path)
    store = await home.open()
    ada = await add_user(store)
    application = await add_application(store, ada)
    await send(store, application, ada, title="before")
    with SqliteSnapshots(tmp_path, SystemClock()) as snapshots:
        assert await snapshots.take(hurried=True)
        snapshot = tmp_path / SNAPSHOT
        assert stat.S_IMODE(snapshot.stat().st_mode) == 0o600
        assert snapshot.read_bytes()[18:20] == b"\1\1"
        first = snapshot.stat().st_ino
        assert not await snapshots.take(hurried=True), "nothing has changed"
        assert snapshot.stat().st_ino == first
        await send(store, application, ada, title="after")
        assert await snapshots.take(hurried=False)
    await home.close()
    assert set(os.listdir(tmp_path)) == {"carillon.db", "carillon.lock", SNAPSHOT}
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(snapshot, tmp_path / "elsewhere" / "carillon.db")
    other = Home(None, tmp_path / "elsewhere")
    assert await titles(await other.open(), ada) == ["after", "before"]
    await other.close()


async def test_it_is_made_again_when_somebody_has_removed_it(tmp_path: Path) -> None:
    home = Home(None, tmp_path)
    await home.open()
    with SqliteSnapshots(tmp_path, SystemClock()) as snapshots:
        assert await snapshots.take(hurried=True)
        (tmp_path / SNAPSHOT).unlink()
        assert await snapshots.take(hurried=True)
    await home.close()


async def test_under_load_every_plain_copy_is_whole(tmp_path: Path) -> None:
    """Publishing, snapshots and `cp` all at the same time, none waits for another."""
    home = Home(None, tmp_path)
    store = await home.open()
    ada = await add_user(store)
    application = await add_application(store, ada)
    acknowledged = 0
    publishing = True

    async def publish() -> None:
        nonlocal acknowledged
        while publishing:
            message = await send(store, application, ada, body="x" * 2000)
            acknowledged = max(acknowledged, message.id)

    publishers = [asyncio.create_task(publish()) for _ in range(4)]
    held: list[int] = []  # how many were acknowledged before the snapshot that stands there was begun

    async def take(snapshots: SqliteSnapshots) -> None:
        for _ in range(8):
            begun = acknowledged
            assert await snapshots.take(hurried=False)
            held.append(begun)

    async def copy(number: int) -> None:
        await asyncio.sleep(random.uniform(0, 0.1))
        at_least = held[-1]
        target = tmp_path / f"copy {number}"
        process = await asyncio.create_subprocess_exec("cp", tmp_path / SNAPSHOT, target)
        assert await process.wait() == 0
        with closing(sqlite3.connect(f"{target.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            count, newest = db.execute("SELECT count(*), coalesce(max(id), 0) FROM messages").fetchone()
        assert count == newest >= at_least

    with SqliteSnapshots(tmp_path, SystemClock()) as snapshots:
        assert await snapshots.take(hurried=True)
        held.append(0)
        taking = asyncio.create_task(take(snapshots))
        for number in range(15):
            await copy(number)
        await taking
    publishing = False
    await asyncio.gather(*publishers)
    assert acknowledged > 100
    assert held[-1] > 0
    await home.close()


async def test_a_full_disk_leaves_the_old_one(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 24 * MIB) as disk:
        home = Home(None, disk)
        store = await home.open()
        ada = await add_user(store)
        application = await add_application(store, ada)
        with SqliteSnapshots(disk, SystemClock()) as snapshots:
            assert await snapshots.take(hurried=True)
            await send(store, application, ada)
            before = (disk / SNAPSHOT).read_bytes()
            with filled(disk), pytest.raises(DiskFull):
                await snapshots.take(hurried=True)
            assert (disk / SNAPSHOT).read_bytes() == before
            assert not (disk / f"{SNAPSHOT}.part").exists()
            assert await snapshots.take(hurried=True)
        await home.close()


async def test_a_database_of_gotify_is_left_alone(tmp_path: Path) -> None:
    home = Home(None, tmp_path)
    await home.open()
    with closing(sqlite3.connect(tmp_path / SNAPSHOT)) as gotify:
        gotify.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY)")
    before = (tmp_path / SNAPSHOT).read_bytes()
    with SqliteSnapshots(tmp_path, SystemClock()) as snapshots:
        for content in (before, b"something else"):
            (tmp_path / SNAPSHOT).write_bytes(content)
            with pytest.raises(Conflict, match="left alone"):
                await snapshots.take(hurried=True)
            assert (tmp_path / SNAPSHOT).read_bytes() == content
    await home.close()


async def test_a_damaged_database_does_not_replace_a_good_snapshot(tmp_path: Path) -> None:
    home = Home(None, tmp_path)
    await home.open()
    await home.close()
    with SqliteSnapshots(tmp_path, SystemClock()) as snapshots:
        assert await snapshots.take(hurried=True)
        good = (tmp_path / SNAPSHOT).read_bytes()
    with closing(sqlite3.connect(tmp_path / "carillon.db")) as db:
        ((page,),) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'messages_public_id'")
    data = (tmp_path / "carillon.db").read_bytes()
    (tmp_path / "carillon.db").write_bytes(data[: (page - 1) * 4096] + bytes(4096) + data[page * 4096 :])
    with SqliteSnapshots(tmp_path, SystemClock()) as snapshots, pytest.raises(Unavailable, match="damaged"):
        await snapshots.take(hurried=True)
    assert (tmp_path / SNAPSHOT).read_bytes() == good
