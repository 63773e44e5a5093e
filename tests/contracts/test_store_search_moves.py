"""Searching and counting in a database that came from elsewhere: restored, taken over, or of an older version."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from carillon.core.models import User
from carillon.core.ports import Store
from carillon.ops.system import SystemClock
from carillon.storage.backup.make import Place
from carillon.storage.backup.restore import Wish, restore
from tests.builders import NOON, user
from tests.contracts.stores import Home, add_application, add_user, send
from tests.contracts.test_store_adoption import Guests
from tests.contracts.test_store_search import far, fill, found
from tests.contracts.test_store_statistics import tally
from tests.postgres import Cluster
from tests.storage.backup.installation import save


async def counted(store: Store, who: User) -> int:
    return sum(hour.messages for hour in (await tally(store, who)).hours)


async def test_what_was_restored_is_found(
    home: Home, store: Store, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Also what was not indexed yet, and what is new behind the leap of the ids."""
    ada = await add_user(store)
    backup = await add_application(store, ada)
    for number in range(5):
        await send(store, backup, ada, title=f"word {number}")
    await store.fill(3)
    await store.delete_entries(ada.id, [1, 4], now=NOON)
    await store.close()
    url = None
    if home.url:
        cluster: Cluster = request.getfixturevalue("postgres")
        url = await cluster.new_database()
    file = await save(Place(home.url, home.data), tmp_path / "backup")
    new = Home(url, tmp_path / "new")
    await asyncio.to_thread(
        restore, file, Place(new.url, new.data), wish=Wish(force=False, passphrase=lambda: None), clock=SystemClock()
    )
    store = await new.open()
    assert await found(store, ada, "word") == [5, 3, 2]
    sent = await send(store, backup, ada, title="word 9")
    for _ in range(2):
        assert await found(store, ada, "word") == [sent.id, 5, 3, 2] == await far(store, ada, "word")
        assert await found(store, ada, '"word 2"') == [3] == await far(store, ada, '"word 2"')
        assert await counted(store, ada) == 6
        await fill(store)
    await store.delete_entries(ada.id, [3, sent.id], now=NOON)
    assert await far(store, ada, "word") == [5, 2]
    assert await store.check() == []
    await new.close()


@pytest.mark.parametrize("ahead", [False, True])
async def test_what_came_from_another_server_is_found(store: Store, ahead: bool) -> None:
    """With the ids it had there, also where newer ones are indexed already (`ahead`)."""
    admin = await add_user(store, "admin", admin=True, password_hash="published", initial_password=True)
    guests = Guests(store)
    await guests.begin()
    await guests.people()
    if ahead:
        own = await send(store, await add_application(store, admin, "Own"), admin, title="own")
        assert own.id == 51
        await fill(store)
    half = Guests(store)
    half.origin, half.messages = guests.origin, guests.messages[:3]
    await half.send()
    await fill(store)
    await guests.send()
    theirs, eves = user(id=1), user(id=4)
    for _ in range(2):
        assert await found(store, theirs, "done") == [*([51] if ahead else []), 50, 30, 10]
        assert await found(store, eves, "done") == [40, 20] == await far(store, eves, "done")
        assert await far(store, theirs, '"50"') == [50]
        assert await found(store, theirs, "before:1971-01-01") == [50, 30, 10]
        assert (await counted(store, theirs), await counted(store, eves)) == (4 if ahead else 3, 2)
        assert await store.check() == []
        await fill(store)
