from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from carillon.storage.session import Value, filled

VALUES = st.none() | st.integers(0, 9) | st.text(max_size=2)


def test_columns_of_nothing_but_null_are_left_out() -> None:
    assert filled([(1, None, None, ""), (2, None, 7, "b")]) == ((0, 2, 3), [(1, 2), (None, 7), ("", "b")])


def test_a_row_of_nothing_but_null_has_no_columns() -> None:
    assert filled([(None, None)]) == ((), [])


@given(st.integers(1, 5).flatmap(lambda width: st.lists(st.tuples(*[VALUES] * width), min_size=1)))
def test_nothing_is_lost(rows: list[tuple[int | str | None, ...]]) -> None:
    given_columns, columns = filled(rows)
    rebuilt: list[list[Value]] = [[None] * len(rows) for _ in rows[0]]
    for at, column in zip(given_columns, columns, strict=True):
        rebuilt[at] = list(column)
    assert [tuple(row) for row in zip(*rebuilt, strict=True)] == rows
