from __future__ import annotations

import asyncio
import os
import random
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from carillon.core.errors import DiskFull
from carillon.ops.system import SystemClock
from carillon.storage import sqlite
from carillon.storage.backup import archive
from carillon.storage.backup.archive import Content
from carillon.storage.backup.make import Place
from carillon.storage.backup.pace import Pace
from carillon.storage.backup.restore import Restored, Wish, restore
from carillon.storage.backup.snapshot import SNAPSHOT, SqliteSnapshots
from carillon.storage.backup.sqlite import RESERVE
from carillon.storage.lock import FolderLock
from carillon.storage.refusals import BadBackup, NewerSchema, NotRestored, Refusal, StoreLocked
from tests.contracts.stores import Home, send, titles
from tests.storage.backup.conftest import NewPlace
from tests.storage.backup.installation import filled, save
from tests.walks.faults import small_disk

KEY, OTHER_KEY = bytes(range(32)), bytes(range(32, 64))


def never() -> str:
    raise AssertionError("nothing is to be asked")


async def put_back(
    file: Path, place: Place, *, force: bool = False, passphrase: Callable[[], str | None] = never
) -> Restored:
    """As the command does it: in no loop."""
    wish = Wish(force, passphrase)
    return await asyncio.to_thread(restore, file, place, wish=wish, clock=SystemClock())


def listed(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in os.listdir(folder) if name != "carillon.lock"}


async def test_there_and_back(new_place: NewPlace, tmp_path: Path) -> None:
    old, new = await new_place("old"), await new_place("new")
    user = await filled(old)
    (old.data / "carillon.env").write_text("CARILLON_PORT=1\n")
    done = await put_back(await save(old, tmp_path / "backup"), new)
    assert done.manifest is not None
    assert done.facts.counts == done.manifest.counts
    assert done.facts.problems == []
    assert (new.data / "carillon.env").read_text() == "CARILLON_PORT=1\n"
    assert done.notes == ["the settings are in place: carillon.env"]
    assert {stat.S_IMODE((new.data / name).stat().st_mode) for name in listed(new.data)} == {0o600}
    assert not [name for name in listed(new.data) if "part" in name]
    home = Home(new.url, new.data)
    store = await home.open()
    assert await titles(store, user) == ["2", "1", "0"]
    application = (await store.subscriptions(user.id))[0].application
    message = await send(store, application, user, title="new")
    assert message.id == done.reached.message + 1 > 3 + 2**20
    assert message.id < 2**31
    assert await store.check() == []
    await home.close()


async def test_devices_that_have_seen_more_than_is_stored(new_place: NewPlace, tmp_path: Path) -> None:
    """Their cursors lead to a hole, and after it they miss nothing of what is new."""
    old, new = await new_place("old"), await new_place("new")
    user = await filled(old)
    backup = await save(old, tmp_path / "backup")
    home = Home(old.url, old.data)
    store = await home.open()
    application = (await store.subscriptions(user.id))[0].application
    for number in range(20):
        await send(store, application, user, title=f"lost {number}")
    ahead = (await store.changes(user.id, after=0, limit=100)).cursor
    await home.close()
    await put_back(backup, new)
    home = Home(new.url, new.data)
    store = await home.open()
    for _ in range(40):
        await send(store, application, user)
    for cursor in (1, 3, ahead - 5, ahead):
        page = await store.changes(user.id, after=cursor, limit=100)
        assert (page.hole, page.changes) == (True, [])
    assert len((await store.changes(user.id, after=0, limit=100)).changes) == 43
    await home.close()


async def test_the_key_goes_along(tmp_path: Path) -> None:
    old = Place(None, tmp_path / "old")
    await filled(old)
    (old.data / "carillon.key").write_bytes(KEY)
    plain = await save(old, tmp_path / "plain", key="plain")
    sealed = await save(old, tmp_path / "sealed", key="sealed", passphrase="horse")
    out = await save(old, tmp_path / "out")
    for number, (file, passphrase) in enumerate([(plain, never), (sealed, lambda: "horse")]):
        place = Place(None, tmp_path / f"new{number}")
        done = await put_back(file, place, passphrase=passphrase)
        assert (place.data / "carillon.key").read_bytes() == KEY
        assert stat.S_IMODE((place.data / "carillon.key").stat().st_mode) == 0o600
        assert done.notes == ["the key is in place: carillon.key"]
    for number, file in enumerate([out, sealed]):
        place = Place(None, tmp_path / f"without{number}")
        done = await put_back(file, place, passphrase=lambda: None)
        assert not (place.data / "carillon.key").exists()
        assert "the key of the installation is not here" in done.notes[0]
    (old.data / "carillon.db").unlink()
    assert (await put_back(out, old)).notes == []


async def test_the_wrong_passphrase_changes_nothing(tmp_path: Path) -> None:
    old, new = Place(None, tmp_path / "old"), Place(None, tmp_path / "new")
    await filled(old)
    (old.data / "carillon.key").write_bytes(KEY)
    sealed = await save(old, tmp_path / "sealed", key="sealed", passphrase="horse")
    with pytest.raises(BadBackup, match="passphrase"):
        await put_back(sealed, new, passphrase=lambda: "donkey")
    assert listed(new.data) == {}


async def test_a_folder_with_another_key(tmp_path: Path) -> None:
    old, new = Place(None, tmp_path / "old"), Place(None, tmp_path / "new")
    await filled(old)
    (old.data / "carillon.key").write_bytes(KEY)
    backup = await save(old, tmp_path / "backup", key="plain")
    new.data.mkdir()
    (new.data / "carillon.key").write_bytes(OTHER_KEY)
    with pytest.raises(NotRestored, match="a key of its own"):
        await put_back(backup, new)
    assert listed(new.data) == {"carillon.key": OTHER_KEY}
    done = await put_back(backup, new, force=True)
    (aside,) = new.data.glob("carillon.key.before-restore-*")
    assert ((new.data / "carillon.key").read_bytes(), aside.read_bytes()) == (KEY, OTHER_KEY)
    assert done.notes == [f"the key that was here is {aside.name} now", "the key is in place: carillon.key"]


async def test_settings_that_are_there_stay(tmp_path: Path) -> None:
    old, new = Place(None, tmp_path / "old"), Place(None, tmp_path / "new")
    await filled(old)
    (old.data / "carillon.env").write_text("CARILLON_PORT=1\n")
    backup = await save(old, tmp_path / "backup")
    new.data.mkdir()
    (new.data / "carillon.env").write_text("CARILLON_PORT=2\n")
    assert "left as it is" in (await put_back(backup, new)).notes[0]
    assert (new.data / "carillon.env").read_text() == "CARILLON_PORT=2\n"


async def test_over_an_installation_only_by_force(tmp_path: Path) -> None:
    old, new = Place(None, tmp_path / "old"), Place(None, tmp_path / "new")
    await filled(old, messages=2)
    backup = await save(old, tmp_path / "backup")
    await filled(new, messages=7)
    before = listed(new.data)
    with pytest.raises(NotRestored, match="--force"):
        await put_back(backup, new)
    assert listed(new.data) == before
    done = await put_back(backup, new, force=True)
    assert done.facts.counts["messages"] == 2
    (aside,) = new.data.glob("carillon.db.before-restore-*")
    assert done.notes == [f"the database that was here is {aside.name} now; remove it when you are sure"]
    with closing(sqlite3.connect(aside)) as db:
        assert db.execute("SELECT count(*) FROM messages").fetchone() == (7,)


async def test_the_old_one_is_set_aside_with_what_is_in_its_log(tmp_path: Path) -> None:
    """It was left by a server that was killed."""
    old, new = Place(None, tmp_path / "old"), Place(None, tmp_path / "new")
    await filled(old)
    backup = await save(old, tmp_path / "backup")
    await filled(new)
    with closing(sqlite.connect(new.data / "carillon.db")) as db:
        db.execute("UPDATE counters SET message = 10000000")
        for name in ("carillon.db", "carillon.db-wal"):
            shutil.copy(new.data / name, tmp_path / name)
    for name in ("carillon.db", "carillon.db-wal"):
        shutil.copy(tmp_path / name, new.data / name)
    done = await put_back(backup, new, force=True)
    assert done.reached.message > 10000000 + 2**20
    assert set(listed(new.data)) == {"carillon.db", next(new.data.glob("*before-restore*")).name}
    with closing(sqlite3.connect(next(new.data.glob("*before-restore*")))) as db:
        assert db.execute("SELECT message FROM counters").fetchone() == (10000000,)


async def test_over_a_damaged_installation(tmp_path: Path) -> None:
    """What there is of it is kept, and its log is not taken for that of the new one."""
    old, new = Place(None, tmp_path / "old"), Place(None, tmp_path / "new")
    user = await filled(old)
    backup = await save(old, tmp_path / "backup")
    new.data.mkdir()
    (new.data / "carillon.db").write_bytes(b"rubbish " * 1000)
    (new.data / "carillon.db-wal").write_bytes(b"log")
    await put_back(backup, new, force=True)
    kept = {name: data for name, data in listed(new.data).items() if "before-restore" in name}
    assert b"rubbish " * 1000 in kept.values()
    assert not (new.data / "carillon.db-wal").exists()
    home = Home(None, new.data)
    assert await titles(await home.open(), user) == ["2", "1", "0"]
    await home.close()


async def test_not_while_a_server_runs(tmp_path: Path) -> None:
    old, new = Place(None, tmp_path / "old"), Place(None, tmp_path / "new")
    await filled(old)
    backup = await save(old, tmp_path / "backup")
    lock = FolderLock(new.data)
    with pytest.raises(StoreLocked):
        await put_back(backup, new, force=True)
    lock.release()
    await put_back(backup, new)


async def test_flipped_bits_are_found_and_change_nothing(new_place: NewPlace, tmp_path: Path) -> None:
    old, new = await new_place("old"), await new_place("new")
    await filled(old)
    (old.data / "carillon.key").write_bytes(KEY)
    backup = await save(old, tmp_path / "backup", key="plain")
    data = backup.read_bytes()
    for _ in range(40):
        at = random.randrange(len(data))
        flipped = data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]
        (tmp_path / "flipped").write_bytes(flipped)
        with pytest.raises(BadBackup):
            await put_back(tmp_path / "flipped", new)
        assert listed(new.data) == {}, f"at {at}"
    for length in random.sample(range(len(data)), 5):
        (tmp_path / "flipped").write_bytes(data[:length])
        with pytest.raises(BadBackup):
            await put_back(tmp_path / "flipped", new)
    await put_back(backup, new)


async def test_one_engine_does_not_go_into_the_other(tmp_path: Path) -> None:
    old = Place(None, tmp_path / "old")
    await filled(old)
    backup = await save(old, tmp_path / "backup")
    elsewhere = Place("postgresql://nobody@127.0.0.1:1/x", tmp_path / "new")
    with pytest.raises(NotRestored, match=r"of SQLite, and the installation stores in PostgreSQL .* is set"):
        await put_back(backup, elsewhere)
    with pytest.raises(NotRestored, match="of SQLite"):
        await put_back(old.data / "carillon.db", elsewhere)
    manifest = manifest_in(backup)
    foreign = replace(manifest, engine="postgres", members=[])
    (tmp_path / "foreign").write_bytes(packed_as(foreign, [Content("carillon.pgdump", b"x")]))
    with pytest.raises(NotRestored, match=r"of PostgreSQL, and the installation stores in SQLite .* is not set"):
        await put_back(tmp_path / "foreign", Place(None, tmp_path / "new"))


def manifest_in(file: Path) -> archive.Manifest:
    with file.open("rb") as source:
        return archive.unpacked(source, len).manifest


def packed_as(manifest: archive.Manifest, contents: list[Content]) -> bytes:
    """Whole in itself, whatever is in it."""
    contents = [Content("settings.txt", b""), *contents]
    pace = Pace(SystemClock(), share=0)
    members = [archive.member_of(content, pace) for content in contents]
    return b"".join(archive.packed(replace(manifest, members=members), contents))


async def test_a_newer_schema(tmp_path: Path) -> None:
    old, new = Place(None, tmp_path / "old"), Place(None, tmp_path / "new")
    await filled(old)
    with closing(sqlite.connect(old.data / "carillon.db")) as db:
        db.execute("INSERT INTO migrations (number, name) VALUES (9999, 'x')")
    backup = shutil.copy(old.data / "carillon.db", tmp_path / "copy")
    with pytest.raises(NewerSchema):
        await put_back(Path(backup), new)
    assert listed(new.data) == {}


async def test_sums_that_fit_do_not_make_a_database(tmp_path: Path) -> None:
    old, new = Place(None, tmp_path / "old"), Place(None, tmp_path / "new")
    await filled(old)
    manifest = manifest_in(await save(old, tmp_path / "backup"))
    data = (old.data / "carillon.db").read_bytes()
    for content in (b"", b"rubbish", data[: len(data) // 2], bytes(8192)):
        (tmp_path / "foreign").write_bytes(packed_as(manifest, [Content("carillon.db", content)]))
        with pytest.raises(Refusal):
            await put_back(tmp_path / "foreign", new)
        assert listed(new.data) == {}


async def test_a_snapshot_goes_in_too(tmp_path: Path) -> None:
    place, new = Place(None, tmp_path / "old"), Place(None, tmp_path / "new")
    user = await filled(place)
    with SqliteSnapshots(place.data, SystemClock()) as snapshots:
        await snapshots.take(hurried=True)
    shutil.copy(place.data / SNAPSHOT, tmp_path / "copied")
    done = await put_back(tmp_path / "copied", new)
    assert (done.manifest, done.notes) == (None, [])
    assert done.facts.counts["messages"] == 3
    home = Home(None, new.data)
    assert await titles(await home.open(), user) == ["2", "1", "0"]
    await home.close()


async def test_a_copy_made_by_sqlite_itself(tmp_path: Path) -> None:
    """It is marked as having a log, and has none."""
    place, new = Place(None, tmp_path / "old"), Place(None, tmp_path / "new")
    await filled(place)
    with closing(sqlite.connect(place.data / "carillon.db")) as db, closing(sqlite3.connect(tmp_path / "copy")) as out:
        db.backup(out)
    assert (tmp_path / "copy").read_bytes()[18:20] == b"\2\2"
    assert (await put_back(tmp_path / "copy", new)).facts.counts["messages"] == 3


async def test_a_database_in_use_is_no_copy(tmp_path: Path) -> None:
    place = Place(None, tmp_path / "old")
    await filled(place)
    with closing(sqlite.connect(place.data / "carillon.db")) as db:
        db.execute("UPDATE counters SET message = 10000000")
        with pytest.raises(NotRestored, match="in use"):
            await put_back(place.data / "carillon.db", Place(None, tmp_path / "new"))


async def test_without_room_it_does_not_begin(new_place: NewPlace, tmp_path: Path) -> None:
    old, new = await new_place("old"), await new_place("new")
    await filled(old)
    file = await save(old, tmp_path / "backup.tar")
    with small_disk(tmp_path / "disk", RESERVE + file.stat().st_size - 4096) as disk:
        data = disk / "data"
        with pytest.raises(DiskFull, match=f"there is no room for it in {data}"):
            await put_back(file, replace(new, data=data))
        assert set(os.listdir(data)) <= {"carillon.lock"}


async def test_what_is_no_backup(tmp_path: Path) -> None:
    for content in (b"", b"hello", os.urandom(20_000)):
        (tmp_path / "file").write_bytes(content)
        with pytest.raises(BadBackup):
            await put_back(tmp_path / "file", Place(None, tmp_path / "new"))
    with closing(sqlite3.connect(tmp_path / "gotify.db")) as foreign:
        foreign.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY)")
    with pytest.raises(BadBackup, match="none of Carillon's"):
        await put_back(tmp_path / "gotify.db", Place(None, tmp_path / "new"))
    with pytest.raises(FileNotFoundError):
        await put_back(tmp_path / "nowhere", Place(None, tmp_path / "new"))
