"""What came when, from whom, and what it takes to keep it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from carillon.core.kit import Kit
from carillon.core.outgoing import Service, Tick
from carillon.core.query import BANDS
from carillon.core.statistics import HOUR, LONGEST, span_of
from carillon.dialects.native import render
from carillon.dialects.native.answers import Time
from carillon.dialects.native.operation import Call, Nothing, Operation, by
from carillon.dialects.native.parse import parse_zone
from carillon.dialects.native.search import ZONE

LONGEST_COURSE = 62  # days

At = Annotated[str, Meta(description="A date, or the time at which the hour begins")]
Levels = Annotated[list[int], Meta(description=f"Messages by priority: {', '.join(BANDS)}")]


class StatisticsQuery(Struct, forbid_unknown_fields=True):
    days: Annotated[
        int, Meta(ge=1, le=LONGEST, description="How many, of which today is the last; 1: the last 24 hours")
    ] = 14
    zone: Annotated[str, ZONE] = "UTC"


class Span(Struct):
    at: At
    levels: Levels


class Sender(Struct):
    id: int
    name: str
    count: int
    levels: Levels
    last: Annotated[Time, Meta(description="When its last message in this time came")]


class Outcomes(Struct):
    """Deliveries that ended in this day or hour; `retried` are attempts."""

    at: At
    sent: int = 0
    failed: int = 0
    retried: int = 0


class ServiceOutcomes(Struct):
    id: int
    name: str
    kind: str
    sent: int = 0
    failed: int = 0
    retried: int = 0


class Storage(Struct):
    """Of the whole installation."""

    database_bytes: int
    messages: int
    pictures: int
    pictures_bytes: int


class Statistics(Struct, kw_only=True):
    """Also of messages that are deleted since. An hour counts for the day in which it begins."""

    since: Time = field(name="from")
    to: Time
    total: int
    previous_total: Annotated[int, Meta(description="In as much time before, up to the same time of day")]
    unread: Annotated[int, Meta(description="Now in the inbox, whatever the days; counted up to 100,000")]
    unit: Annotated[Literal["day", "hour"], Meta(description="What each span is: an hour with `days=1`")]
    spans: Annotated[list[Span], Meta(description="One after the other; the last goes on")]
    hours: Annotated[list[list[int]], Meta(description="24 counts for each weekday, from Monday")]
    applications: Annotated[list[Sender], Meta(description="Most first; those without messages are not there")]
    storage: Storage
    deliveries: Annotated[list[Outcomes], Meta(description="Empty where nothing was delivered")]
    services: Annotated[list[ServiceOutcomes], Meta(description="That one may see, most deliveries first")]


class CoursesQuery(Struct, forbid_unknown_fields=True):
    days: Annotated[int, Meta(ge=1, le=LONGEST_COURSE, description="How many, of which today is the last")] = 22
    zone: Annotated[str, ZONE] = "UTC"


class Course(Struct):
    id: int
    days: Annotated[list[int], Meta(description="Messages by day, the last of which goes on")]


class Courses(Struct):
    applications: Annotated[list[Course], Meta(description="Those without messages are not there")]


async def courses(kit: Kit, call: Call[CoursesQuery, Nothing]) -> Courses:
    zone = parse_zone(call.query.zone)
    found = await kit.history.statistics.courses(call.actor.user.id, days=call.query.days, zone=zone)
    return Courses([Course(number, days) for number, days in sorted(found.items())])


async def show(kit: Kit, call: Call[StatisticsQuery, Nothing]) -> Statistics:
    zone = parse_zone(call.query.zone)
    found = await kit.history.statistics.overview(call.actor.user.id, days=call.query.days, zone=zone)
    by_day = call.query.days > 1
    begins = [span.since for span in found.spans]
    names = [_date(begin, zone) if by_day else render.time(begin) for begin in begins]
    ticks = await kit.ways_out.journal.ticks(
        call.actor.user, since=-(-begins[0] // HOUR), until=found.until // HOUR + 1
    )
    return Statistics(
        since=render.time(begins[0]),
        to=render.time(found.until),
        total=found.total,
        previous_total=found.previous,
        unread=found.unread,
        unit="day" if by_day else "hour",
        spans=[Span(name, span.levels) for name, span in zip(names, found.spans, strict=True)],
        hours=found.hours,
        applications=[
            Sender(one.id, one.name, one.count, one.levels, render.time(one.last)) for one in found.applications
        ],
        storage=Storage(
            found.storage.database_bytes,
            found.storage.messages,
            found.storage.pictures,
            found.storage.pictures_bytes,
        ),
        deliveries=_over_time([tick for _, tick in ticks], begins, names),
        services=_by_service(ticks),
    )


def _date(moment: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(moment // 1_000_000, zone).date().isoformat()


def _over_time(ticks: Sequence[Tick], begins: Sequence[int], names: Sequence[str]) -> list[Outcomes]:
    if not ticks:
        return []
    spans = [Outcomes(name) for name in names]
    for tick in ticks:
        _count(spans[span_of(tick.hour, begins)], tick)
    return spans


def _by_service(ticks: Sequence[tuple[Service, Tick]]) -> list[ServiceOutcomes]:
    found: dict[int, ServiceOutcomes] = {}
    for service, tick in ticks:
        _count(found.setdefault(service.id, ServiceOutcomes(service.id, service.name, service.kind)), tick)
    return sorted(found.values(), key=lambda one: (-one.sent - one.failed, one.id))


def _count(outcomes: Outcomes | ServiceOutcomes, tick: Tick) -> None:
    outcomes.sent += tick.sent
    outcomes.failed += tick.failed
    outcomes.retried += tick.retried


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/1/statistics",
        summary="Count messages by day",
        text="Of the applications one is tied to: by day, by hour of the week, by application and by priority.",
        **by(show, query=StatisticsQuery, body=Nothing, answer=Statistics),
    ),
    Operation(
        method="GET",
        path="/api/1/statistics/applications",
        summary="Count messages by application and day",
        text="For small charts, of all applications at once. Each day has 24 hours: if the clocks are put forward or "
        "back in this time, an hour may count for the day beside its own.",
        **by(courses, query=CoursesQuery, body=Nothing, answer=Courses),
    ),
)
