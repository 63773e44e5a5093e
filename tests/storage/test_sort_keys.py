from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carillon.storage.sort_keys import DIGITS, after

texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
integers = st.sampled_from("abcWXYZ").flatmap(
    lambda head: st.text(DIGITS, min_size=_length(head), max_size=_length(head)).map(lambda digits: head + digits)
)


def _length(head: str) -> int:
    return ord(head) - ord("a") + 1 if head >= "a" else ord("Z") - ord(head) + 1


@pytest.mark.parametrize(
    ("greatest", "following"),
    [
        (None, "a0"),
        ("a0", "a1"),
        ("a9", "aA"),
        ("aZ", "aa"),
        ("az", "b00"),
        ("b0z", "b10"),
        ("bzz", "c000"),
        ("Zy", "Zz"),
        ("Zz", "a0"),
        ("Yzz", "Z0"),
        ("a0V", "a1"),
        ("z" * 27, "z" * 27 + "V"),
        ("a", "aV"),
        ("a-", "a-V"),
        ("~", "~V"),
    ],
)
def test_the_next_key(greatest: str | None, following: str) -> None:
    assert after(greatest) == following


@given(texts)
def test_it_sorts_after_whatever_there_is(greatest: str) -> None:
    assert after(greatest) > greatest


@given(integers, st.text(DIGITS, max_size=5))
def test_well_formed_keys_get_no_longer_than_their_integers(integer: str, fraction: str) -> None:
    following = after(integer + fraction)
    assert following > integer + fraction
    assert len(following) <= len(integer) + 1


def test_a_thousand_keys_in_a_row_rise_and_stay_short() -> None:
    keys = ["a0"]
    for _ in range(5000):
        keys.append(after(keys[-1]))
    assert keys == sorted(set(keys))
    assert max(map(len, keys)) == 4
