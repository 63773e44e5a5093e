"""Puts a backup in its place: everything is checked first, and nothing that stood there is thrown away."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from carillon.core.errors import DiskFull
from carillon.core.limits import MIB
from carillon.core.ports import Clock
from carillon.storage.backup import archive, postgres
from carillon.storage.backup.archive import Manifest
from carillon.storage.backup.contents import Facts
from carillon.storage.backup.key import unseal
from carillon.storage.backup.leap import Numbers, drawn, leap
from carillon.storage.backup.make import Place
from carillon.storage.backup.pace import Pace
from carillon.storage.backup.sqlite import RESERVE, examine, stand_alone
from carillon.storage.lanes import drive
from carillon.storage.lock import FolderLock
from carillon.storage.migrate import DATABASE, EngineName, engine_of
from carillon.storage.part import Part, give_name, part_of, sync_folder
from carillon.storage.refusals import BadBackup, NotRestored
from carillon.storage.sqlite import SqliteSession

NAMES: dict[EngineName, str] = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
DUMP = "carillon.restore"  # in the data folder, with ".part" behind it
MAGIC = b"SQLite format 3\0"
WRITE_AHEAD = b"\2\2"  # at byte 18, of a database that may have a log beside it


class Wish(Struct, frozen=True):
    """`force`: what stands there is set aside. `passphrase` is asked for that of a sealed key; None: go without."""

    force: bool
    passphrase: Callable[[], str | None]


class Restored(Struct, frozen=True, kw_only=True):
    """`manifest` is None for a plain database. `reached`: where the counters stand now. `notes` are for people."""

    manifest: Manifest | None
    facts: Facts
    reached: Numbers
    notes: list[str]


class _Checked(Struct, frozen=True):
    """What is put in place besides the database; `key` is there when it is in the backup and can be read."""

    manifest: Manifest | None = None
    settings: bytes | None = None
    key: bytes | None = None


def restore(file: Path, place: Place, *, wish: Wish, clock: Clock) -> Restored:
    """A backup; with SQLite also a plain copy of the database, such as a snapshot.

    Raises BadBackup, NotRestored, NewerSchema, StoreLocked while a server runs, `DiskFull`, and `Unavailable` when
    PostgreSQL or its programs are away. Then all is as it was.
    """
    now = clock.now()
    stamp = f"{datetime.fromtimestamp(now // 1_000_000, UTC):%Y%m%dT%H%M%SZ}"
    if engine_of(place.url) == "sqlite":
        with _free(place.data, wish) as there, part_of(there) as part:
            checked = _check(file, part, place=place, wish=wish)
            facts = _examined(part.path, clock)
            reached = _leap(part.path, now=now, known=_known(there))
            notes = _put_beside(place.data, checked, stamp)
            notes += _set_aside(there, stamp)
            part.put_in_place(replace=True)
    else:
        place.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with part_of(place.data / DUMP) as part:
            checked = _check(file, part, place=place, wish=wish)
            facts, reached = asyncio.run(postgres.load(place.url or "", part.path, now=now))
        notes = _put_beside(place.data, checked, stamp)
    return Restored(manifest=checked.manifest, facts=facts, reached=reached, notes=notes)


@contextmanager
def _free(data: Path, wish: Wish) -> Iterator[Path]:
    """Where the database is to stand, while no server can start."""
    lock = FolderLock(data)
    try:
        path = data / DATABASE
        if path.exists() and not wish.force:
            raise NotRestored(f"there is an installation in {data} already: --force sets its database aside")
        yield path
    finally:
        lock.release()


def _check(file: Path, part: Part, *, place: Place, wish: Wish) -> _Checked:
    """Every byte of the file, with the database going into `part`."""
    with file.open("rb") as source:
        _require_room(os.fstat(source.fileno()).st_size, place.data)
        head = source.read(20)
        source.seek(0)
        if head.startswith(MAGIC):
            _require_engine("sqlite", place)
            if head.endswith(WRITE_AHEAD) and _has_log(file):
                raise NotRestored(f"{file} is a database in use, of which a part is in {file.name}-wal: take a backup")
            while piece := source.read(archive.PIECE):
                part.write(piece)
            return _Checked()
        opened = archive.unpacked(source, part.write)
    manifest, small = opened.manifest, opened.small
    _require_engine(manifest.engine, place)
    if manifest.engine == "postgres":
        postgres.require_known(manifest.schema)
    key = small.get(archive.KEY)
    if manifest.key == "sealed":
        passphrase = wish.passphrase()
        key = None if passphrase is None else unseal(small[archive.SEALED_KEY], passphrase)
    if key is not None and _read(place.data / archive.KEY) not in (None, key) and not wish.force:
        raise NotRestored(f"{place.data} has a key of its own, and the backup another: --force sets it aside")
    return _Checked(manifest, small.get(archive.ENV), key)


def _examined(path: Path, clock: Clock) -> Facts:
    try:
        stand_alone(path)
    except sqlite3.Error as error:
        raise BadBackup(f"the database is damaged: {error}") from error
    return examine(path, Pace(clock, share=0))


def _require_engine(engine: EngineName, place: Place) -> None:
    here = engine_of(place.url)
    if engine != here:
        raise NotRestored(
            f"this is a backup of {NAMES[engine]}, and the installation stores in {NAMES[here]}"
            f" (CARILLON_DATABASE is {'set' if here == 'postgres' else 'not set'}): the one does not go into the other"
        )


def _require_room(size: int, folder: Path) -> None:
    """Beforehand: in the middle of it, SQLite takes a full disk for a broken one."""
    if shutil.disk_usage(folder).free < size + RESERVE:
        raise DiskFull(f"there is no room for it in {folder} ({(size + RESERVE) // MIB + 1} MiB)")


def _has_log(file: Path) -> bool:
    log = file.with_name(f"{file.name}-wal")
    return log.exists() and log.stat().st_size > 0


def _leap(path: Path, *, now: int, known: Numbers) -> Numbers:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        reached = drive(leap(SqliteSession(db), now=now, known=known))
        db.execute("COMMIT")
    return reached


def _known(path: Path) -> Numbers:
    """What the database that stands there has drawn, as far as it can be read. Its log is folded into it."""
    if path.exists():
        with suppress(sqlite3.Error, LookupError), closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode=DELETE")
            return drive(drawn(SqliteSession(db)))
    return Numbers(0, 0)


def _set_aside(path: Path, stamp: str) -> list[str]:
    """Under both names until the other takes the old one, so that there is a database at any moment."""
    if not path.exists():
        return []
    aside = path.with_name(f"{path.name}.before-restore-{stamp}")
    try:
        os.link(path, aside)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        path.rename(aside)
    for tail in ("-wal", "-shm"):  # of a database too damaged to take its log in
        log = path.with_name(path.name + tail)
        if log.exists():
            log.rename(aside.with_name(aside.name + tail))
    sync_folder(path.parent)
    return [f"the database that was here is {aside.name} now; remove it when you are sure"]


def _put_beside(data: Path, checked: _Checked, stamp: str) -> list[str]:
    manifest = checked.manifest
    if manifest is None:
        return []
    notes = []
    if checked.settings is not None:
        there = _read(data / archive.ENV)
        if there is None:
            _write(data / archive.ENV, checked.settings)
            notes.append(f"the settings are in place: {archive.ENV}")
        elif there != checked.settings:
            notes.append(f"{archive.ENV} is left as it is here; the one of the backup is another")
    return notes + _put_key(data / archive.KEY, checked.key, manifest=manifest, stamp=stamp)


def _put_key(path: Path, key: bytes | None, *, manifest: Manifest, stamp: str) -> list[str]:
    there = _read(path)
    if manifest.key_digest is None or (there and hashlib.sha256(there).hexdigest() == manifest.key_digest):
        return []
    if key is None:
        return [
            "the key of the installation is not here: the tokens work, but the copies of them that lists show cannot"
            f" be read; put {path.name} into {path.parent} if you have it"
        ]
    notes = []
    if there is not None:
        aside = path.with_name(f"{path.name}.before-restore-{stamp}")
        give_name(path, aside)
        notes.append(f"the key that was here is {aside.name} now")
    _write(path, key)
    return [*notes, f"the key is in place: {path.name}"]


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _write(path: Path, content: bytes) -> None:
    with part_of(path) as part:
        part.write(content)
        part.put_in_place(replace=False)
