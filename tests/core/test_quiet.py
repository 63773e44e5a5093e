from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from carillon.core.errors import BadInput
from carillon.core.outgoing import Quiet, Window
from carillon.core.quiet import Dropped, Held, Open, Silent, check, verdict

DAILY = tuple(range(7))
MINUTE = 60_000_000
NIGHTS = Window(DAILY, 22 * 60, 7 * 60)


def quiet(*windows: Window, zone: str = "Europe/Berlin", policy: Literal["hold", "silent", "drop"] = "hold") -> Quiet:
    return Quiet(zone=zone, windows=windows, policy=policy, passes=8)


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * 1_000_000


def test_holds_until_the_window_ends() -> None:
    assert verdict(quiet(NIGHTS), 5, at("2026-01-15T23:00+01:00")) == Held(at("2026-01-16T07:00+01:00"))
    assert verdict(quiet(NIGHTS), 5, at("2026-01-15T06:59+01:00")) == Held(at("2026-01-15T07:00+01:00"))
    assert verdict(quiet(NIGHTS), 5, at("2026-01-15T07:00+01:00")) == Open()
    assert verdict(quiet(NIGHTS), 5, at("2026-01-15T21:59+01:00")) == Open()


def test_other_policies_and_levels_that_pass() -> None:
    night = at("2026-01-15T23:00+01:00")
    assert verdict(quiet(NIGHTS, policy="silent"), 5, night) == Silent()
    assert verdict(quiet(NIGHTS, policy="drop"), 7, night) == Dropped()
    assert verdict(quiet(NIGHTS, policy="drop"), 8, night) == Open()


def test_the_day_on_which_a_window_begins_counts() -> None:
    fridays = quiet(Window((4,), 22 * 60, 7 * 60), zone="UTC")
    assert verdict(fridays, 5, at("2026-01-17T03:00+00:00")) == Held(at("2026-01-17T07:00+00:00"))  # Saturday
    assert verdict(fridays, 5, at("2026-01-16T03:00+00:00")) == Open()  # Friday


def test_windows_that_adjoin_or_overlap_are_one() -> None:
    joined = quiet(Window((0,), 20 * 60, 0), Window((1,), 0, 9 * 60), Window((1,), 8 * 60, 10 * 60), zone="UTC")
    assert verdict(joined, 5, at("2026-01-12T21:00+00:00")) == Held(at("2026-01-13T10:00+00:00"))
    weekend = quiet(Window((5, 6), 0, 0), zone="UTC")
    assert verdict(weekend, 5, at("2026-01-17T12:00+00:00")) == Held(at("2026-01-19T00:00+00:00"))


def test_clocks_put_forward() -> None:
    """On 2026-03-29 Berlin has no 02:00 to 03:00."""
    leap = at("2026-03-29T03:00+02:00")
    assert verdict(quiet(Window(DAILY, 60, 150)), 5, at("2026-03-29T01:30+01:00")) == Held(leap)
    assert verdict(quiet(Window(DAILY, 60, 150)), 5, leap) == Open()
    swallowed = quiet(Window(DAILY, 135, 165))
    assert all(verdict(swallowed, 5, leap + minute * MINUTE) == Open() for minute in range(-90, 90))
    begins = quiet(Window(DAILY, 150, 240))
    assert verdict(begins, 5, leap - MINUTE) == Open()
    assert verdict(begins, 5, leap) == Held(at("2026-03-29T04:00+02:00"))


def test_clocks_put_back() -> None:
    """On 2026-10-25 Berlin has 02:00 to 03:00 twice."""
    half_past = quiet(Window(DAILY, 60, 150))
    assert verdict(half_past, 5, at("2026-10-25T01:30+02:00")) == Held(at("2026-10-25T02:30+01:00"))
    assert verdict(half_past, 5, at("2026-10-25T02:45+02:00")) == Held(at("2026-10-25T02:30+01:00"))
    assert verdict(half_past, 5, at("2026-10-25T02:30+01:00")) == Open()
    begins = quiet(Window(DAILY, 150, 240))
    assert verdict(begins, 5, at("2026-10-25T02:29+02:00")) == Open()
    assert verdict(begins, 5, at("2026-10-25T02:10+01:00")) == Held(at("2026-10-25T04:00+01:00"))


def test_what_never_ends_holds_nothing() -> None:
    always = quiet(Window(DAILY, 0, 0))
    assert verdict(always, 5, at("2026-01-15T23:00+01:00")) == Open()
    assert verdict(quiet(NIGHTS, zone="Mars/Olympus"), 5, at("2026-01-15T23:00+01:00")) == Open()
    with pytest.raises(BadInput, match="no minute"):
        check(always)


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "Europe", "../etc/passwd", "/etc/localtime", "Europe/Berlin\0"])
def test_unknown_zones(zone: str) -> None:
    with pytest.raises(BadInput, match="time zone"):
        check(quiet(NIGHTS, zone=zone))


@pytest.mark.parametrize(
    "windows",
    [
        (),
        (Window((), 0, 60),),
        (Window((7,), 0, 60),),
        (Window((-1,), 0, 60),),
        (Window((1, 1), 0, 60),),
        (Window((1,), -1, 60),),
        (Window((1,), 1440, 60),),
        (Window((1,), 0, 1441),),
        (NIGHTS,) * 21,
    ],
)
def test_windows_that_cannot_be(windows: tuple[Window, ...]) -> None:
    with pytest.raises(BadInput):
        check(quiet(*windows))


def test_a_level_that_passes_is_one() -> None:
    with pytest.raises(BadInput, match="level"):
        check(Quiet(zone="UTC", windows=(NIGHTS,), passes=11))


WINDOWS = st.lists(
    st.builds(
        Window,
        st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
        st.integers(0, 1439),
        st.integers(0, 1440),
    ),
    min_size=1,
    max_size=5,
)
ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"])
MOMENTS = st.integers(0, 3 * 366 * 1440 * 60).map(lambda second: at("2025-01-01T00:00+00:00") + second * 1_000_000)


@given(WINDOWS, ZONES, MOMENTS)
def test_a_held_message_is_let_go_at_the_first_open_minute(windows: list[Window], zone: str, now: int) -> None:
    each = quiet(*windows, zone=zone)
    try:
        check(each)
    except BadInput:
        assume(False)  # noqa: FBT003  # as hypothesis wants it
    result = verdict(each, 5, now)
    if isinstance(result, Open):
        return
    assert isinstance(result, Held)
    assert now < result.until <= now + 15 * 1440 * MINUTE
    assert result.until % MINUTE == 0
    assert verdict(each, 5, result.until) == Open()
    minutes = (result.until - now) // MINUTE
    for minute in {0, 1, minutes // 3, minutes // 2, minutes}:
        assert verdict(each, 5, min(now + minute * MINUTE, result.until - 1)) == result


@given(WINDOWS, st.integers(0, 14 * 1440))
def test_without_summer_time_it_is_what_the_clock_shows(windows: list[Window], minute: int) -> None:
    moment = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(minutes=minute)
    of_week = moment.astimezone(ZoneInfo("Asia/Kathmandu"))
    shown = of_week.weekday() * 1440 + of_week.hour * 60 + of_week.minute
    inside = any(
        (shown - day * 1440 - each.start) % (7 * 1440)
        < (each.end - each.start if each.end > each.start else each.end - each.start + 1440)
        for each in windows
        for day in each.days
    )
    result = verdict(quiet(*windows, zone="Asia/Kathmandu", policy="drop"), 5, round(moment.timestamp()) * 1_000_000)
    assert result == (Dropped() if inside else Open())
