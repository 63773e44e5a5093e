"""The Store port: housekeeping in slices, and looking after the store itself."""

from __future__ import annotations

import pytest

from carillon.core.models import EntryChange, User
from carillon.core.ports import Store
from carillon.storage.migrate import steps
from carillon.storage.session import Session
from tests.builders import DAY, HOUR, NOON
from tests.contracts.stores import (
    Home,
    Offline,
    add_application,
    add_user,
    count_rows,
    join,
    once,
    publication,
    send,
    titles,
    write,
)


@pytest.fixture
async def ada(store: Store) -> User:
    return await add_user(store)


async def test_a_clearing_is_swept_in_slices(home: Home, store: Store, ada: User) -> None:
    eve = await add_user(store, "eve")
    backup, other = await add_application(store, ada), await add_application(store, ada, "Other")
    await join(store, eve, backup)
    for _ in range(7):
        await send(store, backup, ada, title="old")
    await send(store, backup, ada, eve, title="shared")
    await send(store, other, ada, title="kept")
    await store.clear(ada.id, backup.id, now=NOON)
    await send(store, backup, ada, title="new")
    phone = Offline(ada)
    home.told.clear()

    assert await count_rows(store, "messages") == 10
    assert [await store.sweep(3) for _ in range(4)] == [3, 3, 2, 0]
    assert await count_rows(store, "messages") == 3
    assert await count_rows(store, "entries", "deleted > 0") == 0
    assert home.told == []
    assert await titles(store, ada) == ["new", "kept"]
    assert await titles(store, eve) == ["shared"]
    assert await count_rows(store, "subscriptions", "swept_to < cleared_to") == 0
    await phone.catch_up(store)
    assert await phone.is_right(store)
    assert await store.check() == []


async def test_a_slice_that_fits_exactly_still_ends_the_sweep(store: Store, ada: User) -> None:
    backup = await add_application(store, ada)
    for _ in range(4):
        await send(store, backup, ada)
    await store.clear(ada.id, None, now=NOON)
    assert [await store.sweep(2) for _ in range(3)] == [2, 2, 0]
    assert await count_rows(store, "subscriptions", "swept_to < cleared_to") == 0


async def test_messages_expire_for_all(home: Home, store: Store, ada: User) -> None:
    eve = await add_user(store, "eve")
    backup = await add_application(store, ada)
    await join(store, eve, backup)
    for hours in (1, 2, 3):
        await send(store, backup, ada, eve, title=str(hours), expires=NOON + hours * HOUR)
    await send(store, backup, ada, title="for ever")
    home.told.clear()
    assert await store.expire(NOON + HOUR - 1, 10) == 0
    assert [await store.expire(NOON + 2 * HOUR, 1) for _ in range(3)] == [1, 1, 0]
    assert await titles(store, ada) == ["for ever", "3"]
    assert await titles(store, eve) == ["3"]
    told = [change for change in home.told if isinstance(change, EntryChange)]
    assert [(change.user_id, change.entry.message_id, change.entry.deleted) for change in told] == [
        (ada.id, 1, NOON + 2 * HOUR),
        (eve.id, 1, NOON + 2 * HOUR),
        (ada.id, 2, NOON + 2 * HOUR),
        (eve.id, 2, NOON + 2 * HOUR),
    ]
    assert await store.check() == []


async def test_what_was_cleared_expires_without_a_word(home: Home, store: Store, ada: User) -> None:
    backup = await add_application(store, ada)
    await send(store, backup, ada, expires=NOON)
    await store.clear(ada.id, backup.id, now=NOON)
    home.told.clear()
    assert await store.expire(NOON, 10) == 1
    assert home.told == []
    assert await store.check() == []
    assert await store.sweep(10) == 1
    assert await count_rows(store, "entries") == 0
    assert await store.check() == []


async def test_old_tombstones_and_keys_are_forgotten_in_slices(store: Store, ada: User) -> None:
    backup = await add_application(store, ada)
    for day in range(5):
        sent = await store.publish(once(publication(backup, ada), key=f"k{day}", hours=day + 1))
        await store.delete_entries(ada.id, [sent.id], now=NOON + day * DAY)

    async def forget(day: int, limit: int) -> int:
        return await store.forget(tombstones_before=NOON + day * DAY, now=NOON, limit=limit)

    assert await forget(0, 10) == 0
    assert [await forget(4, 3) for _ in range(3)] == [3, 1, 0]
    assert await count_rows(store, "entries") == 1
    assert await count_rows(store, "idempotency") == 5
    assert [await store.forget(tombstones_before=0, now=NOON + 3 * HOUR, limit=2) for _ in range(3)] == [2, 1, 0]
    assert await store.check() == []


async def test_the_store_says_what_it_is(home: Home, store: Store) -> None:
    info = await store.info()
    assert info.engine == ("SQLite" if home.url is None else "PostgreSQL")
    assert int(info.version.split(".")[0]) >= 3
    assert info.schema == steps("sqlite")[-1].number
    await store.ping()


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        ("UPDATE counters SET message = 0", "messages above the counter"),
        ("UPDATE counters SET changed = 0", "entries above the counter"),
        ("UPDATE subscriptions SET cleared_to = 9", "subscriptions above the counters"),
        ("DELETE FROM messages", "entries without their message"),
        ("DELETE FROM subscriptions", "entries of an application that is not listed"),
        ("UPDATE messages SET receivers = 2", "messages with a wrong count of receivers"),
    ],
)
async def test_a_check_finds_what_is_wrong(store: Store, ada: User, damage: str, finding: str) -> None:
    await send(store, await add_application(store, ada), ada)
    assert await store.check() == []

    async def do_damage(tx: Session) -> None:
        await tx.run(damage)

    await write(store, do_damage)
    assert await store.check() == [f"1 {finding}"]
