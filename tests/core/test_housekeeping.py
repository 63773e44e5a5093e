from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from carillon.core.errors import NotFound, Unavailable
from carillon.core.housekeeping import SLICE, TOMBSTONE_MICROSECONDS, Housekeeping
from carillon.core.models import EntryChange, User
from carillon.core.ports import Sender, Store
from carillon.core.priority import Scale
from carillon.core.publish import Draft
from carillon.core.statistics import KEPT_HOURS
from tests.builders import DAY, HOUR, NOON, SECOND, Clock, House

SCALE = Scale("gotify")


class Watched:
    """A store that notes what housekeeping asks of it, and fails as often as it is told to."""

    def __init__(self, store: Store, *failures: Exception) -> None:
        self._store = store
        self.failures = list(failures)
        self.has_failed, self.forgot = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def expire(self, now: int, limit: int) -> int:
        if self.failures:
            self.has_failed.set()
            raise self.failures.pop(0)
        return await self._store.expire(now, limit)

    async def forget(self, *, tombstones_before: int, now: int, limit: int) -> int:
        forgotten = await self._store.forget(tombstones_before=tombstones_before, now=now, limit=limit)
        if forgotten == 0:
            self.forgot.set()
        return forgotten

    async def round_is_over(self) -> None:
        await asyncio.wait_for(self.forgot.wait(), 5)
        self.forgot.clear()


@asynccontextmanager
async def running(housekeeping: Housekeeping) -> AsyncIterator[None]:
    task = asyncio.create_task(housekeeping.run())
    try:
        yield
        assert not task.done(), "it runs until it is cancelled"
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def ada(house: House) -> User:
    return await house.user("ada")


@pytest.fixture
async def backup(house: House, ada: User) -> Sender:
    return (await house.sender(ada, "Backup"))[0]


async def send(house: House, sender: Sender, **fields: Any) -> int:
    return (await house.publisher.publish(sender, Draft(**{"body": "done", **fields}), scale=SCALE)).id


async def ids(house: House, user: User) -> list[int]:
    return [item.message.id for item in await house.inbox.page(user.id, limit=200)]


async def test_a_message_goes_when_its_time_has_come_and_not_before(house: House, ada: User, backup: Sender) -> None:
    await send(house, backup, ttl=60)
    lasting = await send(house, backup)
    house.clock.advance(60 * SECOND - 1)
    await house.housekeeping.round()
    assert len(await ids(house, ada)) == 2
    house.clock.advance(1)
    await house.housekeeping.round()
    assert await ids(house, ada) == [lasting]
    assert await house.store.check() == []


async def test_more_than_a_slice_expires_in_one_round(house: House, ada: User, backup: Sender) -> None:
    await asyncio.gather(*(send(house, backup, ttl=60) for _ in range(SLICE + 5)))
    house.clock.advance(60 * SECOND)
    await house.housekeeping.round()
    assert await ids(house, ada) == []


async def test_of_a_deleted_message_a_trace_stays_for_thirty_days(house: House, ada: User, backup: Sender) -> None:
    message_id = await send(house, backup)
    seen = (await house.inbox.changes(ada.id, after=0)).cursor
    await house.inbox.delete_one(ada.id, message_id)
    house.clock.advance(TOMBSTONE_MICROSECONDS)
    await house.housekeeping.round()
    page = await house.inbox.changes(ada.id, after=seen)
    (change,) = page.changes
    assert isinstance(change, EntryChange)
    assert (change.entry.message_id, change.entry.deleted, change.message) == (message_id, NOON, None)
    house.clock.advance(1)
    await house.housekeeping.round()
    page = await house.inbox.changes(ada.id, after=seen)
    assert (page.changes, page.hole) == ([], True)
    assert TOMBSTONE_MICROSECONDS == 30 * DAY


async def test_cleared_messages_are_swept_and_what_came_later_stays(house: House, ada: User, backup: Sender) -> None:
    await asyncio.gather(*(send(house, backup) for _ in range(SLICE + 5)))
    await house.inbox.clear(ada.id)
    later = await send(house, backup)
    await house.housekeeping.round()
    assert await house.store.sweep(1) == 0, "nothing is left to sweep"
    assert await ids(house, ada) == [later]
    assert await house.store.check() == []


async def test_an_idempotency_key_is_forgotten_after_its_hour(house: House, backup: Sender) -> None:
    draft = Draft(body="done")
    await house.publisher.publish(backup, draft, scale=SCALE, idempotency_key="k")
    house.clock.advance(DAY - 1)
    assert await house.store.forget(tombstones_before=0, now=house.clock.now(), limit=10) == 0
    house.clock.advance(1)
    await house.housekeeping.round()
    assert await house.store.forget(tombstones_before=0, now=house.clock.now(), limit=10) == 0


async def test_counters_stay_as_long_as_one_can_ask_for_them(house: House, ada: User, backup: Sender) -> None:
    async def counted() -> int:
        found = await house.store.tally(ada.id, since=0, until=2**40, before=0, before_until=0)
        return sum(one.messages for one in found.hours)

    await send(house, backup)
    await house.store.fill(10)
    house.clock.advance(KEPT_HOURS * HOUR)
    await house.housekeeping.round()
    assert await counted() == 1
    house.clock.advance(HOUR)
    await house.housekeeping.round()
    assert await counted() == 0
    assert await house.store.check() == []


async def test_a_clearing_is_swept_without_waiting_for_the_next_round(house: House, ada: User, backup: Sender) -> None:
    watched = Watched(house.store)
    housekeeping = Housekeeping(watched, house.clock, house.presence)
    async with running(housekeeping):
        await watched.round_is_over()
        await send(house, backup)
        await house.store.clear(ada.id, None, now=NOON)
        housekeeping.wake()
        await watched.round_is_over()
        assert await house.store.sweep(1) == 0
    with pytest.raises(NotFound):
        await house.inbox.item(ada.id, 1)


@pytest.mark.parametrize("failure", [Unavailable("the disk is full"), RuntimeError("a bug")])
async def test_a_failure_does_not_end_it(house: House, failure: Exception, caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched(house.store, failure)
    housekeeping = Housekeeping(watched, house.clock, house.presence)
    async with running(housekeeping):
        await watched.has_failed.wait()
        housekeeping.wake()
        await watched.round_is_over()
    assert str(failure) in caplog.text


async def test_it_rests_longer_than_it_works_but_never_long(house: House) -> None:
    """By its clock each slice takes 10 ms, so it rests 40 ms after each of nine."""

    class Slow(Clock):
        def monotonic(self) -> float:
            self.seconds += 0.01
            return self.seconds

    class Full:
        """Has ten slices of everything."""

        def __init__(self) -> None:
            self.left = 10

        async def expire(self, now: int, limit: int) -> int:
            assert limit == SLICE
            self.left -= 1
            return max(self.left, 0)

        async def sweep(self, limit: int) -> int:
            return 0

        async def forget(self, *, tombstones_before: int, now: int, limit: int) -> int:
            return 0

        async def forget_deliveries(self, before: int, limit: int) -> int:
            return 0

        async def forget_counts(self, before: int, limit: int) -> int:
            return 0

    loop = asyncio.get_running_loop()
    began = loop.time()
    await Housekeeping(Full(), Slow(), house.presence).round()  # type: ignore[arg-type]  # the methods it uses
    assert 9 * 4 * 0.01 <= loop.time() - began < 2
