from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carillon.core.errors import BadInput, TooLarge
from carillon.core.limits import INT32, bounded, clean, require


@pytest.mark.parametrize(("text", "limit"), [("", 0), ("abc", 3), ("äb", 3), ("€", 3), ("🔔", 4)])
def test_a_text_may_be_exactly_as_long_as_the_limit_in_bytes(text: str, limit: int) -> None:
    assert bounded("title", text, limit) is text


@pytest.mark.parametrize(("text", "limit"), [("a", 0), ("abcd", 3), ("äb", 2), ("🔔", 3)])
def test_one_byte_more_is_too_large(text: str, limit: int) -> None:
    with pytest.raises(TooLarge, match=rf"^title is longer than {limit} bytes$"):
        bounded("title", text, limit)


def test_half_a_surrogate_pair_is_bad_input_not_too_large() -> None:
    with pytest.raises(BadInput, match=r"^title is not valid text$") as caught:
        bounded("title", "bell \ud83d", 100)
    assert not isinstance(caught.value, TooLarge)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 40))
def test_the_bound_counts_bytes_of_utf8(text: str, limit: int) -> None:
    if len(text.encode()) <= limit:
        assert bounded("f", text, limit) == text
    else:
        with pytest.raises(TooLarge):
            bounded("f", text, limit)


def test_the_range_of_priorities_is_that_of_32_bits() -> None:
    assert (INT32[0], INT32[-1]) == (-2147483648, 2147483647)


def test_what_is_required_is_there_and_clean() -> None:
    require("name", "ada", 3)
    clean("description", "", 3)
    for text, problem in [
        ("", "must not be empty"),
        ("a\0", "must not contain a zero byte"),
        ("adam", "is longer than 3"),
    ]:
        with pytest.raises(BadInput, match=f"^name {problem}"):
            require("name", text, 3)
