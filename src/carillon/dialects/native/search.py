"""Searching one's messages, in the language that docs/search.md describes."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field

from carillon.core.errors import BadInput
from carillon.core.kit import Kit
from carillon.core.matching import Wanted
from carillon.core.query import BANDS, LONGEST, marked
from carillon.dialects.native import render
from carillon.dialects.native.answers import InboxMessage, Time
from carillon.dialects.native.asks import PAGE, Id, limited
from carillon.dialects.native.operation import Call, Nothing, Operation, by
from carillon.dialects.native.parse import FieldError, at_most, parse_zone

LIMIT = limited("page", "Messages in the answer", examples=[20])
ZONE = Meta(description="Whose days are meant, as in Europe/Berlin")
TEXT = Meta(description=f"What is looked for, in at most {LONGEST} characters; empty: everything")


class FacetsQuery(Struct, forbid_unknown_fields=True):
    q: Annotated[str, TEXT] = ""
    zone: Annotated[str, ZONE] = "UTC"


class SearchQuery(FacetsQuery, forbid_unknown_fields=True):
    before: Annotated[Id | None, Meta(description="Only ids below this one: `next` of the page before")] = None
    limit: Annotated[int, Meta(ge=1), LIMIT] = PAGE


class SearchPage(Struct):
    """Newest first."""

    messages: list[InboxMessage]
    next: Annotated[
        int | None,
        Meta(
            description="`before` of the next page; null: this was the last one. A page may hold fewer messages than "
            "asked for, even none, and name a next one: so much and no more is looked through at once"
        ),
    ]
    took_ms: float
    words: Annotated[
        list[str],
        Meta(description="What to mark, in small letters and without accents; what ends with * may go on"),
    ]


class ApplicationCount(Struct):
    id: int
    count: int


class BandCount(Struct):
    band: Annotated[str, Meta(description=", ".join(BANDS))]
    count: int


class TimeCount(Struct):
    since: Time = field(name="from")
    to: Time
    count: int


class Facets(Struct):
    total: int
    capped: Annotated[bool, Meta(description="There is more: only the newest are counted")]
    applications: Annotated[list[ApplicationCount], Meta(description="Most first")]
    priorities: list[BandCount]
    time: Annotated[
        list[TimeCount],
        Meta(description="At most 60 spans, which begin as the clocks of the zone have it; by rising time"),
    ]


async def find(kit: Kit, call: Call[SearchQuery, Nothing]) -> SearchPage:
    limit = at_most("limit", call.query.limit, kit.limits.page)
    began = kit.clock.monotonic()
    wanted = await _wanted(kit, call)
    found = await kit.history.search.find(call.actor.user.id, wanted, before=call.query.before, limit=limit)
    messages = [render.inbox_message(item) for item in found.items]
    took = (kit.clock.monotonic() - began) * 1000
    return SearchPage(messages, found.next, round(took, 1), marked(wanted.query))


async def count(kit: Kit, call: Call[FacetsQuery, Nothing]) -> Facets:
    wanted = await _wanted(kit, call)
    counted = await kit.history.search.facets(call.actor.user.id, wanted, zone=parse_zone(call.query.zone))
    return Facets(
        total=counted.total,
        capped=counted.capped,
        applications=[ApplicationCount(number, count) for number, count in counted.applications],
        priorities=[BandCount(band, sum(counted.levels[low : high + 1])) for band, (low, high) in BANDS.items()],
        time=[TimeCount(render.time(one.since), render.time(one.until), one.count) for one in counted.time],
    )


async def _wanted(kit: Kit, call: Call[FacetsQuery, Nothing] | Call[SearchQuery, Nothing]) -> Wanted:
    zone = parse_zone(call.query.zone)
    try:
        return await kit.history.search.wanted(call.actor.user.id, call.query.q, zone=zone)
    except BadInput as error:
        raise FieldError("q", error.text) from None


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/1/search",
        summary="Search messages",
        text="In the inbox. Words have to be there, the last of them may go on; filters are written as in "
        "app:Backup priority:>=8 since:7d is:unread.",
        **by(find, query=SearchQuery, body=Nothing, answer=SearchPage),
    ),
    Operation(
        method="GET",
        path="/api/1/search/facets",
        summary="Count what a search finds",
        text="By application, by priority and over time.",
        **by(count, query=FacetsQuery, body=Nothing, answer=Facets),
    ),
)
