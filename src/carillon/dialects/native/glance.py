"""The inbox at a glance: how much is in it, and the notes of its last hours."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from carillon.core.kit import Kit
from carillon.core.models import NOTES, NOTES_BEYOND, TOTAL_CAP, UNREAD_CAP
from carillon.core.models import Note as StoredNote
from carillon.dialects.native import render
from carillon.dialects.native.answers import Time
from carillon.dialects.native.operation import Call, Nothing, Operation, by

LONGEST_ROLL = 7 * 24  # hours


class RollQuery(Struct, forbid_unknown_fields=True):
    hours: Annotated[int, Meta(ge=1, le=LONGEST_ROLL, description="How far back")] = 24


class Count(Struct):
    """Of one application."""

    unread: int
    total: int


class Counts(Struct, kw_only=True):
    """Sums of the applications, each of which is counted up to a bound; `pinned` up to `capped`."""

    unread: int
    pinned: int
    total: int
    applications: Annotated[dict[str, Count], Meta(description="By id. One without messages is not there")]
    capped: Annotated[int, Meta(description="An application with more unread messages counts as so many")]
    total_capped: Annotated[int, Meta(description="An application with more messages counts as so many")]


class Note(Struct, array_like=True):
    """A message as a list, in this order. `created` in milliseconds since 1970, `read` 0 or 1."""

    id: int
    public_id: str
    application: int
    priority: int
    created: int
    read: int
    title: str


class Roll(Struct):
    """Newest first."""

    since: Annotated[Time, Meta(description="Where it begins")]
    notes: Annotated[list[Note], Meta(description=f"At most {NOTES}")]
    more: Annotated[int, Meta(description=f"How many older ones are within the hours, counted to {NOTES_BEYOND}")]


async def counts(kit: Kit, call: Call[Nothing, Nothing]) -> Counts:
    found = await kit.inbox.counts(call.actor.user.id)
    return Counts(
        unread=sum(one.unread for one in found.applications),
        pinned=found.pinned,
        total=sum(one.total for one in found.applications),
        applications={str(one.application_id): Count(one.unread, one.total) for one in found.applications},
        capped=UNREAD_CAP,
        total_capped=TOTAL_CAP,
    )


async def roll(kit: Kit, call: Call[RollQuery, Nothing]) -> Roll:
    found = await kit.inbox.roll(call.actor.user.id, call.query.hours)
    return Roll(render.time(found.since), [_note(note) for note in found.notes], found.more)


def _note(note: StoredNote) -> Note:
    return Note(
        note.id,
        note.public_id,
        note.application_id,
        note.priority if note.dialect == render.SCALE.dialect else note.level,
        note.created // 1000,
        int(note.read),
        note.title,
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/1/inbox/counts",
        summary="Count the inbox",
        text="What is unread, pinned and there, in all and by application.",
        **by(counts, query=Nothing, body=Nothing, answer=Counts),
    ),
    Operation(
        method="GET",
        path="/api/1/roll",
        summary="Get the roll",
        text="The messages of the last hours with little more than what a drawing needs.",
        **by(roll, query=RollQuery, body=Nothing, answer=Roll),
    ),
)
