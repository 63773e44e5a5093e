from __future__ import annotations

import asyncio
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import bcrypt
import pytest

from carillon.core.access import TOUCH_EVERY, Access, Actor
from carillon.core.errors import Forbidden, LockedOut, TooMany, Unauthenticated, Unavailable, Unreadable
from carillon.core.models import User
from carillon.core.passwords import Passwords
from carillon.core.peers import Peer
from carillon.core.ports import Bearer, NewUser, Store
from carillon.core.rates import ADDRESS_SIGN_INS, ADDRESS_TOKENS, NAME_SIGN_INS, Publishing, publishing
from carillon.core.secrets import digest, enhanced
from tests.builders import LOCAL, NOON, REMOTE, SECOND, House, Stream
from tests.core.test_secrets import SEED, signed


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


# Sender, actor, or either


async def test_either_kind_of_token_is_who_it_is(house: House) -> None:
    ada = await house.user()
    sender, secret = await house.sender(ada)
    device, key = await house.accounts.devices.add(ada.id, "phone")
    assert await house.access.either(secret, LOCAL) == sender
    actor = await house.access.either(key, LOCAL)
    assert isinstance(actor, Actor)
    assert (actor.user.id, actor.device) == (ada.id, device)
    assert await refused(house.access.either, "Anone") == "no such token"


async def test_a_known_sender_is_told_without_waiting(house: House) -> None:
    ada = await house.user()
    sender, secret = await house.sender(ada)
    _, key = await house.accounts.devices.add(ada.id, "phone")
    await house.access.device(key, LOCAL)
    assert house.access.known_sender(secret) is None
    await house.access.sender(secret, LOCAL)
    assert house.access.known_sender(secret) == sender
    assert house.access.known_sender(key) is None


async def test_the_log_says_which_kind_was_wrong_once_in_five_minutes_and_never_the_secret(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    ada = await house.user()
    _, secret = await house.sender(ada)
    _, key = await house.accounts.devices.add(ada.id, "phone")
    caplog.set_level("INFO", "carillon.access")
    for _ in range(3):
        await refused(house.access.sender, key)
        await refused(house.access.device, secret)
    assert [record.getMessage() for record in caplog.records] == [
        "refused what came from 127.0.0.1: a device token where an application token is needed",
        "refused what came from 127.0.0.1: an application token where a device token is needed",
    ]
    house.clock.advance(TOUCH_EVERY)
    await refused(house.access.sender, key)
    await refused(house.access.sender, "Aunknown")
    with pytest.raises(Unauthenticated):
        await house.access.password("ada", "hidden", LOCAL)
    assert [record.getMessage() for record in caplog.records[2:]] == [
        "refused what came from 127.0.0.1: a device token where an application token is needed",
        "refused what came from 127.0.0.1: no such token",
        "wrong name or password from 127.0.0.1",
    ]
    assert not [each for each in (secret, key, "Aunknown", "hidden") if each in caplog.text]


# Gotify 3's tokens


async def test_an_imported_public_key_is_opened_by_its_private_token(house: House) -> None:
    ada = await house.user()
    sender, _ = await house.sender(ada)
    public = "gtfya.11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    stored = sha256(public.encode()).digest()
    await house.store.add_token("application", sender.application.id, digest=stored, now=NOON)
    private = "gtfya.nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
    assert (await house.access.sender(private, LOCAL)).application.id == sender.application.id
    assert house.access.known_sender(private) is not None, "the work is done once"
    assert await refused(house.access.sender, public) == "no such token"
    with pytest.raises(Unreadable, match="cannot parse token"):
        await house.access.sender("gtfya.short", LOCAL)


async def test_a_signed_token_is_good_for_a_quarter_of_an_hour_and_not_kept(house: House) -> None:
    ada = await house.user()
    sender, _ = await house.sender(ada)
    await house.store.add_token("application", sender.application.id, digest=digest(enhanced("a", SEED)), now=NOON)
    token = signed(str(NOON // SECOND))
    for seconds, right in ((-901, False), (-900, True), (0, True), (900, True), (901, False)):
        house.clock.microseconds = NOON + seconds * SECOND
        if right:
            assert (await house.access.sender(token, LOCAL)).application.id == sender.application.id
        else:
            assert "signed" in await refused(house.access.sender, token)
    assert house.access.known_sender(token) is None


# How often


def bounded(house: House, rates: Publishing | None) -> Access:
    return Access(house.store, house.passwords, house.clock, publishing=rates)


async def test_a_token_that_sends_too_much_is_refused_and_the_users_others_are_not(house: House) -> None:
    ada = await house.user()
    _, noisy = await house.sender(ada)
    quiet, secret = await house.sender(ada, "Door")
    access = bounded(house, publishing(10, 20))
    for _ in range(20):
        await access.sender(noisy, REMOTE)
    for _ in range(100):
        with pytest.raises(TooMany, match="this token"):
            await access.sender(noisy, REMOTE)
    assert access.known_sender(noisy) is None
    assert await access.sender(secret, REMOTE) == quiet
    house.clock.advance(SECOND)
    await access.sender(noisy, REMOTE)
    await access.close()


async def test_no_change_of_the_installation_fills_a_bucket(house: House) -> None:
    ada = await house.user()
    _, noisy = await house.sender(ada)
    access = bounded(house, publishing(10, 20))
    for _ in range(20):
        await access.sender(noisy, REMOTE)
        access.forget()
    with pytest.raises(TooMany):
        await access.sender(noisy, REMOTE)
    await access.close()


async def test_a_user_who_sends_himself_is_counted_by_device_or_by_password(house: House) -> None:
    ada = await house.user()
    _, key = await house.accounts.devices.add(ada.id, "phone")
    access = bounded(house, publishing(10, 20))
    by_device, by_password = await access.device(key, LOCAL), await access.password("ada", "ada", LOCAL)
    for _ in range(20):
        access.count(by_device, LOCAL)
    with pytest.raises(TooMany, match="this token"):
        access.count(by_device, LOCAL)
    for _ in range(60):
        access.count(by_password, LOCAL)
    with pytest.raises(TooMany, match="this user"):
        access.count(by_password, LOCAL)
    await access.close()


async def test_guessing_ends_without_the_dear_work(house: House) -> None:
    await house.user()
    for _ in range(ADDRESS_SIGN_INS.burst):
        with pytest.raises(Unauthenticated):
            await house.access.password("ada", "guess", REMOTE)

    class Idle(Passwords):
        async def verify(self, stored: str | None, password: str) -> bool:
            raise AssertionError("nothing is checked any more")

    house.access._passwords = Idle(house.clock, house.ids)
    with pytest.raises(LockedOut, match="too many failed sign-ins; try again in"):
        await house.access.password("ada", "ada", REMOTE)
    house.access._passwords.close()
    house.access._passwords = house.passwords
    assert (await house.access.password("ada", "ada", LOCAL)).user.name == "ada", "from another address"


async def test_who_is_remembered_and_who_has_a_token_is_never_locked_out(house: House) -> None:
    ada = await house.user()
    _, key = await house.accounts.devices.add(ada.id, "phone")
    await house.access.password("ada", "ada", REMOTE)
    for _ in range(ADDRESS_SIGN_INS.burst):
        with pytest.raises(Unauthenticated):
            await house.access.password("ada", "guess", REMOTE)
    for _ in range(ADDRESS_TOKENS.burst):
        await refused_from(house, "Cguess")
    with pytest.raises(LockedOut):
        await house.access.device("Cguess", REMOTE)
    with pytest.raises(LockedOut):
        await house.access.password("ada", "guess", REMOTE)
    assert (await house.access.password("ada", "ada", REMOTE)).user.id == ada.id
    house.access.forget()
    assert (await house.access.device(key, REMOTE)).user.id == ada.id


async def test_a_password_is_not_guessed_elsewhere_because_it_is_remembered(house: House) -> None:
    await house.user()
    await house.access.password("ada", "ada", LOCAL)
    for _ in range(ADDRESS_SIGN_INS.burst):
        with pytest.raises(Unauthenticated):
            await house.access.password("ada", "guess", REMOTE)
    with pytest.raises(LockedOut):
        await house.access.password("ada", "ada", REMOTE)


async def refused_from(house: House, secret: str) -> None:
    with pytest.raises(Unauthenticated):
        await house.access.device(secret, REMOTE)


async def test_a_token_of_his_makes_an_address_usual(house: House) -> None:
    """Whoever guesses at a name from many places does not lock the user out at home, also after a restart."""
    ada = await house.user()
    _, key = await house.accounts.devices.add(ada.id, "phone")
    await house.access.device(key, REMOTE)
    for number in range(NAME_SIGN_INS.burst):
        with pytest.raises(Unauthenticated):
            await house.access.password("ada", "guess", Peer(f"198.51.100.{number}", local=False))
    with pytest.raises(LockedOut):
        await house.access.password("ada", "ada", Peer("203.0.113.9", local=False))
    assert (await house.access.password("ada", "ada", REMOTE)).user.id == ada.id


# Hashes of an outdated kind


async def imported(house: House, password: str) -> User:
    """As from a database of Gotify, with the password that everybody knows."""
    stored = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4, prefix=b"2a")).decode()
    return await house.store.add_user(
        NewUser(name="ada", password_hash=stored, admin=False, initial_password=True, created=NOON)
    )


async def test_an_imported_hash_is_replaced_at_the_first_sign_in_and_nothing_else_changes(house: House) -> None:
    ada = await imported(house, "ada")
    session, key = await house.accounts.devices.open_session(ada, "browser")
    stream = Stream(session.id)
    house.hub.join(ada.id, stream)
    actor = await house.access.password("ada", "ada", LOCAL)
    stored = await house.store.user(ada.id)
    assert stored is not None
    assert stored.password_hash.startswith("$argon2id$")
    assert actor == Actor(stored)
    assert stored.initial_password
    assert (await house.access.device(key, LOCAL)).user == stored
    assert stream.ended == []
    assert (await house.access.password("ada", "ada", LOCAL)).user == stored


async def test_many_who_sign_in_at_once_all_get_in_and_one_hash_stays(house: House) -> None:
    await imported(house, "ada")
    actors = await asyncio.gather(*(house.access.password("ada", "ada", LOCAL) for _ in range(8)))
    stored = await house.store.user_by_name("ada")
    assert {actor.user for actor in actors} == {stored}


async def test_a_sign_in_goes_through_though_its_hash_cannot_be_replaced(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    ada = await imported(house, "ada")

    class Full:
        def __getattr__(self, name: str) -> Any:
            return getattr(house.store, name)

        async def rehash_password(self, user_id: int, *, old: str, new: str) -> bool:
            raise Unavailable("the disk is full")

    access = Access(Full(), house.passwords, house.clock)
    assert (await access.password("ada", "ada", LOCAL)).user == ada
    assert "not renewed: the disk is full" in caplog.text


async def test_a_password_that_is_changed_while_its_hash_is_replaced_signs_nobody_in(house: House) -> None:
    ada = await imported(house, "ada")

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(house.store, name)

        async def rehash_password(self, user_id: int, *, old: str, new: str) -> bool:
            await house.accounts.users.set_password(ada.id, "changed")
            return await house.store.rehash_password(user_id, old=old, new=new)

    access = Access(Slow(), house.passwords, house.clock)
    with pytest.raises(Unauthenticated):
        await access.password("ada", "ada", LOCAL)
    assert (await house.access.password("ada", "changed", LOCAL)).user.id == ada.id


async def test_a_password_that_is_changed_while_it_is_checked_signs_nobody_in(house: House) -> None:
    """Else a stream that begins in that moment would stay, though all others have just been ended."""
    ada = await house.user()

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(house.store, name)

        async def user_by_name(self, name: str) -> User | None:
            found = await house.store.user_by_name(name)
            if changes:
                await house.store.update_user(ada.id, password_hash=await house.passwords.hash(changes.pop()))
                access.forget()
            return found

    changes = ["changed"]
    access = Access(Slow(), house.passwords, house.clock)
    with pytest.raises(Unauthenticated):
        await access.password("ada", "ada", LOCAL)
    assert (await access.password("ada", "changed", LOCAL)).user.id == ada.id


async def test_the_same_sender_is_asked_for_without_being_counted(house: House) -> None:
    ada = await house.user()
    sender, secret = await house.sender(ada)
    _, key = await house.accounts.devices.add(ada.id, "phone")
    access = Access(house.store, house.passwords, house.clock, publishing=publishing(1, 1))
    before = access.generation
    assert await access.sender(secret, LOCAL) == sender == await access.same_sender(secret, LOCAL)
    with pytest.raises(TooMany):
        await access.sender(secret, LOCAL)
    with pytest.raises(Unauthenticated):
        await access.same_sender(key, LOCAL)
    assert access.generation == before
    access.forget()
    assert access.generation > before
    await access.close()


# Elevation and expiry


async def test_a_password_is_elevated_always_and_a_device_until_its_hour(house: House) -> None:
    ada = await house.user()
    device, key = await house.accounts.devices.add(ada.id, "phone")
    assert (await house.access.password("ada", "ada", LOCAL)).elevated(NOON)
    assert not (await house.access.device(key, LOCAL)).elevated(NOON)
    await house.accounts.devices.elevate(ada.id, device.id, 60)
    actor = await house.access.device(key, LOCAL)
    assert actor.elevated(NOON + 60 * SECOND - 1)
    assert not actor.elevated(NOON + 60 * SECOND)


async def test_a_device_expires_at_once_also_while_it_is_known_and_use_keeps_it_alive(house: House) -> None:
    ada = await house.user()
    _, key = await house.accounts.devices.add(ada.id, "phone", expires_after=60)
    access, watched = watching(house)
    for _ in range(4):
        house.clock.advance(60 * SECOND - 1)
        await access.device(key, LOCAL)
    await asyncio.sleep(0)  # it is written in the background
    assert (watched.look_ups, len(watched.touches)) == (1, 1), "written once in five minutes"
    access.forget()
    house.clock.advance(59 * SECOND)
    await access.device(key, LOCAL)
    house.clock.advance(60 * SECOND)
    for _ in range(2):
        assert "not been used" in await refused(access.device, key)
        assert "not been used" in await refused(access.either, key)
    await access.close()


async def test_one_never_used_expires_from_when_it_was_made(house: House) -> None:
    ada = await house.user()
    _, key = await house.accounts.devices.add(ada.id, "phone", expires_after=60)
    house.clock.advance(60 * SECOND)
    assert "not been used" in await refused(house.access.device, key)


async def test_the_last_use_of_what_expires_outlives_a_restart(house: House) -> None:
    ada = await house.user()
    _, key = await house.accounts.devices.add(ada.id, "phone", expires_after=60)
    access, _ = watching(house)
    for _ in range(3):
        house.clock.advance(50 * SECOND)
        await access.device(key, LOCAL)
    await access.close()
    house.clock.advance(50 * SECOND)
    again, _ = watching(house)
    assert (await again.device(key, LOCAL)).user.id == ada.id
    await again.close()


async def test_an_actor_knows_when_his_use_has_been_written_down(house: House) -> None:
    ada = await house.user()
    _, key = await house.accounts.devices.add(ada.id, "phone")
    assert [(await house.access.device(key, LOCAL)).noted for _ in range(3)] == [True, False, False]
    house.clock.advance(TOUCH_EVERY + 1)
    assert (await house.access.device(key, LOCAL)).noted
