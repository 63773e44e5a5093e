"""What came when: counts by the hour, as days and weeks of the one who asks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, time, timedelta, tzinfo

from msgspec import Struct

from carillon.core.models import Hourly, Sent, Storage
from carillon.core.ports import Clock, Store
from carillon.core.query import BANDS

SECONDS = 3600  # of an hour
HOUR = SECONDS * 1_000_000  # µs
WEEKDAYS, HOURS = 7, 24
LONGEST = 366  # days of an overview
KEPT_HOURS = (2 * LONGEST + 1) * HOURS  # of counters: as much time before, and a day for the zones

# The number of the band that each level is in.
BAND_OF = tuple(at for at, (low, high) in enumerate(BANDS.values()) for _ in range(low, high + 1))


class Span(Struct, frozen=True):
    """A day or an hour that begins at `since`, in microseconds. `levels`: messages by band, as in all that follows."""

    since: int
    levels: list[int]


class Sender(Struct):
    """An application; `last`: when its last message came."""

    id: int
    name: str
    count: int
    levels: list[int]
    last: int


class Overview(Struct, frozen=True):
    """Until `until`, in microseconds. `hours`: messages by weekday, from Monday, and hour of the day."""

    until: int
    total: int
    previous: int
    unread: int
    spans: list[Span]
    hours: list[list[int]]
    applications: list[Sender]
    storage: Storage


class Statistics:
    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def overview(self, user_id: int, *, days: int, zone: tzinfo) -> Overview:
        """Of so many days, at most LONGEST, of which today is the last; of one day the last 24 hours.

        Compared with as much time before. An hour is counted for the day in which it begins.
        """
        now = self._clock.now()
        begins = _hours(now, 2 * HOURS) if days == 1 else _midnights(now, 2 * days, zone)
        before, begins = begins[0], begins[len(begins) // 2 :]
        until = now // HOUR + 1
        tally = await self._store.tally(
            user_id,
            since=_hour(begins[0]),
            until=until,
            before=_hour(before),
            before_until=until - days * HOURS,
        )
        return Overview(
            until=now,
            total=sum(one.messages for one in tally.hours),
            previous=tally.previous,
            unread=tally.unread,
            spans=_spans(tally.hours, begins),
            hours=_week(tally.hours, zone),
            applications=_senders(tally.applications),
            storage=await self._store.storage(),
        )

    async def courses(self, user_id: int, *, days: int, zone: tzinfo) -> dict[int, list[int]]:
        """What each application that sent something did by day, as in `overview`. For small charts: if the clocks are
        put forward or back in these days, an hour before may count for its neighbour.
        """
        now = self._clock.now()
        (midnight,) = _midnights(now, 1, zone)
        first = _hour(midnight) - (days - 1) * HOURS
        courses: dict[int, list[int]] = {}
        for one in await self._store.daily(user_id, since=first, until=now // HOUR + 1):
            course = courses.setdefault(one.application_id, [0] * days)
            course[min((one.hour - first) // HOURS, days - 1)] += one.messages
        return courses


def _hours(now: int, count: int) -> list[int]:
    return [(now // HOUR - ago) * HOUR for ago in reversed(range(count))]


def _midnights(now: int, count: int, zone: tzinfo) -> list[int]:
    today = datetime.fromtimestamp(now // 1_000_000, zone).date()
    days = [today - timedelta(days=ago) for ago in reversed(range(count))]
    return [int(datetime.combine(day, time(), zone).timestamp()) * 1_000_000 for day in days]


def _hour(moment: int) -> int:
    """The first that begins then or later."""
    return -(-moment // HOUR)


def _spans(hours: Sequence[Hourly], begins: Sequence[int]) -> list[Span]:
    spans = [Span(begin, [0] * len(BANDS)) for begin in begins]
    for one in hours:
        spans[span_of(one.hour, begins)].levels[BAND_OF[one.level]] += one.messages
    return spans


def span_of(hour: int, begins: Sequence[int]) -> int:
    """Which of the spans that begin then an hour is in."""
    return bisect_right(begins, hour * HOUR) - 1


def _week(hours: Sequence[Hourly], zone: tzinfo) -> list[list[int]]:
    week = [[0] * HOURS for _ in range(WEEKDAYS)]
    for one in hours:
        moment = datetime.fromtimestamp(one.hour * SECONDS, zone)
        week[moment.weekday()][moment.hour] += one.messages
    return week


def _senders(rows: Sequence[Sent]) -> list[Sender]:
    """The one that sent most is the first."""
    found: dict[int, Sender] = {}
    for row in rows:
        sender = found.setdefault(row.application_id, Sender(row.application_id, row.name, 0, [0] * len(BANDS), 0))
        sender.count += row.messages
        sender.levels[BAND_OF[row.level]] += row.messages
        sender.last = max(sender.last, row.last)
    return sorted(found.values(), key=lambda one: (-one.count, one.id))
