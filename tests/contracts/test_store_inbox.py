"""The Store port: reading an inbox, changing it, and following it from afar."""

from __future__ import annotations

import asyncio
import random

import pytest

from carillon.core.models import Application, Cleared, EntryChange, Message, User
from carillon.core.ports import Store
from tests.builders import HOUR, NOON
from tests.contracts.stores import Home, Offline, add_application, add_user, count_rows, drawn, join, send, titles


@pytest.fixture
async def ada(store: Store) -> User:
    return await add_user(store)


@pytest.fixture
async def backup(store: Store, ada: User) -> Application:
    return await add_application(store, ada, "Backup")


@pytest.fixture
async def other(store: Store, ada: User, backup: Application) -> Application:
    return await add_application(store, ada, "Other")


async def fill(store: Store, ada: User, *applications: Application) -> list[Message]:
    """A message of each in turn: "0", "1", …"""
    return [await send(store, application, ada, title=str(n)) for n, application in enumerate(applications)]


async def test_a_page_is_the_newest_first(store: Store, ada: User, backup: Application, other: Application) -> None:
    sent = await fill(store, ada, backup, other, backup, other, backup)
    assert await titles(store, ada) == ["4", "3", "2", "1", "0"]
    assert await titles(store, ada, limit=2) == ["4", "3"]
    assert await titles(store, ada, limit=2, before=sent[3].id) == ["2", "1"]
    assert await titles(store, ada, before=sent[0].id) == []
    assert await titles(store, ada, application_id=backup.id) == ["4", "2", "0"]
    assert await titles(store, ada, application_id=backup.id, before=sent[4].id, limit=1) == ["2"]
    assert await titles(store, ada, application_id=99) == []


async def test_ids_beyond_any_number_are_just_not_there(store: Store, ada: User, backup: Application) -> None:
    (sent,) = await fill(store, ada, backup)
    far = 2**70
    assert await titles(store, ada, before=far) == ["0"]
    assert await titles(store, ada, before=-far) == []
    assert await store.item(ada.id, far) is None is await store.item(ada.id, -far)
    assert await store.mark(ada.id, [far, sent.id, -far], read=NOON) == [sent.id]
    assert await store.delete_entries(ada.id, [far, -far], now=NOON) == []
    assert (await store.changes(ada.id, after=far, limit=10)).hole


async def test_an_inbox_is_its_users_own(store: Store, ada: User, backup: Application) -> None:
    eve = await add_user(store, "eve")
    await join(store, eve, backup)
    sent = await send(store, backup, ada)
    assert await titles(store, eve) == []
    assert await store.item(eve.id, sent.id) is None
    assert await store.mark(eve.id, [sent.id], read=NOON) == []
    assert await store.delete_entries(eve.id, [sent.id], now=NOON) == []
    await store.clear(eve.id, backup.id, now=NOON)
    assert await store.sweep(10) == 0
    assert (await store.changes(eve.id, after=0, limit=10)).changes == [
        Cleared(user_id=eve.id, changed=await drawn(store), application_id=backup.id, cleared_to=sent.id)
    ]
    item = await store.item(ada.id, sent.id)
    assert item
    assert item.message == sent


async def test_a_mark_is_told_where_it_changes_something(
    home: Home, store: Store, ada: User, backup: Application
) -> None:
    first, second, third = await fill(store, ada, backup, backup, backup)
    await store.delete_entries(ada.id, [third.id], now=NOON)
    assert await store.mark(ada.id, [second.id, first.id, third.id, 99], read=NOON) == [first.id, second.id]
    home.told.clear()
    newest = await drawn(store)
    assert await store.mark(ada.id, [first.id, second.id], read=NOON, dismissed=0) == [first.id, second.id]
    assert home.told == []
    await store.mark(ada.id, [first.id], dismissed=NOON + 1)
    await store.mark(ada.id, [first.id], read=0)
    await store.mark(ada.id, [], read=NOON)
    item = await store.item(ada.id, first.id)
    assert item
    assert (item.entry.read, item.entry.dismissed, item.entry.changed) == (None, NOON + 1, newest + 2)
    last = home.told[-1]
    assert last == EntryChange(entry=item.entry)
    assert [change.changed for change in home.told] == [newest + 1, newest + 2]


async def test_a_deleted_message_is_gone_at_once(home: Home, store: Store, ada: User, backup: Application) -> None:
    eve = await add_user(store, "eve")
    sent = await send(store, backup, ada, eve)
    home.told.clear()
    newest = await drawn(store)
    assert await store.delete_entries(ada.id, [sent.id, sent.id, 99], now=NOON + 3) == [sent.id]
    assert await store.delete_entries(ada.id, [sent.id], now=NOON + 4) == []
    assert await titles(store, ada) == []
    assert await store.item(ada.id, sent.id) is None
    (told,) = home.told
    assert isinstance(told, EntryChange)
    assert (told.user_id, told.changed, told.entry.deleted, told.message) == (ada.id, newest + 1, NOON + 3, None)
    assert len(await titles(store, eve)) == 1
    await store.delete_entries(eve.id, [sent.id], now=NOON)
    assert await count_rows(store, "messages") == 0
    assert await store.check() == []


async def test_clearing_hides_what_was_there_and_nothing_else(
    home: Home, store: Store, ada: User, backup: Application, other: Application
) -> None:
    sent = await fill(store, ada, backup, other, backup)
    home.told.clear()
    number = await drawn(store) + 1
    await store.clear(ada.id, backup.id, now=NOON)
    assert home.told == [Cleared(user_id=ada.id, changed=number, application_id=backup.id, cleared_to=sent[2].id)]
    assert await titles(store, ada) == ["1"]
    assert await titles(store, ada, application_id=backup.id) == []
    assert await store.item(ada.id, sent[0].id) is None
    assert await store.mark(ada.id, [sent[0].id, sent[1].id], read=NOON) == [sent[1].id]
    assert await store.delete_entries(ada.id, [sent[0].id], now=NOON) == []
    await send(store, backup, ada, title="new")
    assert await titles(store, ada) == ["new", "1"]
    assert await titles(store, ada, limit=1) == ["new"]
    assert await titles(store, ada, before=sent[2].id) == ["1"]
    assert await titles(store, ada, application_id=backup.id) == ["new"]
    subscription = await store.subscription(ada.id, backup.id)
    assert subscription
    assert (subscription.cleared_to, subscription.changed) == (sent[2].id, number)


async def test_clearing_all_is_clearing_each(
    home: Home, store: Store, ada: User, backup: Application, other: Application
) -> None:
    await fill(store, ada, backup, other)
    home.told.clear()
    newest = await drawn(store)
    await store.clear(ada.id, None, now=NOON)
    assert await titles(store, ada) == []
    assert home.told == [
        Cleared(user_id=ada.id, changed=newest + 1, application_id=backup.id, cleared_to=2),
        Cleared(user_id=ada.id, changed=newest + 2, application_id=other.id, cleared_to=2),
    ]
    home.told.clear()
    await store.clear(ada.id, 99, now=NOON)
    assert home.told == []


async def test_clearing_up_to_a_message_spares_what_came_later(
    home: Home, store: Store, ada: User, backup: Application, other: Application
) -> None:
    sent = await fill(store, ada, backup, other, backup, other, backup)
    home.told.clear()
    number = await drawn(store) + 1
    await store.clear(ada.id, backup.id, now=NOON, up_to=sent[3].id)
    assert home.told == [Cleared(user_id=ada.id, changed=number, application_id=backup.id, cleared_to=sent[3].id)]
    assert await titles(store, ada) == ["4", "3", "1"]
    await store.clear(ada.id, None, now=NOON, up_to=sent[3].id)
    assert await titles(store, ada) == ["4"]
    home.told.clear()
    for up_to in (sent[3].id, sent[0].id, 0, -5):  # of which nothing is left
        await store.clear(ada.id, None, now=NOON, up_to=up_to)
    assert home.told == []
    await store.clear(ada.id, None, now=NOON, up_to=2**70)
    assert await titles(store, ada) == []
    await send(store, backup, ada, title="new")
    assert await titles(store, ada) == ["new"]
    assert await store.check() == []


async def test_what_is_older_ends_before_the_first_that_is_not(
    store: Store, ada: User, backup: Application, other: Application
) -> None:
    times = [NOON, NOON + 5, NOON + 1, NOON + 9]  # a clock that was set back in between
    sent = [await send(store, backup, ada, title=str(n), created=time) for n, time in enumerate(times)]
    (young,) = await fill(store, ada, other)
    newest = young.id
    assert await store.older(ada.id, backup.id, older_than=NOON + 2) == {backup.id: sent[0].id}
    assert await store.older(ada.id, backup.id, older_than=NOON) == {backup.id: sent[0].id - 1}
    assert await store.older(ada.id, None, older_than=NOON + 10) == {backup.id: newest, other.id: newest}
    assert await store.older(ada.id, backup.id, older_than=NOON + 10, up_to=2) == {backup.id: 2}
    assert await store.older(ada.id, 99, older_than=NOON) == {}
    await store.clear_to(ada.id, {backup.id: sent[1].id, 99: 5}, now=NOON)
    assert await titles(store, ada, application_id=backup.id) == ["3", "2"]
    assert await store.older(ada.id, backup.id, older_than=NOON + 2) == {backup.id: sent[2].id}


async def test_reading_up_to_a_message_goes_in_slices_and_is_told(
    home: Home, store: Store, ada: User, backup: Application, other: Application
) -> None:
    phone = Offline(ada)
    sent = await fill(store, ada, backup, other, backup, other, backup)
    await phone.catch_up(store)
    await store.mark(ada.id, [sent[0].id], read=NOON)
    home.told.clear()
    newest = await drawn(store)
    assert await store.read_up_to(ada.id, sent[3].id, now=NOON + 1, limit=2) == 2
    assert await store.read_up_to(ada.id, sent[3].id, now=NOON + 1, limit=2) == 1
    assert await store.read_up_to(ada.id, sent[3].id, now=NOON + 1, limit=2) == 0
    assert [change.changed for change in home.told] == [newest + 1, newest + 2, newest + 3]
    items = await store.page(ada.id, limit=9, after=0)
    assert [item.entry.read for item in items] == [NOON, NOON + 1, NOON + 1, NOON + 1, None]
    await phone.catch_up(store)
    assert await phone.is_right(store)
    assert await store.read_up_to(ada.id, 2**70, application_id=other.id, now=NOON, limit=9) == 0
    assert await store.read_up_to(ada.id, 2**70, application_id=backup.id, now=NOON, limit=9) == 1


async def test_a_message_is_found_by_its_public_id(store: Store, ada: User, backup: Application) -> None:
    eve = await add_user(store, "eve")
    sent = await send(store, backup, ada)
    found = await store.item_by_public_id(ada.id, sent.public_id)
    assert found == await store.item(ada.id, sent.id)
    assert await store.item_by_public_id(eve.id, sent.public_id) is None
    assert await store.item_by_public_id(ada.id, sent.public_id + "x") is None
    await store.clear(ada.id, backup.id, now=NOON)
    assert await store.item_by_public_id(ada.id, sent.public_id) is None


async def test_a_pin_is_a_state_like_the_others(home: Home, store: Store, ada: User, backup: Application) -> None:
    (sent,) = await fill(store, ada, backup)
    await store.mark(ada.id, [sent.id], read=NOON, pinned=NOON + 1)
    await store.mark(ada.id, [sent.id], read=0)
    home.told.clear()
    await store.mark(ada.id, [sent.id], pinned=NOON + 1)
    assert home.told == []
    item = await store.item(ada.id, sent.id)
    assert item
    assert (item.entry.read, item.entry.pinned) == (None, NOON + 1)
    await store.mark(ada.id, [sent.id], pinned=0)
    (told,) = home.told
    assert isinstance(told, EntryChange)
    assert told.entry.pinned is None


async def test_while_the_sweep_is_due_pages_are_merged_of_all_applications(store: Store, ada: User) -> None:
    applications = [await add_application(store, ada, str(n)) for n in range(4)]
    for n in range(40):
        await send(store, applications[n % 3], ada, title=str(n))
    await store.clear(ada.id, applications[0].id, now=NOON)
    expected = [str(n) for n in range(39, -1, -1) if n % 3]
    assert await titles(store, ada) == expected
    seen: list[str] = []
    before = None
    while page := await store.page(ada.id, limit=4, before=before):
        assert len(page) == 4 or len(seen) + len(page) == len(expected)
        seen += [item.message.title for item in page]
        before = page[-1].message.id
    assert seen == expected
    while await store.sweep(3):
        assert await titles(store, ada) == expected
    assert await titles(store, ada) == expected


async def test_changes_are_read_in_slices_and_in_order(store: Store, ada: User, backup: Application) -> None:
    begun = await drawn(store)
    sent = await fill(store, ada, *[backup] * 5)
    await store.mark(ada.id, [sent[0].id], read=NOON)
    first = await store.changes(ada.id, after=0, limit=3)
    assert [change.changed - begun for change in first.changes] == [2, 3, 4]
    assert (first.cursor - begun, first.more, first.hole) == (4, True, False)
    second = await store.changes(ada.id, after=first.cursor, limit=3)
    assert [change.changed - begun for change in second.changes] == [5, 6]
    assert (second.cursor - begun, second.more, second.hole) == (6, False, False)
    item = await store.item(ada.id, sent[0].id)
    assert item
    assert second.changes[-1] == EntryChange(entry=item.entry, message=sent[0])
    last = await store.changes(ada.id, after=second.cursor, limit=3)
    assert (last.changes, last.cursor - begun, last.more, last.hole) == ([], 6, False, False)


async def test_a_clearing_comes_in_its_turn(store: Store, ada: User, backup: Application, other: Application) -> None:
    begun = await drawn(store)
    await fill(store, ada, backup, backup, other)
    await store.clear(ada.id, backup.id, now=NOON)
    await fill(store, ada, other, other)
    cleared = Cleared(user_id=ada.id, changed=begun + 4, application_id=backup.id, cleared_to=3)

    cut = await store.changes(ada.id, after=0, limit=2)
    assert (cut.changes, cut.cursor - begun, cut.more) == ([], 2, True)
    page = await store.changes(ada.id, after=cut.cursor, limit=2)
    assert [change.changed - begun for change in page.changes] == [3, 4, 5]
    assert page.changes[1] == cleared
    assert (page.cursor - begun, page.more) == (5, True)

    await store.clear(ada.id, backup.id, now=NOON)
    end = await store.changes(ada.id, after=begun + 6, limit=10)
    assert [change.changed - begun for change in end.changes] == [7]
    assert (end.cursor - begun, end.more) == (7, False)


async def test_a_cursor_of_what_was_forgotten_is_a_hole(store: Store, ada: User, backup: Application) -> None:
    begun = await drawn(store)
    sent = await fill(store, ada, backup, backup)
    await store.delete_entries(ada.id, [sent[0].id], now=NOON)  # changed 3
    await store.mark(ada.id, [sent[1].id], read=NOON)  # changed 4
    assert not (await store.changes(ada.id, after=begun + 2, limit=10)).hole
    assert await store.forget(tombstones_before=NOON + 1, now=NOON, limit=10) == 1
    answers = [await store.changes(ada.id, after=after, limit=10) for after in (0, *range(begun + 1, begun + 6))]
    assert [answer.hole for answer in answers] == [False, True, True, False, False, True]
    assert answers[2].changes == []
    assert [change.changed - begun for change in answers[0].changes] == [4]


async def test_a_users_hole_is_not_anothers(store: Store, ada: User, backup: Application) -> None:
    eve = await add_user(store, "eve")
    await join(store, eve, backup)
    sent = await send(store, backup, ada, eve)
    await store.delete_entries(ada.id, [sent.id], now=NOON)
    await store.forget(tombstones_before=NOON + 1, now=NOON, limit=10)
    assert (await store.changes(ada.id, after=1, limit=10)).hole
    assert not (await store.changes(eve.id, after=1, limit=10)).hole


async def test_a_device_that_was_away_ends_up_with_the_inbox(
    store: Store, ada: User, backup: Application, other: Application
) -> None:
    phone = Offline(ada)
    first, second, third, _ = await fill(store, ada, backup, backup, backup, other)
    await phone.catch_up(store)
    await store.mark(ada.id, [first.id], read=NOON)
    await store.delete_entries(ada.id, [second.id], now=NOON)
    await send(store, other, ada, title="progress", key="p")
    await phone.catch_up(store, limit=1)
    assert await phone.is_right(store)
    await send(store, other, ada, title="progress 2", key="p")
    await store.clear(ada.id, backup.id, now=NOON)
    await store.sweep(100)
    await phone.catch_up(store)
    assert await phone.is_right(store)
    assert third.id not in phone.messages
    assert {title for _, title, *_ in phone.messages.values()} == {"3", "progress 2"}
    assert phone.holes == 0


class Life:
    """What may happen to an inbox, a step at a time."""

    def __init__(self, store: Store, ada: User, applications: list[Application], dice: random.Random) -> None:
        self._store = store
        self._ada = ada
        self._applications = applications
        self._dice = dice
        self._now = NOON
        self._newest = 0

    async def step(self) -> None:
        self._now += 1
        change = self._dice.choices(
            (
                self._send,
                self._replace,
                self._send_for_a_while,
                self._mark,
                self._delete,
                self._clear,
                self._keep_house,
            ),
            (6, 2, 1, 2, 1, 1, 2),
        )
        await change[0]()

    async def _send(self, **fields: int | str) -> None:
        application = self._dice.choice(self._applications)
        sent = await send(self._store, application, self._ada, title=f"{self._now}", **{"created": self._now, **fields})
        self._newest = sent.id

    async def _replace(self) -> None:
        await self._send(key="k")

    async def _send_for_a_while(self) -> None:
        await self._send(expires=self._now + 20)

    async def _mark(self) -> None:
        await self._store.mark(self._ada.id, self._ids(), read=self._dice.choice([0, self._now]))

    async def _delete(self) -> None:
        await self._store.delete_entries(self._ada.id, self._ids(), now=self._now)

    async def _clear(self) -> None:
        await self._store.clear(self._ada.id, self._dice.choice(self._applications).id, now=self._now)

    async def _keep_house(self) -> None:
        await self._store.sweep(self._dice.randint(1, 10))
        await self._store.expire(self._now, self._dice.randint(1, 5))
        await self._store.forget(tombstones_before=self._now - 40, now=self._now, limit=5)

    def _ids(self) -> list[int]:
        return [self._dice.randint(1, self._newest + 1) for _ in range(3)]


@pytest.mark.parametrize("seed", range(4))
async def test_devices_converge_whatever_happens(home: Home, store: Store, ada: User, seed: int) -> None:
    dice = random.Random(seed)
    life = Life(store, ada, [await add_application(store, ada, str(n)) for n in range(3)], dice)
    devices = [Offline(ada) for _ in range(4)]
    begun = await drawn(store)
    for _ in range(150):
        await life.step()
        if dice.random() < 0.2:
            await dice.choice(devices[:3]).catch_up(store, limit=dice.randint(1, 7), rounds=dice.randint(1, 5))
    for device in devices:
        await device.catch_up(store, limit=5)
        assert await device.is_right(store)
    assert devices[3].holes == 0
    assert [change.changed - begun for change in home.told] == list(range(1, len(home.told) + 1))
    assert await store.check() == []


async def test_a_slow_reader_from_the_beginning_meets_a_hole_only_when_more_is_forgotten(
    store: Store, ada: User, backup: Application
) -> None:
    sent = await fill(store, ada, *[backup] * 6)
    await store.delete_entries(ada.id, [sent[5].id], now=NOON)  # changed 7
    await store.forget(tombstones_before=NOON + 1, now=NOON, limit=10)
    phone = Offline(ada)
    await phone.catch_up(store, limit=2, rounds=2)
    assert len(phone.messages) == 4
    assert (await store.changes(ada.id, after=4, limit=2)).hole
    await store.delete_entries(ada.id, [sent[0].id], now=NOON)
    await store.forget(tombstones_before=NOON + 1, now=NOON, limit=10)
    await phone.catch_up(store, limit=2)
    assert phone.holes == 1
    assert await phone.is_right(store)


async def test_a_message_of_the_future_and_the_past_keep_the_order_of_arrival(
    store: Store, ada: User, backup: Application
) -> None:
    await send(store, backup, ada, title="late", created=NOON + HOUR)
    await send(store, backup, ada, title="early", created=NOON - HOUR)
    assert await titles(store, ada) == ["early", "late"]


async def test_who_reads_on_from_a_message_misses_none_that_come_meanwhile(store: Store, ada: User) -> None:
    """Also while a clearing waits for the sweep, and pages are merged of what each application has."""
    applications = [await add_application(store, ada, str(n)) for n in range(8)]
    await send(store, applications[0], ada)
    await store.clear(ada.id, applications[0].id, now=NOON)
    read: list[int] = []

    async def read_on() -> None:
        last = 0
        while last < 401:
            read.extend(item.message.id for item in await store.page(ada.id, limit=10, after=last))
            last = read[-1] if read else 0

    async def send_on() -> None:
        for number in range(200):
            await send(store, applications[-1 - number % 8], ada)

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        for work in (send_on, send_on, read_on):
            tasks.create_task(work())
    assert read == list(range(2, 402))
