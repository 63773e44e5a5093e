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


def test_public_ids_rise() -> None:
    ids = SystemIds()
    made = [ids.public_id() for _ in range(50_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_the_beginning_of_a_public_id_tells_its_millisecond() -> None:
    before = time.time_ns() // 1_000_000
    made = SystemIds().public_id()
    millisecond = 0
    for character in made[:7]:
        millisecond = millisecond * 62 + ALPHABET.index(character)
    assert before <= millisecond <= time.time_ns() // 1_000_000


def test_two_processes_do_not_make_the_same_public_ids() -> None:
    one, other = SystemIds(), SystemIds()
    assert not {one.public_id() for _ in range(2000)} & {other.public_id() for _ in range(2000)}


def test_secrets_have_the_length_asked_for_and_use_the_whole_alphabet() -> None:
    ids = SystemIds()
    made = {ids.secret(14) for _ in range(500)}
    assert len(made) == 500
    assert {len(one) for one in made} == {14}
    assert set("".join(made)) == set(ALPHABET)
    assert len(ALPHABET) == 62
