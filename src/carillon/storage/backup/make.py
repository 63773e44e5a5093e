"""Makes a backup: a copy of the database aside, checked; then the tar that holds it, piece by piece."""

from __future__ import annotations

import errno
import hashlib
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from msgspec import Struct

from carillon import __version__
from carillon.core.errors import Conflict, DiskFull, NotFound, Unavailable
from carillon.core.ports import Clock
from carillon.storage import sqlite
from carillon.storage.backup import archive, postgres
from carillon.storage.backup.archive import Content, KeyState, Manifest, Member
from carillon.storage.backup.contents import Facts
from carillon.storage.backup.key import seal
from carillon.storage.backup.pace import Pace, in_thread
from carillon.storage.backup.sqlite import copy, examine
from carillon.storage.engine import DISK_FULL
from carillon.storage.migrate import DATABASE, engine_of
from carillon.storage.part import part_of, remove_left_over
from carillon.storage.refusals import Refusal

COPY = "carillon.backup"  # in the data folder; ".part" comes behind it
LONGEST_KEY = 4096  # bytes


class Place(Struct, frozen=True):
    """An installation: its data folder, and the address of its PostgreSQL database, if it has one."""

    url: str | None
    data: Path


class Order(Struct, frozen=True):
    """What becomes of the key, sealed with `passphrase`; `settings` are those in force, a text for people.

    `share`: how many times as long as it works it rests; 0 where nobody publishes meanwhile.
    """

    settings: str
    key: KeyState = "left out"
    passphrase: str = ""
    share: float = 0.0


class Packed(Struct, frozen=True):
    """The file: how many bytes, and the bytes, which are to be asked for in a thread."""

    size: int
    pieces: Iterator[bytes]


def clear_away(data: Path) -> None:
    """What a process that was killed has left in the data folder. Leaves alone what a living one works on."""
    with suppress(Conflict):
        remove_left_over(data / f"{COPY}.part")


@asynccontextmanager
async def backup(place: Place, order: Order, clock: Clock) -> AsyncIterator[Packed]:
    """For the server of that installation, or with SQLite whoever holds the lock of the data folder.

    Cancelled, it stops soon. The copy is gone when the context is left. Raises `Conflict` while another is made,
    NotFound where there is nothing, `Unavailable` (`DiskFull`) when it cannot be done or the database is damaged.
    """
    if engine_of(place.url) == "sqlite" and not (place.data / DATABASE).exists():
        raise NotFound(f"there is no database in {place.data}")
    with ExitStack() as open_until_sent:
        try:
            part = open_until_sent.enter_context(part_of(place.data / COPY))
            packed = await _pack(place, order, aside=part.path, clock=clock)
        except OSError as error:
            raise DiskFull(DISK_FULL) if error.errno == errno.ENOSPC else Unavailable(str(error)) from error
        yield packed


async def _pack(place: Place, order: Order, *, aside: Path, clock: Clock) -> Packed:
    pace = Pace(clock, share=order.share)
    now = clock.now()
    if engine_of(place.url) == "sqlite":
        facts = await in_thread(partial(_copy_sqlite, place.data / DATABASE, aside, pace), pace)
    else:
        facts = await postgres.dump(place.url or "", aside)

    def describe() -> Packed:
        contents, key, digest = _beside(place.data, order)
        contents.append(Content(archive.DATABASES[facts.engine], aside))
        members = [archive.member_of(content, pace) for content in contents]
        manifest = _manifest(facts, members, key=key, key_digest=digest, now=now)
        return Packed(archive.size_of(manifest), archive.packed(manifest, contents))

    return await in_thread(describe, pace)


def _copy_sqlite(source: Path, target: Path, pace: Pace) -> Facts:
    try:
        with closing(sqlite.connect(source)) as db:
            copy(db, target, pace)
        return examine(target, pace)
    except (Refusal, sqlite3.Error) as error:
        raise Unavailable(f"no backup was made: {error}") from error


def _beside(data: Path, order: Order) -> tuple[list[Content], KeyState, str | None]:
    """What goes in besides the database; what is in of the key, and its digest."""
    contents = []
    settings = _file(data / archive.ENV, archive.SMALL)
    if settings is not None:
        contents.append(Content(archive.ENV, settings))
    contents.append(Content(archive.SETTINGS, order.settings.encode()[: archive.SMALL]))
    key = _file(data / archive.KEY, LONGEST_KEY)
    if key is None:
        return contents, "none", None
    if order.key == "plain":
        contents.append(Content(archive.KEY, key))
    elif order.key == "sealed":
        contents.append(Content(archive.SEALED_KEY, seal(key, order.passphrase)))
    return contents, order.key, hashlib.sha256(key).hexdigest()


def _file(path: Path, most: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unavailable(f"{path} cannot be read ({error.strerror})") from error
    if len(content) > most:
        raise Unavailable(f"{path} is larger than {most} bytes: that cannot be right")
    return content


def _manifest(facts: Facts, members: list[Member], *, key: KeyState, key_digest: str | None, now: int) -> Manifest:
    return Manifest(
        format=archive.FORMAT,
        carillon=__version__,
        engine=facts.engine,
        engine_version=facts.version,
        schema=facts.schema,
        made=datetime.fromtimestamp(now // 1_000_000, UTC),
        counts=facts.counts,
        problems=facts.problems,
        key=key,
        key_digest=key_digest,
        members=members,
    )
