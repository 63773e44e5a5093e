"""A store of either engine to test, and what a test does to it again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Sequence
from itertools import count
from pathlib import Path
from typing import Any, TypeVar, cast

from msgspec import structs

from carillon.core.limits import Limits
from carillon.core.models import Application, Change, Cleared, EntryChange, Lists, Message, User
from carillon.core.ports import Idempotency, NewApplication, NewDevice, NewUser, Publication, Store
from carillon.storage import open_store
from carillon.storage.session import Session
from carillon.storage.store import SqlStore
from tests.builders import HOUR, NOON, Clock, message

T = TypeVar("T")

_numbers = count(1)


class Home:
    """Where a store lives: it can be opened again and again. `told` is what was announced, without the lists that are
    not as they were, which are in `lists`.
    """

    def __init__(self, url: str | None, data: Path) -> None:
        self.url = url
        self.data = data
        self.clock = Clock()
        self.told: list[Change] = []
        self.lists: list[Lists] = []
        self._open: list[Store] = []

    async def open(self, limits: Limits | None = None) -> Store:
        store = await open_store(self.url, self.data, announce=self._hear, limits=limits or Limits(), clock=self.clock)
        self._open.append(store)
        return store

    def _hear(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if isinstance(change, Lists):
                self.lists.append(change)
            else:
                self.told.append(change)

    async def close(self) -> None:
        while self._open:
            await self._open.pop().close()


async def add_user(store: Store, name: str = "ada", **fields: Any) -> User:
    new = NewUser(name=name, password_hash="hash", admin=False, initial_password=True, created=NOON)
    return await store.add_user(structs.replace(new, **fields))


async def add_application(store: Store, owner: User, name: str = "Backup", **fields: Any) -> Application:
    new = NewApplication(
        owner_id=owner.id,
        name=name,
        description="",
        default_priority=0,
        created=NOON,
        token_digest=f"token {next(_numbers)}".encode(),
    )
    return (await store.add_application(structs.replace(new, **fields))).application


def new_device(owner: User, **fields: Any) -> NewDevice:
    new = NewDevice(user_id=owner.id, name="phone", created=NOON, token_digest=f"token {next(_numbers)}".encode())
    return structs.replace(new, **fields)


def publication(application: Application, *receivers: User, **fields: Any) -> Publication:
    """With a public id of its own."""
    new = message(id=0, public_id=f"{next(_numbers):012}", application_id=application.id, **fields)
    return Publication(new, tuple(user.id for user in receivers))


def once(publication: Publication, key: str = "once", fingerprint: bytes = b"same", *, hours: int = 1) -> Publication:
    return structs.replace(publication, idempotency=Idempotency(key, fingerprint, NOON + hours * HOUR))


async def send(store: Store, application: Application, *receivers: User, **fields: Any) -> Message:
    return await store.publish(publication(application, *receivers, **fields))


async def titles(store: Store, user: User, **page: Any) -> list[str]:
    return [item.message.title for item in await store.page(user.id, **{"limit": 100, **page})]


async def drawn(store: Store) -> int:
    """The newest number of a change that there is."""
    return (await store.changes(0, after=2**62, limit=1)).cursor


async def write(store: Store, work: Callable[[Session], Coroutine[Any, Any, T]]) -> T:
    """Any write, in a transaction as all the others."""
    return await cast(SqlStore, store).committer.submit(work)


async def count_rows(store: Store, table: str, where: str = "1 = 1") -> int:
    async def ask(tx: Session) -> int:
        ((number,),) = await tx.rows(f"SELECT count(*) FROM {table} WHERE {where}")  # noqa: S608  # names of the tests' own
        return int(number)

    return await write(store, ask)


async def join(store: Store, user: User, application: Application, role: str = "member") -> None:
    """The port has no door for members yet."""

    async def insert(tx: Session) -> None:
        await tx.run(
            "INSERT INTO subscriptions (user_id, application_id, role, sort_key) VALUES (?, ?, ?, ?)",
            user.id,
            application.id,
            role,
            f"a{next(_numbers)}",
        )

    await write(store, insert)


async def stall(tx: Session) -> None:
    """Holds the writer up, so that what is submitted meanwhile shares a transaction."""
    await tx.row("SELECT 1")
    time.sleep(0.05)  # noqa: ASYNC251  # on SQLite it is the writer's thread that sleeps


class Offline:
    """A device that keeps a copy of its user's inbox by asking for changes, now and then."""

    def __init__(self, user: User) -> None:
        self.messages: dict[int, tuple[int, str, int | None, int | None]] = {}  # id → application, title, read, pinned
        self.cursor = 0
        self.holes = 0
        self._user = user

    async def catch_up(self, store: Store, *, limit: int = 100, rounds: int = 1000) -> None:
        for _ in range(rounds):
            page = await store.changes(self._user.id, after=self.cursor, limit=limit)
            if page.hole:
                self.holes += 1
                self.messages.clear()
                self.cursor = 0
                continue
            self._apply(page.changes)
            self.cursor = page.cursor
            if not page.more:
                return

    def _apply(self, changes: Sequence[Change]) -> None:
        numbers = [change.changed for change in changes]
        assert numbers == sorted(set(numbers))
        for change in changes:
            match change:
                case Cleared():
                    for number, (application_id, *_) in list(self.messages.items()):
                        if number <= change.cleared_to and application_id == change.application_id:
                            del self.messages[number]
                case EntryChange(entry=entry, message=None):
                    assert entry.deleted
                    self.messages.pop(entry.message_id, None)
                case EntryChange(entry=entry, message=Message(title=title)):
                    self.messages[entry.message_id] = (entry.application_id, title, entry.read, entry.pinned)

    async def is_right(self, store: Store) -> bool:
        items = await store.page(self._user.id, limit=10_000)
        return self.messages == {
            item.message.id: (item.message.application_id, item.message.title, item.entry.read, item.entry.pinned)
            for item in items
        }
