from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carillon.channels._text import band, cut, cut_bytes, pieces


@pytest.mark.parametrize(
    ("level", "name"),
    [(0, "silent"), (1, "low"), (3, "low"), (4, "normal"), (7, "normal"), (8, "high"), (10, "urgent")],
)
def test_bands(level: int, name: str) -> None:
    assert band(level) == name


@given(st.text(max_size=300), st.integers(40, 200), st.sampled_from(["", "http://b.example/1"]))
def test_what_is_cut_fits_and_says_so(text: str, limit: int, link: str) -> None:
    found = cut(text, limit, link)
    assert len(found) <= limit
    assert found == text if len(text) <= limit else found.endswith(f"…\n{link}" if link else "…")
    assert len(cut_bytes(text, limit, link).encode()) <= limit


@given(st.text(alphabet="ab \n", max_size=600), st.integers(20, 100))
def test_pieces_fit_and_lose_only_blanks(text: str, limit: int) -> None:
    found = pieces(text, limit, 1000)
    assert all(len(each) <= limit for each in found)
    assert "".join(found).split() == text.split() or "".join("".join(found).split()) == "".join(text.split())


def test_the_last_piece_is_cut() -> None:
    found = pieces("x" * 100, 10, 3)
    assert [len(each) for each in found] == [10, 10, 10]
    assert found[-1].endswith("…")
