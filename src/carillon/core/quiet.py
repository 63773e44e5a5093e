"""Quiet hours: whether a message may go to a service now, is held, goes without ringing, or is dropped.

A window belongs to the weekday on which it begins, by the clocks of its zone. Where these are put forward over an end,
it ends as they are; where they are put back over it, it ends when they show that time for the second time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from carillon.core.errors import BadInput
from carillon.core.outgoing import Quiet, Window
from carillon.core.reasons import because

WINDOWS = 20  # more than anybody can keep in mind
DAY = 24 * 60  # minutes
WEEK = 7 * DAY
HORIZON = timedelta(days=15)  # a minute that is open once a week comes within 14 days, whatever the clocks do
MINUTE = timedelta(minutes=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Span = tuple[datetime, datetime]  # in UTC; the end is outside


class Open(Struct, frozen=True):
    """It may go."""


class Held(Struct, frozen=True):
    """Not before `until`, in microseconds: the first minute that is in no window."""

    until: int


class Silent(Struct, frozen=True):
    """It may go, and is not to ring."""


class Dropped(Struct, frozen=True):
    """It is not to go at all."""


Verdict = Open | Held | Silent | Dropped


def verdict(quiet: Quiet, level: int, now: int) -> Verdict:
    """What becomes of a message of that level at `now` (µs). Windows that never end hold nothing, and neither do those
    of a zone that this machine does not know any more."""
    if level >= quiet.passes:
        return Open()
    try:
        zone = _zone(quiet.zone)
    except BadInput:
        return Open()
    moment = EPOCH + timedelta(microseconds=now)
    end = _end(quiet, zone, moment)
    if end == moment:
        return Open()
    if quiet.policy == "silent":
        return Silent()
    if quiet.policy == "drop":
        return Dropped()
    return Open() if end is None else Held((end - EPOCH) // timedelta(microseconds=1))


def check(quiet: Quiet) -> None:
    """Raises BadInput for what cannot be kept, among it windows that leave no minute of the week."""
    _zone(quiet.zone)
    if not quiet.windows:
        raise BadInput(because("quiet_no_window"))
    if len(quiet.windows) > WINDOWS:
        raise BadInput(because("quiet_many_windows", most=WINDOWS))
    for window in quiet.windows:
        _check_window(window)
    if not 0 <= quiet.passes <= 10:
        raise BadInput("the level that passes quiet hours lies between 0 and 10")
    if _covers_the_week(quiet.windows):
        raise BadInput(because("quiet_always"))


def _check_window(window: Window) -> None:
    if not window.days:
        raise BadInput(because("quiet_no_day"))
    if len(set(window.days)) < len(window.days) or not all(0 <= day <= 6 for day in window.days):
        raise BadInput("the weekdays of quiet hours are numbers from 0 (Monday) to 6 (Sunday), each of them once")
    if not (0 <= window.start < DAY and 0 <= window.end <= DAY):
        raise BadInput(f"quiet hours begin between minute 0 and {DAY - 1} of the day, and end at {DAY} at the latest")


def _covers_the_week(windows: tuple[Window, ...]) -> bool:
    covered: set[int] = set()
    for window in windows:
        for day in window.days:
            first = day * DAY + window.start
            covered.update(minute % WEEK for minute in range(first, first + _minutes(window)))
    return len(covered) == WEEK


def _minutes(window: Window) -> int:
    return window.end - window.start + (0 if window.end > window.start else DAY)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    """Raises BadInput."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # of a folder of zones, a wild name, and one that is not there
        raise BadInput(because("no_zone", zone=name[:64])) from None


def _end(quiet: Quiet, zone: ZoneInfo, moment: datetime) -> datetime | None:
    """The first moment from this one on that is in no window; None: there is none in sight."""
    end = moment
    while end - moment <= HORIZON:
        ends = [last for first, last in _spans(quiet, zone, end.astimezone(zone).date()) if first <= end < last]
        if not ends:
            return end
        end = max(ends)
    return None


def _spans(quiet: Quiet, zone: ZoneInfo, day: date) -> Iterator[Span]:
    """Those that begin on that day or the two before: one of 24 hours takes 25 where clocks are put back."""
    for back in range(3):
        begins = day - timedelta(days=back)
        midnight = datetime.combine(begins, time())
        for window in quiet.windows:
            if begins.weekday() in window.days:
                first = midnight + timedelta(minutes=window.start)
                last = first + timedelta(minutes=_minutes(window))
                yield _instant(first, zone, fold=0), _instant(last, zone, fold=1)


def _instant(wall: datetime, zone: ZoneInfo, *, fold: int) -> datetime:
    """When clocks show this; the first (0) or second (1) time. If they leap over it: when they leap."""
    earlier, later = sorted(wall.replace(tzinfo=zone, fold=each).astimezone(UTC) for each in (0, 1))
    if earlier.astimezone(zone).replace(tzinfo=None) == wall:
        return (earlier, later)[fold]
    before = earlier.astimezone(zone).utcoffset()
    low, high = 0, (later - earlier) // MINUTE
    while low < high:
        middle = (low + high) // 2
        if (earlier + middle * MINUTE).astimezone(zone).utcoffset() == before:
            low = middle + 1
        else:
            high = middle
    return earlier + low * MINUTE
