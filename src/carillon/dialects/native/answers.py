"""What the API answers: the shapes, from which its description is made too."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from carillon.core.models import UNREAD_CAP, ListName, Role
from carillon.core.reasons import REASONS

Time = Annotated[
    str, Meta(description="RFC 3339 in UTC, six digits of fraction", extra_json_schema={"format": "date-time"})
]
ContentType = Literal["auto", "text/plain", "text/markdown"]
Id = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Tags = Annotated[Raw, Meta(extra_json_schema={"type": "array", "items": {"type": "string"}})]
Actions = Annotated[Raw, Meta(extra_json_schema={"type": "array", "items": {"$ref": "#/components/schemas/Action"}})]
Extras = Annotated[Raw, Meta(extra_json_schema={"type": "object"})]


class Message(Struct, kw_only=True, gc=False):
    """What an application sent. A field that was not sent is not there."""

    id: Annotated[int, Meta(description="Rises over the whole installation: the order of every inbox")]
    public_id: Annotated[str, Meta(description="12 letters and digits that nobody can guess")]
    application: int
    title: str
    message: str
    content_type: str
    priority: Annotated[int, Meta(description="0 to 10, or the application's default priority as it stands")]
    created: Time
    sound: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    url_title: str | UnsetType = UNSET
    icon: str | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    actions: Actions | UnsetType = UNSET
    extras: Extras | UnsetType = UNSET
    key: Annotated[str | UnsetType, Meta(description="A later message with the same key replaces this one")] = UNSET
    expires: Time | UnsetType = UNSET
    encrypted: Annotated[bool | UnsetType, Meta(description="True: the text fields are opaque")] = UNSET


class State(Struct, gc=False):
    """What happened to a message in this inbox; null: it did not. `changed` is the number of the last change."""

    changed: int
    read: Time | None
    dismissed: Time | None
    pinned: Time | None


class InboxMessage(Message, kw_only=True, gc=False):
    """A message with its state in the inbox."""

    state: State


class InboxPage(Struct):
    messages: list[InboxMessage]
    next: Annotated[int | None, Meta(description="`before` of the next page; null: this was the last one")]


class Ids(Struct):
    """Of the ids asked for, those that are in the inbox."""

    ids: list[int]


class Marked(Struct):
    marked: Annotated[int, Meta(description="How many were not so before")]
    more: Annotated[bool, Meta(description="Ask again at once")]


class EntryChange(Struct, tag_field="type", tag="entry", kw_only=True, gc=False):
    """A message in the inbox, as it is now. `arrival`: it has just come. `message` is not there when it is deleted,
    nor in a stream when only its state changed.
    """

    changed: int
    id: int
    application: int
    read: Time | None
    dismissed: Time | None
    pinned: Time | None
    deleted: bool
    arrival: bool | UnsetType = UNSET
    message: Message | UnsetType = UNSET


class Cleared(Struct, tag_field="type", tag="cleared", gc=False):
    """All messages of an application up to the id `to` were deleted from the inbox."""

    changed: int
    application: int
    to: int


class Lists(Struct, tag_field="type", tag="lists", gc=False):
    """In a stream only: these lists of the user are not as they were, and are to be fetched anew."""

    changed: int
    lists: list[ListName]


class Changes(Struct):
    changes: list[EntryChange | Cleared]
    cursor: Annotated[int, Meta(description="`after` of the next request")]
    more: Annotated[bool, Meta(description="Ask again at once")]
    hole: Annotated[bool, Meta(description="Changes after the cursor given are forgotten: empty the copy, begin at 0")]


class Hole(Struct, tag_field="type", tag="hole"):
    """In a stream whose cursor is too old: empty the copy. All that is there follows, as after 0."""


class Live(Struct, tag_field="type", tag="live"):
    """In a stream: everything up to `cursor` has been told, from here on it comes as it happens."""

    cursor: int


class Alive(Struct, tag_field="type", tag="alive"):
    """In a WebSocket or among server-sent events: a sign of life every 30 seconds."""


class User(Struct):
    id: int
    name: str
    admin: bool
    initial_password: Annotated[bool, Meta(description="The password is still the published default")]
    created: Time
    device: Annotated[int | None, Meta(description="The device or session that asks; null: a password")]
    elevated_until: Annotated[
        Time | None, Meta(description="Until then the device may do what takes a password; null: not now")
    ]


class Application(Struct, kw_only=True):
    id: int
    name: str
    description: str
    type: Annotated[str, Meta(description="What it is, in a person's words")]
    url: Annotated[str, Meta(description="Where it is looked after")]
    image: Annotated[str | None, Meta(description="Its picture, below the address of this server")]
    default_priority: int
    content_type: Annotated[ContentType, Meta(description="Of a message whose sender does not say")]
    role: Role
    sort_key: str
    cleared_to: Annotated[int, Meta(description="Messages up to this id are deleted from the inbox")]
    created: Time
    last_used: Time | None
    muted_until: Annotated[Time | None, Meta(description="The user is not rung before; null: at any time")]
    min_level: Annotated[int, Meta(description="From which priority on the user is rung")]
    unread: Annotated[int, Meta(description=f"Messages that he has not read, counted to {UNREAD_CAP}")]


class Applications(Struct):
    applications: list[Application]


class NewApplication(Application, kw_only=True):
    """The token is shown this once."""

    token: str


class Device(Struct, kw_only=True):
    id: int
    name: str
    kind: Literal["device"] = "device"
    created: Time
    last_used: Time | None
    expires: Annotated[Time | None, Meta(description="When it ends unless it is used before; null: never")]
    expires_after: Annotated[int, Meta(description="Seconds without use after which it ends; 0: never")]
    online: Annotated[bool, Meta(description="It has an open stream")]


class Devices(Struct):
    devices: list[Device]


class NewDevice(Device, kw_only=True):
    """The token is shown this once."""

    token: str


class Group(Struct):
    id: int
    name: str
    created: Time


class Groups(Struct):
    groups: list[Group]


class Member(Struct):
    id: int
    name: str


class Members(Struct):
    members: list[Member]


class Share(Struct, kw_only=True):
    """A user, or a group whose users are members."""

    role: Role
    name: str
    user: int | UnsetType = UNSET
    group: int | UnsetType = UNSET


class Shares(Struct):
    shares: list[Share]


class Problem(Struct, kw_only=True):
    status: int
    code: Annotated[str, Meta(description="For programs; it does not change with the wording")]
    message: Annotated[str, Meta(description="For people")]
    field: Annotated[str | UnsetType, Meta(description="The field or parameter at fault")] = UNSET
    reason: Annotated[
        str | UnsetType,
        Meta(
            description="Of what people meet: its name, by which to tell it in another language",
            extra_json_schema={"enum": list(REASONS)},
        ),
    ] = UNSET
    values: Annotated[dict[str, str | int] | UnsetType, Meta(description="What stands in the gaps of its text")] = UNSET


class Error(Struct):
    error: Problem
