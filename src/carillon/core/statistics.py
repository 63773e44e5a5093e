"""What came when: counts by the hour, as days and weeks of the one who asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo

from msgspec import Struct

from carillon.core.models import Hourly, Sent, Storage
from carillon.core.ports import Clock, Store
from carillon.core.query import BANDS

SECONDS = 3600  # of an hour
HOUR = SECONDS * 1_000_000  # µs
WEEKDAYS, HOURS = 7, 24

# The number of the band that each level is in.
BAND_OF = tuple(at for at, (low, high) in enumerate(BANDS.values()) for _ in range(low, high + 1))


class Day(Struct, frozen=True):
    """`levels`: messages by band, as in all that follows."""

    date: date
    levels: list[int]


class Sender(Struct):
    """An application; `last`: when its last message came."""

    id: int
    name: str
    count: int
    levels: list[int]
    last: int


class Overview(Struct, frozen=True):
    """From `since` to `until` in microseconds. `hours`: messages by weekday, from Monday, and hour of the day; `clock`:
    by hour of the day and band.
    """

    since: int
    until: int
    total: int
    previous: int
    unread: int
    days: list[Day]
    hours: list[list[int]]
    clock: list[list[int]]
    applications: list[Sender]
    storage: Storage


class Statistics:
    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def overview(self, user_id: int, *, days: int, zone: tzinfo) -> Overview:
        """Of so many days, of which today is the last; before it comes the span of as many days before.

        An hour is counted for the day in which it begins.
        """
        now = self._clock.now()
        today = datetime.fromtimestamp(now // 1_000_000, zone).date()
        first = today - timedelta(days=days - 1)
        since, before = _begin(first, zone), _begin(first - timedelta(days=days), zone)
        until = now // HOUR + 1
        tally = await self._store.tally(
            user_id, since=_hour(since), until=until, before=_hour(before), before_until=until - days * HOURS
        )
        return Overview(
            since=since * 1_000_000,
            until=now,
            total=sum(one.messages for one in tally.hours),
            previous=tally.previous,
            unread=tally.unread,
            days=_days(tally.hours, [first + timedelta(days=at) for at in range(days)], zone),
            hours=_week(tally.hours, zone),
            clock=_clock(tally.hours, zone),
            applications=_senders(tally.applications),
            storage=await self._store.storage(),
        )


def _begin(day: date, zone: tzinfo) -> int:
    return int(datetime.combine(day, time(), zone).timestamp())


def _hour(seconds: int) -> int:
    """The first that begins then or later."""
    return -(-seconds // SECONDS)


def _days(hours: Sequence[Hourly], days: Sequence[date], zone: tzinfo) -> list[Day]:
    levels = {day: [0] * len(BANDS) for day in days}
    for one in hours:
        day = datetime.fromtimestamp(one.hour * SECONDS, zone).date()
        if day in levels:
            levels[day][BAND_OF[one.level]] += one.messages
    return [Day(day, counts) for day, counts in levels.items()]


def _week(hours: Sequence[Hourly], zone: tzinfo) -> list[list[int]]:
    week = [[0] * HOURS for _ in range(WEEKDAYS)]
    for one in hours:
        moment = datetime.fromtimestamp(one.hour * SECONDS, zone)
        week[moment.weekday()][moment.hour] += one.messages
    return week


def _clock(hours: Sequence[Hourly], zone: tzinfo) -> list[list[int]]:
    clock = [[0] * len(BANDS) for _ in range(HOURS)]
    for one in hours:
        clock[datetime.fromtimestamp(one.hour * SECONDS, zone).hour][BAND_OF[one.level]] += one.messages
    return clock


def _senders(rows: Sequence[Sent]) -> list[Sender]:
    """The one that sent most is the first."""
    found: dict[int, Sender] = {}
    for row in rows:
        sender = found.setdefault(row.application_id, Sender(row.application_id, row.name, 0, [0] * len(BANDS), 0))
        sender.count += row.messages
        sender.levels[BAND_OF[row.level]] += row.messages
        sender.last = max(sender.last, row.last)
    return sorted(found.values(), key=lambda one: (-one.count, one.id))
