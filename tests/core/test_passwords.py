from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import bcrypt
import pytest
from argon2 import PasswordHasher

from carillon.core.errors import TooMany
from carillon.core.passwords import REMEMBERED_PAIRS, REMEMBERED_SECONDS, THREADS, WAITING, Passwords
from tests.builders import Clock, Ids, quick_hasher


class CountingHasher(PasswordHasher):
    """Counts what it does; with `gate` each check waits in its thread until the gate opens."""

    def __init__(self, gate: threading.Event | None = None) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.checks = self.hashes = 0
        self.gate = gate

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.hashes += 1
        return super().hash(password, salt=salt)

    def verify(self, hash: str | bytes, password: str | bytes) -> Any:  # noqa: A002  # the library's own name
        self.checks += 1
        if self.gate is not None:
            self.gate.wait(10)
        return super().verify(hash, password)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hasher() -> CountingHasher:
    return CountingHasher()


@pytest.fixture
async def passwords(clock: Clock, hasher: CountingHasher) -> AsyncIterator[Passwords]:
    passwords = Passwords(clock, Ids(), hasher)
    yield passwords
    passwords.close()


async def test_a_password_is_kept_as_argon2id_and_never_twice_the_same(passwords: Passwords) -> None:
    one, other = await passwords.hash("secret"), await passwords.hash("secret")
    assert one.startswith("$argon2id$v=19$")
    assert one != other
    assert "secret" not in one


async def test_only_the_very_password_fits(passwords: Passwords) -> None:
    stored = await passwords.hash("sécret")
    assert await passwords.verify(stored, "sécret")
    for wrong in ("secret", "sécret ", "", "sécret\0", "\ud800"):
        assert not await passwords.verify(stored, wrong)


async def test_the_usual_hasher_is_as_dear_as_the_library_advises() -> None:
    passwords = Passwords(Clock(), Ids())
    assert "m=65536,t=3,p=4" in await passwords.hash("secret")
    passwords.close()


async def test_nobody_has_no_password_and_costs_a_hash_each_time(passwords: Passwords, hasher: CountingHasher) -> None:
    for guess in ("secret", "secret", "", "\ud800"):
        assert not await passwords.verify(None, guess)
    assert hasher.hashes == 4


@pytest.mark.parametrize("stored", ["", "plain", "$2a$10$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=8,t=1,p=1$AAAA$"])
async def test_what_is_no_hash_of_ours_fits_nothing(passwords: Passwords, stored: str) -> None:
    assert not await passwords.verify(stored, "secret")


async def test_a_verified_pair_is_remembered_five_minutes(
    passwords: Passwords, hasher: CountingHasher, clock: Clock
) -> None:
    stored = await passwords.hash("secret")
    assert await passwords.verify(stored, "secret")
    clock.seconds += REMEMBERED_SECONDS - 0.5
    assert await passwords.verify(stored, "secret")
    assert hasher.checks == 1
    clock.seconds += 1
    assert await passwords.verify(stored, "secret")
    assert hasher.checks == 2


async def test_a_changed_password_is_not_remembered(passwords: Passwords) -> None:
    old, new = await passwords.hash("old"), await passwords.hash("new")
    assert await passwords.verify(old, "old")
    assert not await passwords.verify(new, "old")


async def test_a_wrong_password_is_not_remembered(passwords: Passwords, hasher: CountingHasher) -> None:
    stored = await passwords.hash("secret")
    for _ in range(3):
        assert not await passwords.verify(stored, "guess")
    assert hasher.checks == 3


async def test_the_memory_is_bounded(passwords: Passwords, hasher: CountingHasher) -> None:
    stored = await passwords.hash("secret")
    assert await passwords.verify(stored, "secret")
    for number in range(REMEMBERED_PAIRS):
        assert await passwords.verify(quick_hasher().hash(str(number)), str(number))
    assert await passwords.verify(stored, "secret")
    assert hasher.checks == 1 + REMEMBERED_PAIRS + 1


async def test_no_more_than_a_few_wait_and_the_next_is_turned_away(clock: Clock) -> None:
    gate = threading.Event()
    hasher = CountingHasher(gate)
    passwords = Passwords(clock, Ids(), hasher)
    stored = await passwords.hash("secret")
    waiting = [asyncio.create_task(passwords.verify(stored, "secret")) for _ in range(WAITING)]
    await asyncio.sleep(0)
    try:
        async with asyncio.timeout(2):
            with pytest.raises(TooMany):
                await passwords.verify(stored, "secret")
            with pytest.raises(TooMany):
                await passwords.hash("another")
        assert hasher.checks <= THREADS
    finally:
        gate.set()
    assert all(await asyncio.gather(*waiting))
    assert await passwords.verify(stored, "secret"), "there is room again"
    passwords.close()


async def test_whoever_is_remembered_does_not_wait(clock: Clock) -> None:
    gate = threading.Event()
    gate.set()
    passwords = Passwords(clock, Ids(), CountingHasher(gate))
    stored = await passwords.hash("secret")
    assert await passwords.verify(stored, "secret")
    gate.clear()
    waiting = [asyncio.create_task(passwords.verify(stored, "guess")) for _ in range(WAITING)]
    await asyncio.sleep(0)
    try:
        async with asyncio.timeout(2):
            assert await passwords.verify(stored, "secret")
    finally:
        gate.set()
    assert not any(await asyncio.gather(*waiting))
    passwords.close()


# Hashes of other kinds


def foreign(password: str) -> str:
    """As gotify/server stores it, though at less cost."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4, prefix=b"2a")).decode()


async def test_a_hash_of_gotify_fits_its_password_only(passwords: Passwords) -> None:
    stored = foreign("sécret")
    assert stored.startswith("$2a$04$")
    assert await passwords.verify(stored, "sécret")
    for wrong in ("secret", "", "sécret ", "sécret\0", "\ud800"):
        assert not await passwords.verify(stored, wrong)


async def test_a_known_hash_of_the_kind_that_gotify_stores() -> None:
    """The published example of OpenBSD's bcrypt, cost 5."""
    passwords = Passwords(Clock(), Ids(), quick_hasher())
    stored = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
    assert await passwords.verify(stored, "U*U")
    assert not await passwords.verify(stored, "U*U*")
    passwords.close()


async def test_what_goes_on_after_72_bytes_is_another_password(passwords: Passwords) -> None:
    long = "é" * 36
    assert await passwords.verify(foreign(long), long)
    assert not await passwords.verify(foreign(long), long + "x")
    assert not await passwords.verify(foreign(long), "x" * 10_000)
    stored = await passwords.hash(long)
    assert await passwords.verify(stored, long)
    assert not await passwords.verify(stored, long + "x")


@pytest.mark.parametrize("stored", ["$2", "$2a$", "$2a$99$" + "a" * 53, "$2a$04$" + "!" * 53, "$2a$04$\u00e9"])
async def test_what_only_looks_like_a_hash_of_gotify_fits_nothing(passwords: Passwords, stored: str) -> None:
    assert not await passwords.verify(stored, "secret")


async def test_a_user_without_a_password_costs_what_a_wrong_one_costs(
    passwords: Passwords, hasher: CountingHasher
) -> None:
    assert not await passwords.verify("", "")
    assert hasher.hashes == 1


async def test_a_hash_of_an_outdated_kind_is_made_anew_and_remembered(
    passwords: Passwords, hasher: CountingHasher
) -> None:
    weak = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash("secret")
    for outdated in (foreign("secret"), weak):
        fresh = await passwords.renewed(outdated, "secret")
        assert fresh is not None
        assert fresh.startswith("$argon2id$v=19$m=8,t=1,p=1$")
        assert passwords.remembers(fresh, "secret")
        assert not passwords.remembers(fresh, "another")
        assert await passwords.renewed(fresh, "secret") is None
    assert hasher.checks == 0
