"""The Store port: what admins have decided, and what is counted of the whole."""

from __future__ import annotations

import asyncio

from carillon.core.ports import Census, Queue, Store
from tests.contracts.stores import Home, add_application, add_user, publication, send


async def test_nothing_is_decided_at_first(store: Store) -> None:
    assert await store.settings() == {}


async def test_what_is_decided_stays_until_it_is_decided_anew(home: Home) -> None:
    store = await home.open()
    await store.decide({"registration": "true", "publish_rate": "5"})
    await store.decide({"publish_rate": "6", "of_another_version": '"?"'})
    await home.close()
    store = await home.open()
    assert await store.settings() == {"of_another_version": '"?"', "publish_rate": "6", "registration": "true"}
    await store.decide({"publish_rate": None, "never_decided": None})
    assert await store.settings() == {"of_another_version": '"?"', "registration": "true"}


async def test_admins_are_told_and_nobody_else(home: Home) -> None:
    store = await home.open()
    ada, eve = await add_user(store, "ada", admin=True), await add_user(store, "eve", admin=True)
    await add_user(store, "bob")
    home.lists.clear()
    await store.decide({"registration": "true", "publish_rate": "5"})
    assert [(told.user_id, told.lists) for told in home.lists] == [(ada.id, ("settings",)), (eve.id, ("settings",))]
    home.lists.clear()
    await store.decide({})
    assert home.lists == []


async def test_rows_and_bytes_are_counted(store: Store) -> None:
    empty = await store.census()
    assert (empty.users, empty.applications, empty.messages) == (0, 0, 0)
    ada = await add_user(store)
    backup = await add_application(store, ada)
    gone = await add_application(store, ada, "Gone")
    for _ in range(3):
        await send(store, backup, ada)
    await store.delete_application(gone.id, now=1)
    counted = await store.census()
    assert counted == Census(1, 1, 3, counted.bytes)
    assert counted.bytes > 10_000


async def test_what_waits_is_counted(store: Store) -> None:
    ada = await add_user(store)
    backup = await add_application(store, ada)
    assert store.queue() == Queue(0, 0)
    waiting = [asyncio.ensure_future(store.publish(publication(backup, ada, body="x" * 1000))) for _ in range(3)]
    queued = store.queue()
    assert queued.writes == 3
    assert 3_000 < queued.bytes < 5_000
    await asyncio.gather(*waiting)
    assert store.queue() == Queue(0, 0)
