"""What the API is asked: queries and bodies. Unknown fields are refused.

"x-limit" names the bound of `Limits` that holds for a field; the description shows the number in its place.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from carillon.core.publish import LONGEST_TTL

ACTIONS, TAGS = 16, 64  # in one message
LONGEST_WAIT = 60  # seconds; proxies cut off a silent request not much later
PAGE = 100
LARGEST = 2**63 - 1  # of any number in a store

Id = Annotated[int, Meta(ge=0, le=LARGEST)]


def limited(name: str, description: str, **schema: object) -> Meta:
    return Meta(description=description, extra_json_schema={"x-limit": name, **schema})


class Action(Struct):
    """A button of a message. Other fields are kept as sent."""

    label: Annotated[str, Meta(min_length=1)]
    url: str | UnsetType = UNSET


class NewMessage(Struct, forbid_unknown_fields=True, kw_only=True, gc=False):
    """Null is the same as not sent."""

    message: Annotated[str, Meta(min_length=1), limited("text", "The text")]
    title: Annotated[str | None, limited("title", "Not sent, or blank: the application's name")] = None
    priority: Annotated[
        Annotated[int, Meta(ge=0, le=10)] | None,
        Meta(description="0 silent, 1–3 low, 4–7 normal, 8–9 high, 10 urgent. Not sent: the application's default"),
    ] = None
    content_type: Annotated[
        Literal["text/plain", "text/markdown"] | None, Meta(description="Not sent: as the application has it")
    ] = None
    url: Annotated[str | None, limited("url", "Opened by a tap")] = None
    url_title: Annotated[str | None, limited("title", "Shown for the url")] = None
    sound: Annotated[str | None, limited("short", "Name of a sound; each device has its own")] = None
    icon: Annotated[str | None, limited("url", "Address of a picture")] = None
    tags: Annotated[
        Raw | UnsetType,
        limited("json", "Short words", type=["array", "null"], items={"type": "string"}, maxItems=TAGS),
    ] = UNSET
    actions: Annotated[
        Raw | UnsetType,
        limited(
            "json",
            "Buttons",
            type=["array", "null"],
            items={"$ref": "#/components/schemas/Action"},
            maxItems=ACTIONS,
        ),
    ] = UNSET
    extras: Annotated[
        Raw | UnsetType,
        limited("json", "Anything for the programs that receive it, kept as sent", type=["object", "null"]),
    ] = UNSET
    key: Annotated[str | None, limited("short", "Replaces the application's message that has the same key")] = None
    ttl: Annotated[
        Annotated[int, Meta(ge=1, le=LONGEST_TTL)] | None,
        Meta(description="Seconds after which the message deletes itself"),
    ] = None
    encrypted: Annotated[bool, Meta(description="The text fields are opaque: nothing is made of them")] = False


class PageQuery(Struct, forbid_unknown_fields=True):
    limit: Annotated[int, Meta(ge=1), limited("page", "Messages in the answer", examples=[20])] = PAGE
    before: Annotated[Id | None, Meta(description="Only ids below this one: `next` of the page before")] = None
    application: Annotated[Id | None, Meta(description="Only messages of this application")] = None


class ClearQuery(Struct, forbid_unknown_fields=True):
    """One of `application` and `all` has to be given."""

    application: Annotated[Id | None, Meta(description="Delete messages of this application")] = None
    all: Annotated[bool, Meta(description="`true`: delete messages of all applications", examples=[True])] = False
    up_to: Annotated[Id | None, Meta(description="Only ids up to this one")] = None
    older_than: Annotated[
        Annotated[datetime, Meta(tz=True)] | None,
        Meta(description="Only what came before the first message that is not older than this time"),
    ] = None


class PatchState(Struct, forbid_unknown_fields=True):
    """Left out: stays as it is."""

    read: bool | None = None
    dismissed: bool | None = None
    pinned: bool | None = None


class MarkIds(PatchState, forbid_unknown_fields=True, kw_only=True):
    """Left out: stays as it is."""

    ids: Annotated[list[Id], limited("batch", "Ids of messages")]


class MarkAll(Struct, forbid_unknown_fields=True):
    up_to: Annotated[Id, Meta(description="Only ids up to this one: the newest that the user has seen")]
    application: Annotated[Id | None, Meta(description="Only messages of this application")] = None
    read: Annotated[bool, Meta(description="`true`, for there is no other")] = True


class DeleteIds(Struct, forbid_unknown_fields=True):
    ids: Annotated[list[Id], limited("batch", "Ids of messages")]


class ChangesQuery(Struct, forbid_unknown_fields=True):
    after: Annotated[Id, Meta(description="The cursor reached; 0: from the beginning")] = 0
    limit: Annotated[
        Annotated[int, Meta(ge=1)] | None, limited("changes", "Changes in the answer; not given: as many as may be")
    ] = None
    wait: Annotated[
        int,
        Meta(ge=0, le=LONGEST_WAIT, description="Seconds to wait when nothing has changed", examples=[30]),
    ] = 0


class StreamQuery(Struct, forbid_unknown_fields=True):
    after: Annotated[Id | None, Meta(description="The cursor reached; not given: only what happens from now on")] = None


class NameGroup(Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1), limited("name", "What people call it")]


class NameUser(Struct, forbid_unknown_fields=True):
    user: Annotated[str, Meta(min_length=1), limited("name", "The user's name")]


class ShareWith(Struct, forbid_unknown_fields=True):
    """One of the two has to be given."""

    user: Annotated[str | None, limited("name", "The name of a user")] = None
    group: Annotated[str | None, limited("name", "The name of a group")] = None
