from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from carillon.core.models import Daily, Hourly, Sent, Storage, Tally
from carillon.core.statistics import BAND_OF, HOUR, Overview, Sender, Span, Statistics
from tests.builders import NOON, Clock, opened

START = NOON // HOUR  # 2026-09-01, a Tuesday


class Counted:
    """A store that has counted, and remembers for which spans it was asked."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self.days: list[Daily] = []
        self.asked: dict[str, int] = {}

    async def tally(self, user_id: int, **spans: int) -> Tally:
        self.asked = spans
        return self._tally

    async def daily(self, user_id: int, **span: int) -> list[Daily]:
        self.asked = span
        return self.days

    async def storage(self) -> Storage:
        return Storage(1, 2, 3, 4)


async def overview(store: Any, *, now: int = NOON, days: int = 2, zone: str = "UTC") -> Overview:
    return await Statistics(store=store, clock=Clock(now)).overview(1, days=days, zone=ZoneInfo(zone))


def test_levels_fall_into_bands() -> None:
    assert BAND_OF == (0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4)


async def test_hours_become_days_and_a_week() -> None:
    hours = [Hourly(START - 36, 0, 1), Hourly(START - 13, 5, 2), Hourly(START - 12, 8, 3), Hourly(START, 10, 4)]
    found = await overview(Counted(Tally(hours, [], 7, 8)))
    assert (found.total, found.previous, found.unread, found.storage) == (10, 7, 8, Storage(1, 2, 3, 4))
    assert found.spans == [
        Span(NOON - 36 * HOUR, [1, 0, 2, 0, 0]),
        Span(NOON - 12 * HOUR, [0, 0, 0, 3, 4]),
    ]
    assert [len(day) for day in found.hours] == [24] * 7
    assert {(at, hour): n for at, day in enumerate(found.hours) for hour, n in enumerate(day) if n} == {
        (0, 0): 1,
        (0, 23): 2,
        (1, 0): 3,
        (1, 12): 4,
    }


async def test_one_day_is_the_last_24_hours() -> None:
    store = Counted(Tally([Hourly(START - 23, 0, 1), Hourly(START, 8, 2)], [], 7, 8))
    found = await overview(store, now=NOON + 5, days=1, zone="Asia/Kolkata")
    assert store.asked == {
        "since": START - 23,
        "until": START + 1,
        "before": START - 47,
        "before_until": START - 23,
    }
    assert [span.since for span in found.spans] == [NOON - ago * HOUR for ago in range(23, -1, -1)]
    assert (found.spans[0].levels, found.spans[-1].levels) == ([1, 0, 0, 0, 0], [0, 0, 0, 2, 0])
    assert found.total == 3 == sum(sum(span.levels) for span in found.spans)


async def test_a_span_is_compared_with_the_one_before() -> None:
    store = Counted(Tally([], [], 0, 0))
    found = await overview(store, now=NOON + 5, days=7)
    assert store.asked == {
        "since": START - 12 - 6 * 24,
        "until": START + 1,
        "before": START - 12 - 13 * 24,
        "before_until": START + 1 - 7 * 24,
    }
    assert (found.spans[0].since, found.until) == (NOON - 156 * HOUR, NOON + 5)


@pytest.mark.parametrize(
    ("zone", "now", "first"),
    [
        ("Europe/Berlin", NOON, START - 38),
        ("Asia/Kolkata", NOON, START - 41),  # begins half an hour before
        ("Europe/Berlin", NOON + 55 * 24 * HOUR, START + 55 * 24 - 38),  # 25 October, the last in summer
    ],
)
async def test_days_begin_at_the_users_midnight(zone: str, now: int, first: int) -> None:
    store = Counted(Tally([], [], 0, 0))
    await overview(store, now=now, days=2, zone=zone)
    assert store.asked["since"] == first


async def test_the_hours_of_the_clock_going_back_are_one_day() -> None:
    zone = ZoneInfo("Europe/Berlin")
    midnight = (NOON + 54 * 24 * HOUR) // HOUR - 14  # of 25 October in Berlin, which has 25 hours
    store = Counted(Tally([Hourly(midnight + at, 5, 1) for at in range(25)], [], 0, 0))
    found = await overview(store, now=NOON + 55 * 24 * HOUR, days=2, zone="Europe/Berlin")
    assert [
        (datetime.fromtimestamp(span.since / 1_000_000, zone).isoformat(), sum(span.levels)) for span in found.spans
    ] == [("2026-10-25T00:00:00+02:00", 25), ("2026-10-26T00:00:00+01:00", 0)]
    assert found.hours[6][2] == 2


async def test_who_sends_most_is_first() -> None:
    rows = [Sent(1, "a", 5, 2, 9), Sent(2, "b", 10, 5, 1), Sent(2, "b", 0, 1, 7), Sent(3, "c", 5, 2, 3)]
    found = await overview(Counted(Tally([], rows, 0, 0)))
    assert found.applications == [
        Sender(2, "b", 6, [1, 0, 0, 0, 5], 7),
        Sender(1, "a", 2, [0, 0, 2, 0, 0], 9),
        Sender(3, "c", 2, [0, 0, 2, 0, 0], 3),
    ]


async def test_each_application_has_its_course() -> None:
    store = Counted(Tally([], [], 0, 0))
    store.days = [Daily(1, START - 36, 2), Daily(1, START - 13, 1), Daily(2, START, 5), Daily(2, START - 12, 1)]
    courses = Statistics(store=cast("Any", store), clock=Clock(NOON)).courses
    assert await courses(1, days=3, zone=ZoneInfo("UTC")) == {1: [0, 3, 0], 2: [0, 0, 6]}
    assert store.asked == {"since": START - 60, "until": START + 1}


async def test_the_last_hour_of_a_day_with_25_is_still_that_day() -> None:
    last = (NOON + 55 * 24 * HOUR) // HOUR - 14  # 23:00 of 25 October in Berlin
    store = Counted(Tally([], [], 0, 0))
    store.days = [Daily(1, last - 24, 1), Daily(1, last, 1)]
    found = await Statistics(store=cast("Any", store), clock=Clock(last * HOUR)).courses(
        1, days=2, zone=ZoneInfo("Europe/Berlin")
    )
    assert found == {1: [0, 2]}


async def test_it_is_asked_of_a_real_store(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        found = await house.kit.history.statistics.overview((await house.user()).id, days=3, zone=ZoneInfo("UTC"))
        assert (found.total, len(found.spans), found.applications) == (0, 3, [])
