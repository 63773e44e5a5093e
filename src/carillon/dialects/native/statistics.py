"""What came when, from whom, and what it takes to keep it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field

from carillon.core.errors import BadInput
from carillon.core.kit import Kit
from carillon.core.query import BANDS
from carillon.core.search import zone_of
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


async def show(kit: Kit, call: Call[StatisticsQuery, Nothing]) -> Statistics:
    try:
        zone = zone_of(call.query.zone)
    except BadInput as error:
        raise FieldError("zone", str(error)) from None
    found = await kit.history.statistics.overview(call.actor.user.id, days=call.query.days, zone=zone)
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
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/1/statistics",
        summary="Count messages by day",
        text="Of the applications one is tied to: by day, by hour of the week, by application and by priority.",
        **by(show, query=StatisticsQuery, body=Nothing, answer=Statistics),
    ),
)
