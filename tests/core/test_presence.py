from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from carillon.core.access import Access
from carillon.core.errors import Unauthenticated, Unavailable
from carillon.core.models import Device
from carillon.core.presence import EVERY, SLICE, Presence
from tests.builders import HOUR, LOCAL, NOON, SECOND, House, Stream

ROUND = int(EVERY) * SECOND


async def last_used(house: House, device: Device) -> int | None:
    stored = await house.store.device(device.user_id, device.id)
    return stored.last_used if stored else None


async def test_a_device_with_an_open_stream_is_in_use(house: House) -> None:
    ada = await house.user()
    listening, _ = await house.accounts.devices.add(ada.id, "phone")
    away, _ = await house.accounts.devices.add(ada.id, "tablet")
    house.hub.join(ada.id, Stream(listening.id))
    house.hub.join(ada.id, Stream(None))
    house.clock.advance(ROUND)
    await house.presence.round()
    assert await last_used(house, listening) == NOON + ROUND
    assert await last_used(house, away) is None


async def test_it_looks_every_five_minutes_however_often_it_is_asked(house: House) -> None:
    ada = await house.user()
    device, _ = await house.accounts.devices.add(ada.id, "phone")
    house.hub.join(ada.id, Stream(device.id))
    house.clock.advance(ROUND - 1)
    await house.presence.round()
    assert await last_used(house, device) is None
    house.clock.advance(1)
    await house.presence.round()
    house.clock.advance(ROUND - 1)
    await house.presence.round()
    assert await last_used(house, device) == NOON + ROUND


async def test_one_unused_for_too_long_is_gone(house: House) -> None:
    ada = await house.user()
    device, secret = await house.accounts.devices.add(ada.id, "phone", expires_after=3600)
    other, _ = await house.accounts.devices.add(ada.id, "tablet", expires_after=7200)
    await house.access.device(secret, LOCAL)
    house.clock.advance(HOUR)
    await house.presence.round()
    assert await house.store.device(ada.id, device.id) is None
    assert await house.store.device(ada.id, other.id) is not None
    with pytest.raises(Unauthenticated, match="no such token"):
        await house.access.device(secret, LOCAL)


async def test_a_stream_that_opens_in_the_last_moment_ends(house: House) -> None:
    ada = await house.user()
    device, _ = await house.accounts.devices.add(ada.id, "phone", expires_after=3600)
    stream = Stream(device.id)

    class Slow:
        """Between two of its doors somebody comes."""

        def __getattr__(self, name: str) -> Any:
            return getattr(house.store, name)

        async def expire_devices(self, now: int, limit: int) -> list[Device]:
            if not stream.ended:
                house.hub.join(ada.id, stream)
            return await house.store.expire_devices(now, limit)

    presence = Presence(store=Slow(), hub=house.hub, access=house.access, clock=house.clock)
    house.clock.advance(HOUR)
    await presence.round()
    assert stream.ended == [1008]


async def test_one_that_was_used_since_that_was_last_stored_stays(house: House) -> None:
    ada = await house.user()
    device, secret = await house.accounts.devices.add(ada.id, "phone", expires_after=60)
    for _ in range(6):
        await house.access.device(secret, LOCAL)
        house.clock.advance(50 * SECOND)
    await house.presence.round()
    assert await last_used(house, device) == NOON + 250 * SECOND
    await house.access.device(secret, LOCAL)
    house.clock.advance(ROUND)
    await house.presence.round()
    assert await house.store.device(ada.id, device.id) is None


async def test_a_device_that_listens_does_not_expire(house: House) -> None:
    ada = await house.user()
    device, secret = await house.accounts.devices.add(ada.id, "phone", expires_after=600)
    await house.access.device(secret, LOCAL)
    house.hub.join(ada.id, Stream(device.id))
    for _ in range(5):
        house.clock.advance(ROUND)
        await house.presence.round()
    assert (await house.access.device(secret, LOCAL)).device is not None


async def test_one_that_listens_is_alive_though_its_use_is_not_in_memory(house: House) -> None:
    ada = await house.user()
    device, secret = await house.accounts.devices.add(ada.id, "phone", expires_after=600)
    house.hub.join(ada.id, Stream(device.id))
    house.clock.advance(ROUND)
    await house.presence.round()
    house.clock.advance(ROUND)
    assert (await house.access.device(secret, LOCAL)).device is not None


async def test_many_are_touched_in_slices(house: House) -> None:
    slices: list[int] = []

    class Counting:
        def __getattr__(self, name: str) -> Any:
            return getattr(house.store, name)

        async def touch_devices(self, device_ids: Sequence[int], now: int) -> None:
            slices.append(len(device_ids))

    access = Access(Counting(), house.passwords, house.clock)
    presence = Presence(store=house.store, hub=house.hub, access=access, clock=house.clock)
    for number in range(2 * SLICE + 1):
        house.hub.join(number, Stream(number + 1))
    house.clock.advance(ROUND)
    await presence.round()
    assert slices == [SLICE, SLICE, 1]


async def test_what_storage_cannot_do_now_is_done_in_the_next_round(house: House) -> None:
    ada = await house.user()
    device, _ = await house.accounts.devices.add(ada.id, "phone")
    house.hub.join(ada.id, Stream(device.id))

    class Broken:
        failures = 1

        def __getattr__(self, name: str) -> Any:
            return getattr(house.store, name)

        async def touch_devices(self, device_ids: Sequence[int], now: int) -> None:
            if self.failures:
                self.failures -= 1
                raise Unavailable("the disk is full")
            await house.store.touch_devices(device_ids, now)

    access = Access(Broken(), house.passwords, house.clock)
    presence = Presence(store=house.store, hub=house.hub, access=access, clock=house.clock)
    house.clock.advance(ROUND)
    with pytest.raises(Unavailable):
        await presence.round()
    await presence.round()
    assert await last_used(house, device) == NOON + ROUND
