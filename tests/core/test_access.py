from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from carillon.core.access import TOUCH_EVERY, Access, Actor, digest
from carillon.core.errors import Forbidden, Unauthenticated, Unavailable
from carillon.core.peers import Peer
from carillon.core.ports import Bearer, Store
from tests.builders import LOCAL, NOON, REMOTE, SECOND, House


class Watched:
    """A store that counts the look-ups of tokens, holds them up while `gate` is shut, and fails to touch on demand."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.look_ups = 0
        self.touches: list[int] = []
        self.broken: Exception | None = None
        self.answered = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def bearer(self, digest: bytes) -> Bearer | None:
        self.look_ups += 1
        found = await self._store.bearer(digest)
        self.answered.set()
        await self.gate.wait()
        return found

    async def touch_token(self, token_id: int, now: int) -> None:
        self.touches.append(now)
        if self.broken is not None:
            raise self.broken
        await self._store.touch_token(token_id, now)


def watching(house: House) -> tuple[Access, Watched]:
    watched = Watched(house.store)
    return Access(watched, house.passwords, house.clock), watched


async def refused(look_up: Callable[[str, Peer], Any], secret: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await look_up(secret, LOCAL)
    return str(caught.value)


async def test_the_digest_is_that_of_the_secret_and_takes_any_text() -> None:
    assert digest("Aabc").hex() == "bd1dfaf32c12fd5cdd1e97f1318f0fbce582ad494caf62bc440cc64a2b92a781"
    assert digest("\ud800") != digest("\ud801")
    assert len(digest("")) == 32


async def test_a_token_acts_as_its_application_or_as_the_user_of_its_device(house: House) -> None:
    ada = await house.user()
    sender, secret = await house.sender(ada)
    device, key = await house.accounts.devices.add(ada.id, "phone")
    assert await house.access.sender(secret, LOCAL) == sender
    assert sender.receivers == (ada.id,)
    actor = await house.access.device(key, LOCAL)
    assert (actor.user.id, actor.device) == (ada.id, device)


async def test_a_token_of_the_other_kind_or_of_no_kind_is_nobodys(house: House) -> None:
    ada = await house.user()
    _, secret = await house.sender(ada)
    _, key = await house.accounts.devices.add(ada.id, "phone")
    assert "device token" in await refused(house.access.sender, key)
    assert "application token" in await refused(house.access.device, secret)
    for unknown in ("", "A", secret + "x", secret.lower(), "\ud800", "x" * 10_000):
        assert await refused(house.access.sender, unknown) == "no such token"


async def test_a_password_signs_in_and_every_failure_looks_the_same(house: House) -> None:
    ada = await house.user()
    assert await house.access.password("ada", "ada", LOCAL) == Actor(await house.accounts.users.named("ada"))
    texts = set()
    for name, password in (("ada", "guess"), ("eve", "ada"), ("", ""), ("ADA", "ada")):
        with pytest.raises(Unauthenticated) as caught:
            await house.access.password(name, password, LOCAL)
        texts.add(str(caught.value))
    assert texts == {"wrong name or password"}
    await house.accounts.users.set_password(ada.id, "new")
    with pytest.raises(Unauthenticated):
        await house.access.password("ada", "ada", LOCAL)
    assert (await house.access.password("ada", "new", LOCAL)).user.id == ada.id


async def test_the_published_password_serves_at_this_machine_only(house: House) -> None:
    await house.accounts.users.ensure_first(None)
    actor = await house.access.password("admin", "admin", LOCAL)
    house.access.admit(actor, LOCAL)
    with pytest.raises(Forbidden, match=r"carillon users password admin"):
        house.access.admit(actor, REMOTE)
    await house.accounts.users.set_password(actor.user.id, "another")
    house.access.admit(await house.access.password("admin", "another", LOCAL), REMOTE)


async def test_a_device_of_a_user_with_the_published_password_is_restricted_until_it_is_changed(house: House) -> None:
    await house.accounts.users.ensure_first(None)
    admin = await house.accounts.users.named("admin")
    _, key = await house.accounts.devices.add(admin.id, "phone")
    with pytest.raises(Forbidden):
        house.access.admit(await house.access.device(key, LOCAL), REMOTE)
    await house.accounts.users.set_password(admin.id, "another")
    house.access.admit(await house.access.device(key, LOCAL), REMOTE)


async def test_a_known_token_costs_no_look_up(house: House) -> None:
    ada = await house.user()
    sender, secret = await house.sender(ada)
    access, watched = watching(house)
    for _ in range(5):
        assert await access.sender(secret, LOCAL) == sender
    assert watched.look_ups == 1
    await access.close()


async def test_an_unknown_token_is_looked_up_each_time_so_that_it_works_once_it_is_made(house: House) -> None:
    ada = await house.user()
    sender, _ = await house.sender(ada)
    await refused(house.access.sender, "Alater")
    await house.store.add_token("application", sender.application.id, digest=digest("Alater"), now=NOON)
    assert await house.access.sender("Alater", LOCAL) == sender


async def test_after_any_change_nothing_is_remembered(house: House) -> None:
    ada = await house.user()
    _, secret = await house.sender(ada)
    access, watched = watching(house)
    await access.sender(secret, LOCAL)
    access.forget()
    await access.sender(secret, LOCAL)
    assert watched.look_ups == 2
    await access.close()


async def test_a_revoked_token_is_dead_at_once(house: House) -> None:
    ada = await house.user()
    sender, secret = await house.sender(ada)
    await house.access.sender(secret, LOCAL)
    token = next(info.token for info in await house.accounts.tokens.all())
    await house.accounts.tokens.revoke(token.id)
    assert await refused(house.access.sender, secret) == "no such token"
    assert sender.application.id == token.subject_id


async def test_a_deleted_user_is_out_at_once(house: House) -> None:
    await house.user("root", admin=True)
    ada = await house.user()
    _, secret = await house.sender(ada)
    _, key = await house.accounts.devices.add(ada.id, "phone")
    await house.access.sender(secret, LOCAL)
    await house.access.device(key, LOCAL)
    await house.accounts.users.delete(ada.id)
    assert await refused(house.access.device, key) == "no such token"
    with pytest.raises(Unauthenticated):
        await house.access.password("ada", "ada", LOCAL)


async def test_a_token_that_dies_while_it_is_looked_up_is_dead(house: House) -> None:
    ada = await house.user()
    _, secret = await house.sender(ada)
    token = next(info.token for info in await house.accounts.tokens.all())
    access, watched = watching(house)
    watched.gate.clear()
    under_way = asyncio.create_task(access.sender(secret, LOCAL))
    await watched.answered.wait()
    await house.store.delete_token(token.id)
    access.forget()
    watched.gate.set()
    with pytest.raises(Unauthenticated):
        await under_way
    await access.close()


async def test_many_look_ups_of_one_token_at_once_agree(house: House) -> None:
    ada = await house.user()
    sender, secret = await house.sender(ada)
    access, watched = watching(house)
    found = await asyncio.gather(*(access.sender(secret, LOCAL) for _ in range(20)))
    assert [(one.application.id, one.receivers) for one in found] == [(sender.application.id, (ada.id,))] * 20
    await access.close()
    assert len(watched.touches) == 1


async def test_a_use_is_noted_at_most_every_five_minutes(house: House) -> None:
    ada = await house.user()
    _, secret = await house.sender(ada)
    access, watched = watching(house)
    await access.sender(secret, LOCAL)
    house.clock.advance(TOUCH_EVERY)
    await access.sender(secret, LOCAL)
    await access.close()
    assert watched.touches == [NOON]
    house.clock.advance(1)
    await access.sender(secret, LOCAL)
    await access.close()
    assert watched.touches == [NOON, NOON + TOUCH_EVERY + 1]
    applications = await house.accounts.applications.of(ada.id)
    assert applications[0].application.last_used == NOON + TOUCH_EVERY + 1


async def test_a_use_noted_before_a_restart_is_not_noted_again(house: House) -> None:
    ada = await house.user()
    _, secret = await house.sender(ada)
    await house.access.sender(secret, LOCAL)
    await house.access.close()
    house.clock.advance(10 * SECOND)
    access, watched = watching(house)
    await access.sender(secret, LOCAL)
    await access.close()
    assert watched.touches == []


async def test_a_message_goes_through_though_the_use_cannot_be_noted(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    ada = await house.user()
    sender, secret = await house.sender(ada)
    access, watched = watching(house)
    watched.broken = Unavailable("the disk is full")
    assert await access.sender(secret, LOCAL) == sender
    await access.close()
    assert "last use of a token not stored: the disk is full" in caplog.text
    assert secret not in caplog.text


async def test_closing_waits_for_what_is_being_noted(house: House) -> None:
    ada = await house.user()
    _, secret = await house.sender(ada)
    await house.access.sender(secret, LOCAL)
    await house.access.close()
    assert (await house.accounts.applications.of(ada.id))[0].application.last_used == NOON
