"""The Store port: counting what came when, exactly, whatever has become of it."""

from __future__ import annotations

import random

import pytest

from carillon.core.models import Application, Hourly, Image, Sent, Tally, User
from carillon.core.ports import Store
from tests.builders import HOUR, NOON
from tests.contracts.stores import add_application, add_user, count_rows, join, send
from tests.contracts.test_store_search import fill

START = NOON // HOUR
AGES = 10**6  # hours


@pytest.fixture
async def ada(store: Store) -> User:
    return await add_user(store)


@pytest.fixture
async def backup(store: Store, ada: User) -> Application:
    return await add_application(store, ada, "Backup")


async def tally(store: Store, user: User, *, since: int = 0, until: int = AGES) -> Tally:
    found = await store.tally(user.id, since=since, until=until, before=since - 2, before_until=since)
    hours: dict[tuple[int, int], int] = {}
    for one in found.hours:
        hours[one.hour, one.level] = hours.get((one.hour, one.level), 0) + one.messages
    return Tally([Hourly(*key, count) for key, count in sorted(hours.items())], found.applications, *sums(found))


def sums(found: Tally) -> tuple[int, int]:
    return found.previous, found.unread


async def test_messages_are_counted_by_hour_level_and_application(store: Store, ada: User, backup: Application) -> None:
    other = await add_application(store, ada, "Other")
    for number, (application, level) in enumerate([(backup, 5), (backup, 5), (other, 5), (backup, 9)]):
        await send(store, application, ada, level=level, created=NOON + number * HOUR // 2)
    await store.mark(ada.id, [1], read=NOON)
    hours = [Hourly(START, 5, 2), Hourly(START + 1, 5, 1), Hourly(START + 1, 9, 1)]
    for _ in range(2):
        found = await tally(store, ada)
        assert (found.hours, found.unread) == (hours, 3)
        assert sorted((one.application_id, one.level, one.messages, one.last) for one in found.applications) == [
            (backup.id, 5, 2, NOON + HOUR // 2),
            (backup.id, 9, 1, NOON + 3 * HOUR // 2),
            (other.id, 5, 1, NOON + HOUR),
        ]
        part = await tally(store, ada, since=START + 1, until=START + 2)
        assert (part.hours, part.previous) == (hours[1:], 2)
        await fill(store)
    assert await tally(store, ada, until=START) == Tally([], [], 0, 3)


@pytest.mark.parametrize("seed", range(3))
async def test_they_stay_counted_once_whatever_becomes_of_them(
    store: Store, ada: User, backup: Application, seed: int
) -> None:
    chance = random.Random(seed)
    sent = 0
    for _ in range(60):
        match chance.choice(["send", "send", "key", "fill", "delete", "clear", "sweep", "expire"]):
            case "send":
                await send(store, backup, ada, created=NOON + sent % 3, expires=NOON + HOUR)
                sent += 1
            case "key":
                await send(store, backup, ada, created=NOON, key="one")
                sent += 1
            case "fill":
                await store.fill(chance.randrange(1, 4))
            case "delete":
                await store.delete_entries(ada.id, [chance.randrange(1, sent + 2)], now=NOON)
            case "clear":
                await store.clear(ada.id, backup.id, now=NOON)
            case "sweep":
                await store.sweep(3)
            case "expire":
                await store.expire(NOON + HOUR, 2)
        found = await tally(store, ada)
        assert sum(one.messages for one in found.hours) == sent
    await fill(store)
    await store.clear(ada.id, None, now=NOON)
    while await store.sweep(100):
        continue
    (one,) = (await tally(store, ada)).applications
    assert one == Sent(backup.id, "Backup", 5, sent, one.last)
    assert await store.check() == []


async def test_days_are_counted_by_application(store: Store, ada: User, backup: Application) -> None:
    other = await add_application(store, ada, "Other")
    eve = await add_user(store, "eve")
    since = START - 30
    for application, hour in ((backup, since), (backup, since + 23), (other, since + 24), (backup, since + 24)):
        await send(store, application, ada, level=hour % 10, created=hour * HOUR)
    for _ in range(2):
        found: dict[tuple[int, int], int] = {}
        for one in await store.daily(ada.id, since=since, until=START):
            key = (one.application_id, (one.hour - since) // 24)
            found[key] = found.get(key, 0) + one.messages
        assert found == {(backup.id, 0): 2, (backup.id, 1): 1, (other.id, 1): 1}
        await fill(store)
    assert len(await store.daily(ada.id, since=since, until=START)) == 3
    assert [one.hour for one in await store.daily(ada.id, since=since + 1, until=since + 24)] == [since + 23]
    assert await store.daily(eve.id, since=since, until=START) == []


async def test_they_are_those_of_the_applications_one_is_tied_to(store: Store, ada: User, backup: Application) -> None:
    eve = await add_user(store, "eve")
    await send(store, backup, ada)
    await fill(store)
    assert await tally(store, eve) == Tally([], [], 0, 0)
    await join(store, eve, backup)
    assert (await tally(store, eve)).hours == [Hourly(START, 5, 1)]
    await send(store, backup, ada, eve)
    await store.leave(eve.id, backup.id, now=NOON)
    assert await tally(store, eve) == Tally([], [], 0, 0)


async def test_the_counters_of_an_application_go_with_it(store: Store, ada: User, backup: Application) -> None:
    await send(store, backup, ada)
    await fill(store)
    await store.delete_application(backup.id, now=NOON)
    assert await tally(store, ada) == Tally([], [], 0, 0)
    while await store.sweep(10):
        continue
    await store.forget(tombstones_before=NOON + HOUR, now=NOON, limit=10)
    assert await count_rows(store, "applications") == 0 == await count_rows(store, "statistics")


async def test_what_is_stored_is_measured(store: Store, ada: User, backup: Application) -> None:
    await send(store, backup, ada)
    await store.set_image(backup.id, Image("a.png", "image/png", b"12345"))
    stored = await store.storage()
    assert (stored.messages, stored.pictures, stored.pictures_bytes) == (1, 1, 5)
    assert stored.database_bytes > 50_000


async def test_old_counters_are_forgotten_in_slices(store: Store, ada: User, backup: Application) -> None:
    other = await add_application(store, ada, "Other")
    for application, hours in ((backup, 4), (other, 2)):
        for hour in range(hours):
            await send(store, application, ada, created=NOON + hour * HOUR)
    await fill(store)
    assert [await store.forget_counts(START + 3, 4) for _ in range(3)] == [4, 1, 0]
    found = await tally(store, ada)
    assert (found.hours, [one.application_id for one in found.applications]) == ([Hourly(START + 3, 5, 1)], [backup.id])
    assert await store.check() == [], "the messages are still there, and nothing is wrong with that"
    assert await store.forget_counts(START + 4, 4) == 1
    assert await store.check() == []
