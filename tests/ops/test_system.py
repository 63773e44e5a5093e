from __future__ import annotations

import re
import time

from carillon.ops.system import ALPHABET, SystemClock, SystemIds


def test_now_is_in_microseconds_since_1970() -> None:
    before = time.time()
    now = SystemClock().now()
    assert isinstance(now, int)
    assert before - 0.001 <= now / 1e6 <= time.time() + 0.001


def test_the_monotonic_clock_is_in_seconds() -> None:
    before = time.monotonic()
    assert before <= SystemClock().monotonic() <= time.monotonic()


def test_public_ids_are_twelve_characters_and_differ() -> None:
    ids = SystemIds()
    made = [ids.public_id() for _ in range(2000)]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch("[0-9A-Za-z]{12}", one) for one in made)


def test_public_ids_of_a_later_second_sort_after_the_earlier_ones() -> None:
    ids = SystemIds()
    first = ids.public_id()
    second = int(time.time())
    while int(time.time()) == second:
        time.sleep(0.02)
    assert first[:6] < ids.public_id()[:6]


def test_the_beginning_of_a_public_id_tells_its_second() -> None:
    before = int(time.time())
    made = SystemIds().public_id()
    second = 0
    for character in made[:6]:
        second = second * 62 + ALPHABET.index(character)
    assert before <= second <= int(time.time())


def test_secrets_have_the_length_asked_for_and_use_the_whole_alphabet() -> None:
    ids = SystemIds()
    made = {ids.secret(14) for _ in range(500)}
    assert len(made) == 500
    assert {len(one) for one in made} == {14}
    assert set("".join(made)) == set(ALPHABET)
    assert len(ALPHABET) == 62
