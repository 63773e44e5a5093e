"""The log of deliveries: what became of each message on its way out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, get_args

from msgspec import Meta, Struct

from carillon.core.channels import Code
from carillon.core.errors import BadInput
from carillon.core.kit import Kit
from carillon.core.outgoing import LogQuery, State
from carillon.dialects.native import service_shapes as shapes
from carillon.dialects.native.asks import Id, limited
from carillon.dialects.native.operation import Call, Nothing, Operation, by
from carillon.dialects.native.parse import FieldError, microseconds
from carillon.dialects.native.service_shapes import ShownDelivery

Moment = Annotated[datetime, Meta(tz=True)]
PAGE, MOST = 50, 200
OF = "Of a delivery"


class FilterDeliveries(Struct, forbid_unknown_fields=True, kw_only=True):
    """Lists are separated by commas; empty: any."""

    service: Annotated[str, Meta(description="Ids of services")] = ""
    kind: Annotated[str, Meta(description="Kinds of services")] = ""
    state: Annotated[str, Meta(description=f"Of {', '.join(get_args(State))}")] = ""
    code: Annotated[str, Meta(description="Reasons")] = ""
    application: Annotated[str, Meta(description="Ids of applications")] = ""
    min_level: Annotated[int, Meta(ge=0, le=10, description="Of messages of this priority or above")] = 0
    max_level: Annotated[int, Meta(ge=0, le=10, description="Of messages of this priority or below")] = 10
    since: Annotated[Moment | None, Meta(description="Made then or later")] = None
    until: Annotated[Moment | None, Meta(description="Made before")] = None
    text: Annotated[str, limited("short", "In title, service, kind or reason, in whatever case")] = ""


class DeliveriesQuery(FilterDeliveries, forbid_unknown_fields=True, kw_only=True):
    before: Annotated[Id | None, Meta(description="Only ids below this one: `next` of the page before")] = None
    limit: Annotated[int, Meta(ge=1, le=MOST, description="Deliveries in the answer")] = PAGE


class Deliveries(Struct):
    """Newest first. `next`: `before` of the page that follows; a page may be empty and others follow all the same."""

    deliveries: list[ShownDelivery]
    next: int | None


class Timeline(Struct):
    deliveries: list[ShownDelivery]


class ResendDeliveries(Struct, forbid_unknown_fields=True, kw_only=True):
    """One of the two has to be given."""

    ids: Annotated[list[Id] | None, limited("batch", "Ids of deliveries")] = None
    failed: Annotated[FilterDeliveries | None, Meta(description="All of these that were given up")] = None


class CancelDeliveries(Struct, forbid_unknown_fields=True):
    ids: Annotated[list[Id], limited("batch", "Ids of deliveries")]


class DeliveryCount(Struct):
    count: int


async def page(kit: Kit, call: Call[DeliveriesQuery, Nothing]) -> Deliveries:
    found = await kit.ways_out.journal.page(call.actor.user, query_of(call.query))
    return Deliveries([shapes.delivery(each) for each in found.deliveries], found.next)


async def show(kit: Kit, call: Call[Nothing, Nothing]) -> ShownDelivery:
    return shapes.delivery(await kit.ways_out.journal.one(call.actor.user, call.id))


async def timeline(kit: Kit, call: Call[Nothing, Nothing]) -> Timeline:
    found = await kit.ways_out.journal.timeline(call.actor.user, call.id)
    return Timeline([shapes.delivery(each) for each in found])


async def resend(kit: Kit, call: Call[Nothing, ResendDeliveries]) -> DeliveryCount:
    asked, journal = call.body, kit.ways_out.journal
    if (asked.ids is None) == (asked.failed is None):
        raise BadInput("give either ids or failed")
    if asked.failed is not None:
        return DeliveryCount(await journal.resend_failed(call.actor.user, query_of(asked.failed)))
    return DeliveryCount(await journal.resend(call.actor.user, _bounded(kit, asked.ids or [])))


async def cancel(kit: Kit, call: Call[Nothing, CancelDeliveries]) -> DeliveryCount:
    return DeliveryCount(await kit.ways_out.journal.cancel(call.actor.user, _bounded(kit, call.body.ids)))


def query_of(asked: FilterDeliveries) -> LogQuery:
    """Raises FieldError."""
    return LogQuery(
        services=_numbers("service", asked.service),
        kinds=_words(asked.kind),
        states=tuple(_one("state", each, State) for each in _words(asked.state)),  # type: ignore[misc]  # they are checked to be such
        codes=tuple(_one("code", each, Code) for each in _words(asked.code)),  # type: ignore[misc]  # they are checked to be such
        applications=_numbers("application", asked.application),
        min_level=asked.min_level,
        max_level=asked.max_level,
        since=microseconds(asked.since) if asked.since else 0,
        until=microseconds(asked.until) if asked.until else None,
        text=asked.text,
        before=asked.before if isinstance(asked, DeliveriesQuery) else None,
        limit=asked.limit if isinstance(asked, DeliveriesQuery) else PAGE,
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


def _numbers(field: str, text: str) -> tuple[int, ...]:
    words = _words(text)
    if not all(each.isascii() and each.isdigit() and len(each) < 19 for each in words):
        raise FieldError(field, "must be ids with commas between")
    return tuple(map(int, words))


def _one(field: str, word: str, among: object) -> str:
    if word not in get_args(among):
        raise FieldError(field, f"{word!r} is none of {', '.join(get_args(among))}")
    return word


def _bounded(kit: Kit, ids: list[int]) -> list[int]:
    if len(ids) > kit.limits.batch:
        raise FieldError("ids", f"no more than {kit.limits.batch} at once")
    return ids


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/1/deliveries",
        summary="Read the log of deliveries",
        text="Of the services one may see.",
        **by(page, query=DeliveriesQuery, body=Nothing, answer=Deliveries),
    ),
    Operation(
        method="POST",
        path="/api/1/deliveries/resend",
        summary="Try deliveries again",
        text="At once, and as if for the first time. What is deleted, or being tried right now, is left alone.",
        example={"failed": {"service": "4"}},
        refusals=(404, 413, 415),
        **by(resend, query=Nothing, body=ResendDeliveries, answer=DeliveryCount),
    ),
    Operation(
        method="POST",
        path="/api/1/deliveries/cancel",
        summary="Give deliveries up",
        text="Those that wait.",
        example={"ids": [17]},
        refusals=(404, 413, 415),
        **by(cancel, query=Nothing, body=CancelDeliveries, answer=DeliveryCount),
    ),
    Operation(
        method="GET",
        path="/api/1/deliveries/{id}",
        summary="Show a delivery",
        text="With each attempt.",
        of=OF,
        refusals=(404,),
        **by(show, query=Nothing, body=Nothing, answer=ShownDelivery),
    ),
    Operation(
        method="GET",
        path="/api/1/inbox/{id}/deliveries",
        summary="Show where a message went",
        text="To services that one may see, with each attempt.",
        refusals=(404,),
        **by(timeline, query=Nothing, body=Nothing, answer=Timeline),
    ),
)
