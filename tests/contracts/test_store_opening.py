"""Opening a store, and what it does when its database is taken, too new, full, broken or away."""

from __future__ import annotations

import asyncio
import os
import resource
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import asyncpg
import pytest

from carillon.core.errors import DiskFull, Unavailable
from carillon.storage import NewerSchema, StoreLocked
from carillon.storage.session import Session
from tests.contracts.stores import Home, add_application, add_user, send, titles, write
from tests.postgres import Cluster


async def test_another_kind_of_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="postgresql://"):
        await Home("mysql://root@localhost/carillon", tmp_path).open()


async def test_what_is_stored_is_there_when_it_opens_again(home: Home) -> None:
    store = await home.open()
    ada = await add_user(store)
    await send(store, await add_application(store, ada), ada)
    await store.close()
    store = await home.open()
    assert await titles(store, ada) == ["Backup"]
    assert await store.check() == []


async def test_a_database_of_a_newer_version_is_refused(home: Home) -> None:
    store = await home.open()

    async def advance(tx: Session) -> None:
        await tx.run("INSERT INTO migrations (number, name) VALUES (9999, '9999_later')")

    await write(store, advance)
    await store.close()
    with pytest.raises(NewerSchema, match="9999"):
        await home.open()
    with pytest.raises(NewerSchema):  # and the lock is free again
        await home.open()


async def test_a_folder_is_opened_once(tmp_path: Path) -> None:
    home = Home(None, tmp_path)
    store = await home.open()
    with pytest.raises(StoreLocked, match=f"{tmp_path}.* {os.getpid()}"):
        await home.open()
    await store.close()
    await home.open()
    await home.close()


HOLD = """
import pathlib, sys, time
from carillon.storage.lock import FolderLock
lock = FolderLock(pathlib.Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


async def test_a_folder_is_free_when_its_process_was_killed(tmp_path: Path) -> None:
    pipe = asyncio.subprocess.PIPE
    holder = await asyncio.create_subprocess_exec(sys.executable, "-c", HOLD, str(tmp_path), stdout=pipe)
    assert holder.stdout
    assert await holder.stdout.readline() == b"held\n"
    home = Home(None, tmp_path)
    with pytest.raises(StoreLocked, match=str(holder.pid)):
        await home.open()
    holder.kill()
    await holder.wait()
    await home.open()
    await home.close()


async def test_only_the_owner_may_read_the_files(tmp_path: Path) -> None:
    home = Home(None, tmp_path / "data")
    await add_user(await home.open())
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "data").iterdir()}
    await home.close()
    assert "carillon.db-wal" in modes
    assert set(modes.values()) == {0o600}


async def test_a_full_disk_stores_nothing_and_is_over_when_there_is_room(tmp_path: Path) -> None:
    home = Home(None, tmp_path)
    store = await home.open()
    ada = await add_user(store)
    backup = await add_application(store, ada)

    async def bound(tx: Session) -> None:
        ((pages,),) = await tx.rows("PRAGMA page_count")
        await tx.rows(f"PRAGMA max_page_count = {pages}")

    async def unbind(tx: Session) -> None:
        await tx.rows("PRAGMA max_page_count = 1000000")

    await write(store, bound)
    sent = await asyncio.gather(
        *(send(store, backup, ada, title=str(n), body="x" * 10_000) for n in range(20)), return_exceptions=True
    )
    stored = [message.title for message in sent if not isinstance(message, BaseException)]
    refused = [error for error in sent if isinstance(error, BaseException)]
    assert {type(error) for error in refused} == {DiskFull}
    assert {str(error) for error in refused} == {"the disk is full"}
    assert await titles(store, ada) == stored[::-1]
    assert len(home.told) == len(stored)
    await write(store, unbind)
    await send(store, backup, ada, title="room")
    assert (await titles(store, ada))[0] == "room"
    assert await store.check() == []
    await home.close()


@contextmanager
def no_file_grows_beyond(size: int) -> Iterator[None]:
    """As a disk that answers every write with an error."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_disk_that_fails_stores_nothing_and_is_over_when_it_works(tmp_path: Path) -> None:
    home = Home(None, tmp_path)
    store = await home.open()
    ada = await add_user(store)
    backup = await add_application(store, ada)
    with no_file_grows_beyond(1):
        for _ in range(2):
            with pytest.raises(Unavailable, match="storage cannot write now"):
                await send(store, backup, ada, title="lost")
    assert await titles(store, ada) == []
    assert (await send(store, backup, ada, title="kept")).id == 1
    assert await titles(store, ada) == ["kept"]
    assert await store.check() == []
    await home.close()


async def test_a_database_that_another_program_holds_is_waited_for(tmp_path: Path) -> None:
    home = Home(None, tmp_path)
    store = await home.open()
    ada = await add_user(store)
    backup = await add_application(store, ada)
    with closing(sqlite3.connect(tmp_path / "carillon.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.ensure_future(send(store, backup, ada))
        await asyncio.sleep(0.1)
        assert not writing.done()
        assert await titles(store, ada) == []
        other.execute("ROLLBACK")
        await writing
    await home.close()


async def test_a_database_server_that_went_away_is_found_again(postgres: Cluster, tmp_path: Path) -> None:
    home = Home(await postgres.new_database(), tmp_path)
    store = await home.open()
    ada = await add_user(store)
    backup = await add_application(store, ada)
    postgres.stop()
    try:
        with pytest.raises(Unavailable):
            await send(store, backup, ada)
        with pytest.raises(Unavailable):
            await store.page(ada.id, limit=1)
        with pytest.raises(Unavailable):
            await Home(home.url, tmp_path).open()
    finally:
        postgres.start()
    await send(store, backup, ada, title="back")
    assert await titles(store, ada) == ["back"]
    await home.close()


async def test_a_connection_that_was_cut_costs_one_batch(postgres: Cluster, tmp_path: Path) -> None:
    home = Home(await postgres.new_database(), tmp_path)
    store = await home.open()
    ada = await add_user(store)
    backup = await add_application(store, ada)

    async def own_backend(tx: Session) -> int:
        ((pid,),) = await tx.rows("SELECT pg_backend_pid()")
        return int(pid)

    pid = await write(store, own_backend)
    connection = await asyncpg.connect(home.url)
    await connection.execute("SELECT pg_advisory_lock(1)")
    writing = asyncio.ensure_future(write(store, _wait_for_lock))
    waits = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    for _ in range(500):
        if await connection.fetchval(waits):
            break
        await asyncio.sleep(0.01)
    await connection.execute("SELECT pg_terminate_backend($1::int)", pid)
    with pytest.raises(Unavailable):
        await writing
    await connection.close()
    await send(store, backup, ada)
    await home.close()


async def _wait_for_lock(tx: Session) -> None:
    await tx.rows("SELECT pg_advisory_xact_lock(1)")
