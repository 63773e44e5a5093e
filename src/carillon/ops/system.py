"""The clock and the source of randomness that the product runs on."""

from __future__ import annotations

import os
import secrets
import string
import time
from array import array
from functools import lru_cache

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase  # in the order of their bytes
PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
TIME_CHARACTERS = 7  # of milliseconds: 62⁷ reach to the year 2081
ROOM = 62**5  # numbers in a millisecond: the other five characters
POOL = 512  # random numbers drawn at once


class SystemClock:
    def now(self) -> int:
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        return time.monotonic()


class SystemIds:
    """Public ids rise: each begins with the millisecond it was made in, so that the index over them grows at one end.

    The first of a millisecond begins anywhere in it, the next follow at random distances. None is made twice,
    whatever the clock does.
    """

    def __init__(self) -> None:
        self._millisecond = 0
        self._prefix = ""
        self._number = ROOM
        self._random: list[int] = []

    def public_id(self) -> str:
        if not self._random:
            # Many at once: each system call lets go of the interpreter, which then waits for the other threads.
            self._random = array("Q", os.urandom(8 * POOL)).tolist()
        drawn = self._random.pop()
        millisecond = time.time_ns() // 1_000_000
        self._number += 1 + drawn % 256
        if millisecond > self._millisecond or self._number >= ROOM:
            self._millisecond = max(millisecond, self._millisecond + 1)
            self._prefix = _prefix(self._millisecond // 3844) + PAIRS[self._millisecond % 3844]
            self._number = drawn % (ROOM // 2)
        number = self._number
        return f"{self._prefix}{ALPHABET[number // 3844**2]}{PAIRS[number // 3844 % 3844]}{PAIRS[number % 3844]}"

    def secret(self, length: int) -> str:
        return "".join(secrets.choice(ALPHABET) for _ in range(length))

    def entropy(self, size: int) -> bytes:
        return secrets.token_bytes(size)


@lru_cache(maxsize=1)
def _prefix(period: int) -> str:
    """All but the last two characters of the time, for a `period` of 3844 milliseconds."""
    return "".join(ALPHABET[period // 62**place % 62] for place in reversed(range(TIME_CHARACTERS - 2)))
