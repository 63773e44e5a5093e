from __future__ import annotations

import asyncio
import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from carillon.core.errors import Conflict, NotFound, Unavailable
from carillon.ops.system import SystemClock
from carillon.storage.backup import archive
from carillon.storage.backup.key import unseal
from carillon.storage.backup.make import COPY, Place, backup, clear_away
from tests.contracts.stores import Home
from tests.storage.backup.conftest import NewPlace
from tests.storage.backup.installation import SETTINGS, fill, filled, order, save

KEY = bytes(range(32))


def opened(file: Path) -> archive.Opened:
    with file.open("rb") as source:
        return archive.unpacked(source, len)


async def test_what_is_in_it(new_place: NewPlace, tmp_path: Path) -> None:
    place = await new_place("data")
    home = Home(place.url, place.data)
    store = await home.open()
    await fill(store)
    (place.data / "carillon.env").write_text("CARILLON_PORT=1\n")
    found = opened(await save(place, tmp_path / "backup"))
    manifest = found.manifest
    info = await store.info()
    assert (manifest.engine_version, manifest.schema) == (info.version, info.schema)
    assert manifest.engine == ("postgres" if place.url else "sqlite")
    assert (manifest.counts["messages"], manifest.counts["users"], manifest.problems) == (3, 1, [])
    assert (manifest.key, manifest.key_digest) == ("none", None)
    assert found.small == {
        "carillon.env": b"CARILLON_PORT=1\n",
        "settings.txt": SETTINGS.encode(),
        manifest.database.name: b"",
    }
    assert not (place.data / f"{COPY}.part").exists()
    await home.close()


async def test_the_key_as_it_was_wished(tmp_path: Path) -> None:
    place = Place(None, tmp_path / "data")
    await filled(place)
    (place.data / "carillon.key").write_bytes(KEY)
    out = opened(await save(place, tmp_path / "out"))
    plain = opened(await save(place, tmp_path / "plain", key="plain"))
    sealed = opened(await save(place, tmp_path / "sealed", key="sealed", passphrase="horse"))
    assert [each.manifest.key for each in (out, plain, sealed)] == ["left out", "plain", "sealed"]
    assert {each.manifest.key_digest for each in (out, plain, sealed)} == {hashlib.sha256(KEY).hexdigest()}
    assert plain.small["carillon.key"] == KEY
    assert unseal(sealed.small["carillon.key.sealed"], "horse") == KEY
    for file in ("out", "sealed"):
        assert KEY not in (tmp_path / file).read_bytes()


async def test_the_database_in_it_is_one(tmp_path: Path) -> None:
    place = Place(None, tmp_path / "data")
    await filled(place)
    data = (await save(place, tmp_path / "backup")).read_bytes()
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        names = tar.getnames()
    assert names == ["manifest.json", "SHA256SUMS", "settings.txt", "carillon.db"]


async def test_one_at_a_time(tmp_path: Path) -> None:
    place = Place(None, tmp_path)
    await filled(place)
    async with backup(place, order(), SystemClock()):
        with pytest.raises(Conflict):
            await save(place, tmp_path / "backup")
        clear_away(tmp_path)
        assert (tmp_path / f"{COPY}.part").exists(), "it is of a living process"
    await save(place, tmp_path / "backup")


async def test_what_a_killed_one_left_is_cleared_away(tmp_path: Path) -> None:
    clear_away(tmp_path / "not there yet")
    (tmp_path / f"{COPY}.part").write_text("half")
    clear_away(tmp_path)
    assert os.listdir(tmp_path) == []


async def test_cancelled_it_leaves_nothing(new_place: NewPlace, tmp_path: Path) -> None:
    place = await new_place("data")
    await filled(place, messages=50)
    for wait in (0, 0.001, 0.01, 0.05):
        making = asyncio.create_task(save(place, tmp_path / "backup"))
        await asyncio.sleep(wait)
        making.cancel()
        await asyncio.gather(making, return_exceptions=True)
        assert not (place.data / f"{COPY}.part").exists()
    await save(place, tmp_path / "backup")


async def test_where_nothing_is(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no database"):
        await save(Place(None, tmp_path / "data"), tmp_path / "backup")
    assert os.listdir(tmp_path) == []


async def test_a_damaged_database_is_not_backed_up_in_silence(tmp_path: Path) -> None:
    place = Place(None, tmp_path)
    await filled(place)
    database = tmp_path / "carillon.db"
    data = database.read_bytes()
    database.write_bytes(data[: len(data) // 2])
    with pytest.raises(Unavailable):
        await save(place, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


async def test_a_key_that_cannot_be_one(tmp_path: Path) -> None:
    place = Place(None, tmp_path)
    await filled(place)
    (tmp_path / "carillon.key").write_bytes(bytes(5000))
    with pytest.raises(Unavailable, match="larger"):
        await save(place, tmp_path / "backup", key="plain")
    (tmp_path / "carillon.key").unlink()
    (tmp_path / "carillon.key").mkdir()
    with pytest.raises(Unavailable, match="cannot be read"):
        await save(place, tmp_path / "backup")


async def test_a_folder_that_cannot_be_written() -> None:
    with pytest.raises(Unavailable):
        await save(Place("postgresql://nobody@127.0.0.1:1/x", Path("/proc")), Path("/proc/backup"))


async def test_a_server_that_is_away(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        await save(Place("postgresql://nobody@127.0.0.1:1/x", tmp_path), tmp_path / "backup")
    assert os.listdir(tmp_path) == []
