from __future__ import annotations

from pathlib import Path

import pytest

from carillon.core.errors import BadInput, NotFound, TooMany, Unauthenticated
from carillon.core.limits import Limits
from tests.builders import DAY, HOUR, LOCAL, NOON, SECOND, House, Stream, opened

NAME = Limits().name


async def test_devices_are_listed_for_their_user_only(house: House) -> None:
    ada, eve = await house.user("ada"), await house.user("eve")
    phone, _ = await house.accounts.devices.add(ada.id, "phone")
    desk, _ = await house.accounts.devices.add(ada.id, "desk")
    assert await house.accounts.devices.of(ada.id) == [phone, desk]
    assert await house.accounts.devices.of(eve.id) == []
    assert (phone.user_id, phone.created, phone.last_used) == (ada.id, NOON, None)


@pytest.mark.parametrize("name", ["", "a\0", "x" * (NAME + 1), "\ud800"])
async def test_what_a_device_cannot_be_called(house: House, name: str) -> None:
    ada = await house.user()
    with pytest.raises(BadInput, match=r"^name "):
        await house.accounts.devices.add(ada.id, name)
    assert await house.accounts.devices.of(ada.id) == []


@pytest.mark.parametrize("seconds", [-1, 2**31, 2**63])
async def test_what_a_device_cannot_last(house: House, seconds: int) -> None:
    ada = await house.user()
    phone, _ = await house.accounts.devices.add(ada.id, "phone")
    with pytest.raises(BadInput, match=r"^expires_after "):
        await house.accounts.devices.add(ada.id, "desk", expires_after=seconds)
    with pytest.raises(BadInput, match=r"^expires_after "):
        await house.accounts.devices.update(ada.id, phone.id, expires_after=seconds)
    if seconds > 0:
        with pytest.raises(BadInput, match=r"^seconds "):
            await house.accounts.devices.elevate(ada.id, phone.id, seconds)
    assert await house.accounts.devices.of(ada.id) == [phone]


async def test_a_device_is_renamed_and_given_an_end(house: House) -> None:
    devices, ada = house.accounts.devices, await house.user()
    phone, secret = await devices.add(ada.id, "phone")
    await house.access.device(secret, LOCAL)
    assert (await devices.update(ada.id, phone.id, name="desk")).name == "desk"
    changed = await devices.update(ada.id, phone.id, expires_after=60)
    assert (changed.name, changed.expires_after) == ("desk", 60)
    assert (await house.access.device(secret, LOCAL)).device == await devices.get(ada.id, phone.id)
    with pytest.raises(BadInput, match=r"^name "):
        await devices.update(ada.id, phone.id, name="")
    house.clock.advance(60 * SECOND)
    with pytest.raises(Unauthenticated):
        await house.access.device(secret, LOCAL)


async def test_a_device_that_expired_is_gone_at_once(house: House) -> None:
    devices, ada = house.accounts.devices, await house.user()
    phone, secret = await devices.add(ada.id, "phone", expires_after=60)
    kept, _ = await devices.add(ada.id, "desk")
    assert phone.expires == NOON + 60 * SECOND
    house.clock.advance(59 * SECOND)
    await house.access.device(secret, LOCAL)
    (listed, _) = await devices.of(ada.id)
    assert (listed.last_used, listed.expires) == (NOON + 59 * SECOND, NOON + 119 * SECOND)
    house.clock.advance(59 * SECOND)
    assert len(await devices.of(ada.id)) == 2, "what is stored of its use is older than what is known"
    house.clock.advance(SECOND)
    assert await devices.of(ada.id) == [kept]
    for gone in (
        devices.get(ada.id, phone.id),
        devices.update(ada.id, phone.id, expires_after=0),
        devices.elevate(ada.id, phone.id, 60),
        devices.delete(ada.id, phone.id),
    ):
        with pytest.raises(NotFound, match=r"^device does not exist$"):
            await gone
    assert len(await house.store.devices(ada.id)) == 2


async def test_a_device_is_elevated_for_a_while(house: House) -> None:
    devices, ada = house.accounts.devices, await house.user()
    phone, secret = await devices.add(ada.id, "phone")

    async def elevated() -> bool:
        return (await house.access.device(secret, LOCAL)).elevated(house.clock.now())

    assert not await elevated()
    assert (await devices.elevate(ada.id, phone.id, 60)).elevated_until == NOON + 60 * SECOND
    assert await elevated()
    house.clock.advance(60 * SECOND)
    assert not await elevated()
    await devices.elevate(ada.id, phone.id, 2**31 - 1)
    assert await elevated()
    assert (await devices.elevate(ada.id, phone.id, -1)).elevated_until == 0
    assert not await elevated()


async def test_with_a_device_its_token_and_its_streams_end(house: House) -> None:
    devices, ada = house.accounts.devices, await house.user()
    phone, secret = await devices.add(ada.id, "phone")
    desk, _ = await devices.add(ada.id, "desk")
    await house.access.device(secret, LOCAL)
    streams = {number: Stream(number) for number in (phone.id, desk.id)}
    for stream in streams.values():
        house.hub.join(ada.id, stream)
    await devices.delete(ada.id, phone.id)
    assert {number: stream.ended for number, stream in streams.items()} == {phone.id: [1008], desk.id: []}
    with pytest.raises(Unauthenticated):
        await house.access.device(secret, LOCAL)
    assert await devices.of(ada.id) == [desk]
    with pytest.raises(NotFound):
        await devices.delete(ada.id, phone.id)


async def test_a_device_of_somebody_else_does_not_exist(house: House) -> None:
    devices, ada, eve = house.accounts.devices, await house.user("ada"), await house.user("eve")
    phone, secret = await devices.add(ada.id, "phone")
    stream = Stream(phone.id)
    house.hub.join(ada.id, stream)
    for refused in (
        devices.get(eve.id, phone.id),
        devices.update(eve.id, phone.id, name="mine"),
        devices.elevate(eve.id, phone.id, 60),
        devices.delete(eve.id, phone.id),
    ):
        with pytest.raises(NotFound, match=r"^device does not exist$"):
            await refused
    assert await devices.of(ada.id) == [phone]
    assert (await house.access.device(secret, LOCAL)).user == ada
    assert stream.ended == []


async def test_a_session_begins_elevated_and_lasts_a_month(house: House) -> None:
    ada = await house.user()
    session, secret = await house.accounts.devices.open_session(ada, "firefox 152")
    assert (session.name, session.kind) == ("firefox 152", "session")
    assert (session.elevated_until, session.expires) == (NOON + HOUR, NOON + 30 * DAY)
    assert (await house.access.device(secret, LOCAL)).device == session
    with pytest.raises(BadInput, match=r"^name "):
        await house.accounts.devices.open_session(ada, "")


async def test_a_session_lasts_as_long_as_is_decided(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=Limits(session=60)) as house:
        session, secret = await house.accounts.devices.open_session(await house.user(), "firefox 152")
        assert session.expires == NOON + 60 * SECOND
        house.clock.advance(59 * SECOND)
        await house.access.device(secret, LOCAL)
        house.clock.advance(59 * SECOND)
        await house.access.device(secret, LOCAL)
        house.clock.advance(60 * SECOND)
        with pytest.raises(Unauthenticated):
            await house.access.device(secret, LOCAL)


async def test_all_other_sessions_end_at_once(house: House) -> None:
    ada, eve = await house.user("ada"), await house.user("eve")
    devices = house.accounts.devices
    phone, _ = await devices.add(ada.id, "phone")
    first, second, _ = [(await devices.open_session(ada, name))[0] for name in ("1", "2", "3")]
    others, _ = await devices.open_session(eve, "eve's")
    streams = {device.id: Stream(device.id) for device in (first, second, phone)}
    for stream in streams.values():
        house.hub.join(ada.id, stream)
    await devices.end_sessions(ada.id, but=second.id)
    assert await devices.of(ada.id) == [phone, second]
    assert await devices.of(eve.id) == [others]
    assert [streams[device.id].ended for device in (first, second, phone)] == [[1008], [], []]
    await devices.end_sessions(ada.id)
    assert await devices.of(ada.id) == [phone]


async def test_no_session_begins_by_a_password_that_was_changed_meanwhile(house: House) -> None:
    ada = (await house.access.password((await house.user()).name, "ada", LOCAL)).user
    await house.accounts.users.set_password(ada.id, "new")
    with pytest.raises(Unauthenticated):
        await house.accounts.devices.open_session(ada, "firefox")
    assert await house.accounts.devices.of(ada.id) == []


async def test_a_user_has_so_many_devices_and_the_oldest_session_makes_room(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=Limits(devices_per_user=2, sessions_per_user=2)) as house:
        ada, devices = await house.user("ada"), house.accounts.devices
        first, _ = await devices.open_session(ada, "browser")
        stream = Stream(first.id)
        house.hub.join(ada.id, stream)
        for name in ("phone", "desk"):
            await devices.add(ada.id, name)
            house.clock.advance(SECOND)
        with pytest.raises(TooMany, match="no more than 2 devices"):
            await devices.add(ada.id, "one more")
        for name in ("second", "third"):
            await devices.open_session(ada, name)
            house.clock.advance(SECOND)
        assert [device.name for device in await devices.of(ada.id)] == ["phone", "desk", "second", "third"]
        assert stream.ended == [1008]
