"""The clock and the source of randomness that the product runs on."""

from __future__ import annotations

import os
import secrets
import string
import time
from array import array

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase  # in the order of their bytes
TIME_CHARACTERS = 6  # of seconds: 62⁶ reach beyond the year 3700
PAIRS = [first + second for first in ALPHABET for second in ALPHABET]  # three of them: 5.7·10¹⁰ a second
POOL = 512  # random numbers drawn at once


class SystemClock:
    def now(self) -> int:
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        return time.monotonic()


class SystemIds:
    """Public ids begin with the second they were made in, so that the index over them grows at one end."""

    def __init__(self) -> None:
        self._second = -1
        self._prefix = ""
        self._random: list[int] = []

    def public_id(self) -> str:
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._prefix = "".join(ALPHABET[second // 62**place % 62] for place in reversed(range(TIME_CHARACTERS)))
        if not self._random:
            # Many at once: each system call lets go of the interpreter, which then waits for the other threads.
            self._random = array("Q", os.urandom(8 * POOL)).tolist()
        number = self._random.pop()
        return f"{self._prefix}{PAIRS[number % 3844]}{PAIRS[number // 3844 % 3844]}{PAIRS[number // 3844**2 % 3844]}"

    def secret(self, length: int) -> str:
        return "".join(secrets.choice(ALPHABET) for _ in range(length))
