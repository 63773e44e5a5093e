"""Passwords: Argon2id, off the event loop, a few at a time. Hashes of Gotify's databases, bcrypt, are read too."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import TypeVar

import bcrypt
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from carillon.core.errors import TooMany
from carillon.core.ports import Clock, Ids
from carillon.core.reasons import because

T = TypeVar("T")

THREADS = 2  # a check takes about 130 ms and 64 MiB
WAITING = 64  # checks that may wait for a thread; the next is turned away
REMEMBERED_SECONDS = 300.0  # clients that send a password with each request should not pay each time
REMEMBERED_PAIRS = 1_000

BCRYPT = "$2"
BCRYPT_BYTES = 72  # of a password that bcrypt looks at: a longer one cannot have made such a hash in Gotify


class Passwords:
    """Hashes and checks passwords. A verified pair is remembered under a keyed digest, never in clear."""

    def __init__(self, clock: Clock, ids: Ids, hasher: PasswordHasher | None = None) -> None:
        self._clock = clock
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="password")
        self._waiting = 0
        self._pepper = ids.secret(32).encode()
        self._verified: dict[bytes, float] = {}

    async def hash(self, password: str) -> str:
        """The Argon2id hash in its usual text form. Raises TooMany when too many wait."""
        return await self._in_thread(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password fits the stored hash: Argon2id of the whole of it, or bcrypt.

        None and "" (no such user, a user without a password) take as long as a wrong one. Raises TooMany.
        """
        if self.remembers(stored, password):
            return True
        if not stored:
            await self.hash(password.encode("utf-8", "replace").decode())
            return False
        if not await self._in_thread(self._check, stored, password):
            return False
        self._remember(stored, password)
        return True

    def remembers(self, stored: str | None, password: str) -> bool:
        """Whether this pair has been verified in the last five minutes."""
        until = self._verified.get(self._digest(stored, password))
        return until is not None and self._clock.monotonic() < until

    async def renewed(self, stored: str, password: str) -> str | None:
        """A new hash of a password that fits `stored`, where that is of an outdated kind; None: it is not.

        Raises TooMany.
        """
        if not stored.startswith(BCRYPT) and not self._hasher.check_needs_rehash(stored):
            return None
        fresh = await self.hash(password)
        self._remember(fresh, password)
        return fresh

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    def _digest(self, stored: str | None, password: str) -> bytes:
        return hmac.digest(self._pepper, f"{stored}\0{password}".encode("utf-8", "surrogatepass"), sha256)

    def _remember(self, stored: str, password: str) -> None:
        if len(self._verified) >= REMEMBERED_PAIRS:
            self._verified.clear()
        # A changed password has another stored hash, so its old digest is never asked for again.
        self._verified[self._digest(stored, password)] = self._clock.monotonic() + REMEMBERED_SECONDS

    def _check(self, stored: str, password: str) -> bool:
        try:
            if stored.startswith(BCRYPT):
                secret = password.encode()
                return len(secret) <= BCRYPT_BYTES and bcrypt.checkpw(secret, stored.encode())
            return self._hasher.verify(stored, password)
        except (VerificationError, ValueError):  # the latter for what is no hash, or no UTF-8
            return False

    async def _in_thread(self, work: Callable[..., T], *arguments: str) -> T:
        if self._waiting >= WAITING:
            raise TooMany(because("busy_signing_in"))
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self._waiting -= 1
