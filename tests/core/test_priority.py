from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carillon.core.priority import HIGHEST, LOWEST, Scale
from tests import builders

GOTIFY = Scale("gotify")


@pytest.mark.parametrize(("sent", "level"), [(-1, 0), (0, 0), (1, 1), (5, 5), (10, 10), (11, 10), (-(2**31), 0)])
def test_a_level_is_the_nearest_on_the_scale(sent: int, level: int) -> None:
    assert GOTIFY.level(sent) == level


@given(st.integers(), st.integers())
def test_levels_keep_the_order_of_priorities(one: int, other: int) -> None:
    low, high = sorted([one, other])
    assert LOWEST <= GOTIFY.level(low) <= GOTIFY.level(high) <= HIGHEST


def test_a_dialect_shows_its_own_number_unchanged_and_others_by_their_level() -> None:
    sent = builders.message(dialect="gotify", priority=999, level=10)
    assert GOTIFY.of(sent) == 999
    assert Scale("native").of(sent) == 10
