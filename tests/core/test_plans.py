from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carillon.core.outgoing import RetryPlan
from carillon.core.plans import JITTER, PLANS, expires, month, next_try
from tests.builders import DAY, HOUR, NOON, SECOND


@given(st.sampled_from(sorted(PLANS)), st.integers(1, 20), st.floats(0, 1))
def test_each_wait_is_that_of_the_plan_give_or_take_a_fifth(plan: RetryPlan, attempts: int, dice: float) -> None:
    waits = PLANS[plan].waits
    due = next_try(plan, attempts, now=NOON, dice=dice)
    if attempts > len(waits):
        assert due is None
        return
    wait = waits[attempts - 1]
    assert due is not None
    assert wait * (1 - JITTER) - 1 <= due - NOON <= wait * (1 + JITTER) + 1


@pytest.mark.parametrize(("plan", "tries"), [("none", 1), ("quick", 5), ("normal", 9), ("persistent", 10)])
def test_how_often_a_plan_tries(plan: RetryPlan, tries: int) -> None:
    given_up = [next_try(plan, attempt, now=NOON, dice=0.5) is None for attempt in range(1, tries + 1)]
    assert given_up == [False] * (tries - 1) + [True]


def test_a_message_expires_with_its_plan_or_before() -> None:
    assert expires("normal", NOON, None) == NOON + DAY
    assert expires("normal", NOON, NOON + HOUR) == NOON + HOUR
    assert expires("quick", NOON, NOON + HOUR) == NOON + 600 * SECOND


def test_months_count_on_over_the_years() -> None:
    assert month(0) == 1970 * 12
    assert month(365 * DAY) == 1971 * 12
    assert month(NOON) == 2026 * 12 + 8
