"""What came when, from whom, and what it takes to keep it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Annotated

from msgspec import Meta, Struct, field

from carillon.core.errors import BadInput
from carillon.core.kit import Kit
from carillon.core.outgoing import Service, Tick
from carillon.core.query import BANDS
from carillon.core.search import zone_of
from carillon.core.statistics import HOUR, Overview
from carillon.dialects.native import render
from carillon.dialects.native.answers import Time
from carillon.dialects.native.operation import Call, Nothing, Operation, by
from carillon.dialects.native.parse import FieldError
from carillon.dialects.native.search import ZONE

LONGEST = 366  # days

Levels = Annotated[list[int], Meta(description=f"Messages by priority: {', '.join(BANDS)}")]


class StatisticsQuery(Struct, forbid_unknown_fields=True):
    days: Annotated[int, Meta(ge=1, le=LONGEST, description="How many, of which today is the last")] = 14
    zone: Annotated[str, ZONE] = "UTC"


class Day(Struct):
    date: Annotated[str, Meta(extra_json_schema={"format": "date"})]
    levels: Levels


class Sender(Struct):
    id: int
    name: str
    count: int
    levels: Levels
    last: Annotated[Time, Meta(description="When its last message in these days came")]


class Outcomes(Struct):
    """Deliveries that ended in a day, or with `days=1` in an hour; `retried` are attempts."""

    at: Annotated[str, Meta(description="A date, or the time at which the hour begins")]
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
    previous_total: Annotated[int, Meta(description="In as many days before, up to the same time of day")]
    unread: Annotated[int, Meta(description="Now in the inbox, whatever the days; counted up to 100,000")]
    days: list[Day]
    hours: Annotated[list[list[int]], Meta(description="24 counts for each weekday, from Monday")]
    clock: Annotated[list[Levels], Meta(description="By the 24 hours of the day: with `days=1`, those of today")]
    applications: Annotated[list[Sender], Meta(description="Most first; those without messages are not there")]
    storage: Storage
    deliveries: Annotated[list[Outcomes], Meta(description="Empty where nothing was delivered")]
    services: Annotated[list[ServiceOutcomes], Meta(description="That one may see, most deliveries first")]


async def show(kit: Kit, call: Call[StatisticsQuery, Nothing]) -> Statistics:
    try:
        zone = zone_of(call.query.zone)
    except BadInput as error:
        raise FieldError("zone", str(error)) from None
    found = await kit.history.statistics.overview(call.actor.user.id, days=call.query.days, zone=zone)
    ticks = await kit.ways_out.journal.ticks(
        call.actor.user, since=-(-found.since // HOUR), until=found.until // HOUR + 1
    )
    return Statistics(
        since=render.time(found.since),
        to=render.time(found.until),
        total=found.total,
        previous_total=found.previous,
        unread=found.unread,
        days=[Day(day.date.isoformat(), day.levels) for day in found.days],
        hours=found.hours,
        clock=found.clock,
        applications=[
            Sender(one.id, one.name, one.count, one.levels, render.time(one.last)) for one in found.applications
        ],
        storage=Storage(
            found.storage.database_bytes,
            found.storage.messages,
            found.storage.pictures,
            found.storage.pictures_bytes,
        ),
        deliveries=_over_time(found, ticks, zone),
        services=_by_service(ticks),
    )


def _over_time(found: Overview, ticks: Sequence[tuple[Service, Tick]], zone: tzinfo) -> list[Outcomes]:
    if not ticks:
        return []
    by_hour = len(found.days) == 1
    if by_hour:
        names = [render.time(moment) for moment in range(found.since, found.until + 1, HOUR)]
    else:
        names = [day.date.isoformat() for day in found.days]
    spans = {name: Outcomes(name) for name in names}
    for _, tick in ticks:
        if by_hour:
            name = render.time(found.since + (tick.hour * HOUR - found.since) // HOUR * HOUR)
        else:
            name = datetime.fromtimestamp(tick.hour * HOUR // 1_000_000, UTC).astimezone(zone).date().isoformat()
        _count(spans.setdefault(name, Outcomes(name)), tick)
    return list(spans.values())


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
)
