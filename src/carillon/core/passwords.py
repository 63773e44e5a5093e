"""Passwords: Argon2id, off the event loop, a few at a time."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from carillon.core.errors import TooMany
from carillon.core.ports import Clock, Ids

T = TypeVar("T")

THREADS = 2  # a check takes about 130 ms and 64 MiB
WAITING = 64  # checks that may wait for a thread; the next is turned away
REMEMBERED_SECONDS = 300.0  # clients that send a password with each request should not pay each time
REMEMBERED_PAIRS = 1_000


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
        """Whether the password fits the stored hash. None (no such user) takes as long as a wrong password."""
        digest = hmac.digest(self._pepper, f"{stored}\0{password}".encode("utf-8", "surrogatepass"), sha256)
        until = self._verified.get(digest)
        now = self._clock.monotonic()
        if until is not None and now < until:
            return True
        if stored is None:
            await self.hash(password.encode("utf-8", "replace").decode())
            return False
        if not await self._in_thread(self._check, stored, password):
            return False
        if len(self._verified) >= REMEMBERED_PAIRS:
            self._verified.clear()
        # A changed password has another stored hash, so its old digest is never asked for again.
        self._verified[digest] = now + REMEMBERED_SECONDS
        return True

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    def _check(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False

    async def _in_thread(self, work: Callable[..., T], *arguments: str) -> T:
        if self._waiting >= WAITING:
            raise TooMany("too many sign-ins at once, try again in a moment")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self._waiting -= 1
