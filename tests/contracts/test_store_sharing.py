"""The Store port: applications that several have, changed, left and deleted."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carillon.core.models import Cleared
from carillon.core.ports import Store
from tests.builders import DAY, NOON
from tests.contracts.stores import Home, Offline, add_application, add_user, count_rows, drawn, send, titles
from tests.contracts.village import NAMES, Step, Village

NUMBERS = st.integers(0, 40)
LIVES = st.lists(st.tuples(st.sampled_from(NAMES), NUMBERS, NUMBERS, NUMBERS), min_size=25, max_size=60)


async def live(store: Store, steps: list[Step]) -> None:
    village = Village(store)
    await village.settle()
    for step in steps:
        await village.take(step)
    await village.go_away()


@settings(max_examples=40, deadline=None)
@given(LIVES)
def test_no_message_names_an_application_that_is_not_listed(steps: list[Step]) -> None:
    """Whatever people share, leave, delete and send; and nothing stays of what nobody has."""

    async def scene() -> None:
        with TemporaryDirectory() as folder:
            home = Home(None, Path(folder))
            try:
                await live(await home.open(), steps)
            finally:
                await home.close()

    asyncio.run(scene())


@pytest.mark.parametrize("seed", range(2))
async def test_so_it_is_on_either_engine(store: Store, seed: int) -> None:
    dice = random.Random(seed)
    steps = [(dice.choice(NAMES), dice.randrange(41), dice.randrange(41), dice.randrange(41)) for _ in range(300)]
    await live(store, steps)


async def test_leaving_and_deleting_are_told_to_those_who_lose_messages(home: Home, store: Store) -> None:
    ada, eve, bob = [await add_user(store, name) for name in ("ada", "eve", "bob")]
    door = await add_application(store, ada, "Door")
    for user in (eve, bob):
        assert await store.share(door.id, user_id=user.id)
    sent = await send(store, door, ada, eve, bob)
    home.told.clear()
    home.lists.clear()
    newest = await drawn(store)
    assert await store.leave(eve.id, door.id, now=NOON)
    assert await store.delete_application(door.id, now=NOON)
    assert home.told == [
        Cleared(user_id=eve.id, changed=newest + 1, application_id=door.id, cleared_to=sent.id),
        Cleared(user_id=ada.id, changed=newest + 6, application_id=door.id, cleared_to=sent.id),
    ]
    assert [(told.user_id, told.changed - newest, told.lists) for told in home.lists] == [
        (eve.id, 2, ("applications",)),
        *((user.id, 3 + number, ("applications",)) for number, user in enumerate((ada, eve, bob))),
    ]
    assert [len(await titles(store, user)) for user in (ada, eve, bob)] == [0, 0, 1]
    assert await store.leave(eve.id, door.id, now=NOON) is False
    assert await store.share(door.id, user_id=eve.id) is False


async def test_a_chosen_sort_key_holds_nobody_who_leaves(store: Store) -> None:
    ada = await add_user(store)
    for key in ("~2", "~2~"):
        await add_application(store, ada, sort_key=key)
    for number in (2, 1):
        assert await store.delete_application(number, now=NOON)
    door = await add_application(store, ada, "Door", sort_key="~2")
    assert [tie.application for tie in await store.subscriptions(ada.id)] == [door]


async def test_clearing_all_is_told_of_what_is_listed(home: Home, store: Store) -> None:
    ada = await add_user(store)
    gone, door = await add_application(store, ada, "Gone"), await add_application(store, ada, "Door")
    await store.delete_application(gone.id, now=NOON)
    home.told.clear()
    await store.clear(ada.id, None, now=NOON)
    assert [change.application_id for change in home.told if isinstance(change, Cleared)] == [door.id]


async def test_a_device_hears_of_the_clearing_of_what_was_left_a_month_before(store: Store) -> None:
    ada, eve = await add_user(store, "ada"), await add_user(store, "eve")
    door = await add_application(store, ada, "Door")
    await store.share(door.id, user_id=eve.id)
    await send(store, door, ada, eve)
    phone = Offline(eve)
    await phone.catch_up(store)
    await store.unshare(door.id, user_id=eve.id, now=NOON)

    async def forget(day: int) -> int:
        await store.sweep(10)
        return await store.forget(tombstones_before=NOON + (day - 30) * DAY, now=NOON, limit=10)

    assert await forget(40) == 0
    await store.clear(eve.id, door.id, now=NOON + 40 * DAY)
    assert await store.subscriptions(eve.id) == []
    assert await forget(70) == 0
    assert len(phone.messages) == 1
    await phone.catch_up(store)
    assert (phone.messages, phone.holes) == ({}, 0)
    assert await forget(71) == 1
    assert await count_rows(store, "subscriptions") == 1


async def test_who_was_away_for_longer_than_a_month_begins_anew(store: Store) -> None:
    ada = await add_user(store)
    door, window = await add_application(store, ada, "Door"), await add_application(store, ada, "Window")
    for application in (door, window):
        await send(store, application, ada)
    phone = Offline(ada)
    await phone.catch_up(store)
    await store.delete_application(door.id, now=NOON)
    await store.sweep(10)
    assert await store.forget(tombstones_before=NOON + 1, now=NOON, limit=10) == 1
    assert await count_rows(store, "applications") == 1
    await phone.catch_up(store)
    assert phone.holes == 1
    assert await phone.is_right(store)
