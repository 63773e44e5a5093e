"""The clock and the source of randomness that the product runs on."""

from __future__ import annotations

import secrets
import string
import time

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase  # in the order of their bytes
TIME_CHARACTERS = 6  # of seconds: 62⁶ reach beyond the year 3700
RANDOM_CHARACTERS = 6  # of 62⁶ = 5.7·10¹⁰; a clash is refused by the unique index and the sender tries again


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

    def public_id(self) -> str:
        second = int(time.time())
        if second != self._second:
            self._second, self._prefix = second, _base62(second, TIME_CHARACTERS)
        return self._prefix + _base62(secrets.randbits(35), RANDOM_CHARACTERS)

    def secret(self, length: int) -> str:
        return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _base62(number: int, length: int) -> str:
    characters = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        characters.append(ALPHABET[digit])
    return "".join(reversed(characters))
