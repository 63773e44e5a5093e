from __future__ import annotations

import asyncio
import logging

import pytest

from carillon.core.access import Actor
from carillon.core.errors import BadInput, Forbidden, LockedOut, NotFound, TooMany
from carillon.core.models import User
from carillon.core.pairings import LIFE, PER_USER, Pairing, Pairings
from carillon.core.rates import ADDRESS_SIGN_INS
from tests.builders import HOUR, LOCAL, NOON, REMOTE, SECOND, House


@pytest.fixture
async def ada(house: House) -> User:
    return await house.user("ada")


@pytest.fixture
def pairings(house: House) -> Pairings:
    return house.accounts.pairings


async def names(house: House, user: User) -> list[str]:
    return [device.name for device in await house.accounts.devices.of(user.id)]


async def refused(pairings: Pairings, *codes: str) -> None:
    """Always in the same words, whatever is wrong with them."""
    for code in codes:
        for asked in (pairings.look(code, LOCAL), pairings.exchange(code, LOCAL)):
            with pytest.raises(NotFound, match=r"^this code is not good, or not any more: make a new one$"):
                await asked


async def test_a_device_comes_by_a_code_once(house: House, pairings: Pairings, ada: User) -> None:
    pairing, code = await pairings.make(Actor(ada), "phone", expires_after=60)
    assert (len(code), pairing.device_id, pairings.left(pairing)) == (20, None, LIFE)
    assert code not in repr(pairing), "what is kept does not tell the code"
    assert await pairings.look(code, REMOTE) == (pairing, ada)
    assert await names(house, ada) == [], "whoever only looks uses nothing up"
    house.clock.advance(5 * SECOND)
    user, device, secret = await pairings.exchange(code, REMOTE)
    assert (user, device.name, device.kind, device.expires_after) == (ada, "phone", "device", 60)
    assert device.created == NOON + 5 * SECOND
    actor = await house.access.device(secret, REMOTE)
    assert (actor.user, actor.device) == (ada, device)
    assert not actor.elevated(house.clock.now()), "who has the code has not shown the password"
    assert (pairings.get(ada.id, pairing.id).device_id, pairings.left(pairing)) == (device.id, LIFE - 5)
    await refused(pairings, code)
    await house.accounts.devices.delete(ada.id, device.id)
    await refused(pairings, code)
    assert await names(house, ada) == []


async def test_of_two_that_show_it_at_once_one_comes(house: House, pairings: Pairings, ada: User) -> None:
    _, code = await pairings.make(Actor(ada), "phone")
    came = await asyncio.gather(*(pairings.exchange(code, LOCAL) for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in came if isinstance(one, Exception)] == [NotFound] * 4
    assert await names(house, ada) == ["phone"]


async def test_a_code_is_good_for_minutes_whatever_the_clock_says(house: House, pairings: Pairings, ada: User) -> None:
    pairing, code = await pairings.make(Actor(ada), "phone")
    house.clock.microseconds += 24 * HOUR  # somebody sets the clock
    house.clock.seconds += LIFE - 1
    assert await pairings.look(code, LOCAL) == (pairing, ada)
    house.clock.microseconds -= 48 * HOUR
    house.clock.seconds += 1
    await refused(pairings, code)
    with pytest.raises(NotFound, match=r"^pairing does not exist$"):
        pairings.get(ada.id, pairing.id)


async def test_a_code_ends_with_what_it_was_made_under(house: House, pairings: Pairings, ada: User) -> None:
    users, devices = house.accounts.users, house.accounts.devices
    session, _ = await devices.open_session(ada, "desk")
    _, by_session = await pairings.make(Actor(ada, session), "phone")
    _, by_password = await pairings.make(Actor(ada), "phone")
    await devices.delete(ada.id, session.id)
    await refused(pairings, by_session)
    await pairings.look(by_password, LOCAL)
    await users.set_password(ada.id, "another")
    await refused(pairings, by_password)
    ada = await users.get(ada.id)
    _, code = await pairings.make(Actor(ada), "phone")
    await users.delete(ada.id)
    await refused(pairings, code)


async def test_a_password_that_changes_this_very_moment(house: House, pairings: Pairings, ada: User) -> None:
    _, code = await pairings.make(Actor(ada), "phone")
    changing = house.store.update_user(ada.id, password_hash="another")
    outcome, _ = await asyncio.gather(pairings.exchange(code, LOCAL), changing, return_exceptions=True)
    listed = await names(house, ada)
    assert (listed == ["phone"]) is not isinstance(outcome, Exception)
    await refused(pairings, code)


async def test_what_no_code_is_made_for(house: House, pairings: Pairings, ada: User) -> None:
    with pytest.raises(BadInput, match=r"^name "):
        await pairings.make(Actor(ada), "")
    with pytest.raises(BadInput, match=r"^expires_after "):
        await pairings.make(Actor(ada), "phone", expires_after=-1)
    house.kit.limits.devices_per_user = 1
    _, code = await pairings.make(Actor(ada), "phone")
    await house.accounts.devices.add(ada.id, "desk")
    with pytest.raises(TooMany):
        await pairings.make(Actor(ada), "tablet")
    with pytest.raises(TooMany):
        await pairings.exchange(code, LOCAL)
    house.kit.limits.devices_per_user = 2
    await pairings.exchange(code, LOCAL)
    assert await names(house, ada) == ["desk", "phone"], "what was refused for another reason is still good"


async def test_the_oldest_gives_way_to_the_newest_of_its_user(house: House, pairings: Pairings, ada: User) -> None:
    eve = await house.user("eve")
    _, hers = await pairings.make(Actor(eve), "phone")
    made = [await pairings.make(Actor(ada), f"phone {n}") for n in range(PER_USER + 1)]
    await refused(pairings, made[0][1])
    for _, code in [*made[1:], ("", hers)]:
        await pairings.look(code, LOCAL)


async def test_a_code_is_withdrawn_by_its_user_only(house: House, pairings: Pairings, ada: User) -> None:
    eve = await house.user("eve")
    pairing, code = await pairings.make(Actor(ada), "phone")
    for act in (pairings.get, pairings.withdraw):
        with pytest.raises(NotFound, match=r"^pairing does not exist$"):
            act(eve.id, pairing.id)
    found: Pairing = pairings.get(ada.id, pairing.id)
    assert found is pairing
    pairings.withdraw(ada.id, pairing.id)
    await refused(pairings, code)
    with pytest.raises(NotFound):
        pairings.withdraw(ada.id, pairing.id)


async def test_guesses_count_like_wrong_passwords(house: House, pairings: Pairings, ada: User) -> None:
    _, code = await pairings.make(Actor(ada), "phone")
    for guess in range(ADDRESS_SIGN_INS.burst):
        with pytest.raises(NotFound):
            await pairings.look(f"guess {guess}", REMOTE)
    for asked in (pairings.look(code, REMOTE), pairings.exchange(code, REMOTE)):
        with pytest.raises(LockedOut):
            await asked
    with pytest.raises(LockedOut):
        await house.access.password("ada", "ada", REMOTE)
    assert await names(house, ada) == []
    await pairings.exchange(code, LOCAL)


async def test_the_published_password_pairs_nobody_from_outside(house: House, pairings: Pairings) -> None:
    await house.accounts.users.ensure_first(None)
    admin = await house.accounts.users.named("admin")
    _, code = await pairings.make(Actor(admin), "phone")
    for asked in (pairings.look(code, REMOTE), pairings.exchange(code, REMOTE)):
        with pytest.raises(Forbidden, match="published default"):
            await asked
    assert await names(house, admin) == []
    await pairings.exchange(code, LOCAL)


async def test_who_came_by_a_code_stands_in_the_log(
    house: House, pairings: Pairings, ada: User, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "carillon"):
        _, code = await pairings.make(Actor(ada), "phone")
        await pairings.exchange(code, REMOTE)
        with pytest.raises(NotFound):
            await pairings.exchange(code, REMOTE)
    assert "a code for a device of 'ada' is made" in caplog.text
    assert "the device 'phone' of 'ada' has come by a code, from 192.0.2.7" in caplog.text
    assert "a code that is not good from 192.0.2.7" in caplog.text
    assert code not in caplog.text
