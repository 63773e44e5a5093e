"""When a delivery that failed is tried again, and when it is given up."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct

from carillon.core.outgoing import RetryPlan

SECOND = 1_000_000  # µs
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
JITTER = 0.2  # of a wait, either way: many that failed together are not to come again together


class Plan(Struct, frozen=True):
    """`waits` before the second attempt, the third, and so on; `expiry` after the message came. In µs."""

    waits: tuple[int, ...]
    expiry: int


# The last is that of Standard Webhooks (standardwebhooks.com).
PLANS: dict[RetryPlan, Plan] = {
    "none": Plan((), 24 * HOUR),
    "quick": Plan((5 * SECOND, 15 * SECOND, 30 * SECOND, 60 * SECOND), 10 * MINUTE),
    "normal": Plan(
        (5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR),
        24 * HOUR,
    ),
    "persistent": Plan(
        (
            5 * SECOND,
            5 * MINUTE,
            30 * MINUTE,
            2 * HOUR,
            5 * HOUR,
            10 * HOUR,
            14 * HOUR,
            20 * HOUR,
            24 * HOUR,
        ),
        5 * 24 * HOUR,
    ),
}


def next_try(plan: RetryPlan, attempts: int, *, now: int, dice: float) -> int | None:
    """When a delivery is due after so many attempts that failed; None: it is given up. `dice` is from 0 to 1."""
    waits = PLANS[plan].waits
    if attempts > len(waits):
        return None
    return now + round(waits[attempts - 1] * (1 - JITTER + 2 * JITTER * dice))


def expires(plan: RetryPlan, created: int, message_expires: int | None) -> int:
    """From when on it would arrive stale."""
    end = created + PLANS[plan].expiry
    return end if message_expires is None else min(end, message_expires)


def month(now: int) -> int:
    """The calendar month of a time in UTC, counted from the year 0."""
    moment = datetime.fromtimestamp(now // SECOND, UTC)
    return moment.year * 12 + moment.month - 1
