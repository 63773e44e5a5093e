"""The frozen records of the product. Every time is UTC in whole microseconds since 1970."""

from __future__ import annotations

from typing import Literal

from msgspec import Raw, Struct

Role = Literal["owner", "member", "receiver"]
TokenKind = Literal["application", "device"]
DeviceKind = Literal["device", "session"]
ListName = Literal["applications", "devices", "sessions", "user", "settings", "people", "services", "deliveries"]

UNREAD_CAP, TOTAL_CAP = 1_000, 10_000  # of an application, to be counted
NOTES, NOTES_BEYOND = 2_000, 8_000  # in a roll

AUTO, PLAIN, MARKDOWN = "auto", "text/plain", "text/markdown"


class User(Struct, frozen=True, kw_only=True):
    """A person with an account. `initial_password` stands while the password is the published default."""

    id: int
    name: str
    password_hash: str
    admin: bool
    initial_password: bool
    created: int


class Application(Struct, frozen=True, kw_only=True):
    """A sender. `default_priority` is on the scale 0…10, though any 32-bit integer is kept.

    `content_type` is what a message is whose sender does not say: AUTO, PLAIN or MARKDOWN. `image` names its icon.
    `type` says in a person's words what it is, `url` where it is looked after.
    """

    id: int
    name: str
    description: str
    default_priority: int
    created: int
    last_used: int | None = None
    content_type: str = AUTO
    image: str | None = None
    type: str = ""
    url: str = ""


class Subscription(Struct, frozen=True, kw_only=True):
    """A user's tie to an application. Also who shares it through a group is a member.

    Messages of the application with an id up to `cleared_to` are deleted for this user; `changed` is the
    number under which the user's devices hear of the last such clearing. The user wants to be rung for messages of
    `min_level` and above, and for none before `muted_until`; 0: at any time.
    """

    user_id: int
    application: Application
    role: Role
    sort_key: str
    cleared_to: int
    changed: int
    muted_until: int = 0
    min_level: int = 0


class Device(Struct, frozen=True, kw_only=True):
    """Something of a user that receives, or a session of his in a browser.

    It ends `expires_after` seconds without use; 0: never. Until `elevated_until` it may do what needs a password.
    """

    id: int
    user_id: int
    name: str
    created: int
    last_used: int | None = None
    kind: DeviceKind = "device"
    expires_after: int = 0
    elevated_until: int = 0

    @property
    def expires(self) -> int | None:
        """When it ends unless it is used before; None: never."""
        if not self.expires_after:
            return None
        return max(self.last_used or 0, self.created) + self.expires_after * 1_000_000


class Group(Struct, frozen=True, kw_only=True):
    """Several users reached at once."""

    id: int
    name: str
    created: int


class Share(Struct, frozen=True, kw_only=True):
    """To whom an application is tied: a user (`role`), or a group, whose users are then members."""

    role: Role
    name: str
    user_id: int | None = None
    group_id: int | None = None


class Image(Struct, frozen=True):
    """A picture. A name is never used for another one."""

    name: str
    media_type: str
    content: bytes


class Token(Struct, frozen=True, kw_only=True):
    """A secret that acts as an application or a device. Only `digest`, the SHA-256 of the secret, is kept.

    `name` says in a person's words where it is used.
    """

    id: int
    kind: TokenKind
    subject_id: int
    created: int
    last_used: int | None = None
    name: str = ""


class Message(Struct, frozen=True, kw_only=True, gc=False):
    """What an application sent, once.

    `id` rises over the whole installation and is never reused; `public_id` is opaque. `priority` is as its
    sender's `dialect` gave it, `level` the same on our scale 0…10. `extras`, `tags` and `actions` are JSON,
    kept as sent. The text fields of an `encrypted` message are opaque.
    """

    id: int
    public_id: str
    application_id: int
    title: str
    body: str
    content_type: str
    dialect: str
    priority: int
    level: int
    created: int
    sound: str | None = None
    url: str | None = None
    url_title: str | None = None
    icon: str | None = None
    tags: Raw | None = None
    actions: Raw | None = None
    extras: Raw | None = None
    key: str | None = None
    expires: int | None = None
    encrypted: bool = False


class Entry(Struct, frozen=True, kw_only=True):
    """A message in a user's inbox. `changed` is drawn anew from one rising sequence at each change."""

    user_id: int
    message_id: int
    application_id: int
    changed: int
    read: int | None = None
    dismissed: int | None = None
    acknowledged: int | None = None
    pinned: int | None = None
    deleted: int | None = None


class InboxItem(Struct, frozen=True):
    entry: Entry
    message: Message


class EntryChange(Struct, frozen=True, kw_only=True):
    """An entry as it is now. Live, `message` is there only on `arrival`; replayed, unless it is deleted."""

    entry: Entry
    message: Message | None = None
    arrival: bool = False

    @property
    def user_id(self) -> int:
        return self.entry.user_id

    @property
    def changed(self) -> int:
        return self.entry.changed


class Cleared(Struct, frozen=True, kw_only=True):
    """All messages of an application up to `cleared_to` were deleted for this user."""

    user_id: int
    changed: int
    application_id: int
    cleared_to: int


class Lists(Struct, frozen=True, kw_only=True):
    """These lists of the user are not as they were. Only told, never stored: a replay does not have it."""

    user_id: int
    changed: int
    lists: tuple[ListName, ...]


Change = EntryChange | Cleared | Lists


class ChangePage(Struct, frozen=True):
    """Changes in rising order. Ask again with `after=cursor`, at once if there is `more`; until there is none,
    `cursor` is no number to compare with others.

    `hole`: changes since the given cursor have been forgotten, or it is not of this installation; the reader
    starts anew from 0. `cursor` is then the newest number there is.
    """

    changes: list[Change]
    cursor: int
    more: bool
    hole: bool


class Count(Struct, frozen=True):
    """What an inbox holds of an application: `unread` up to UNREAD_CAP, `total` up to TOTAL_CAP."""

    application_id: int
    unread: int
    total: int


class Counts(Struct, frozen=True):
    """`applications` are those with messages. `pinned` is counted up to UNREAD_CAP."""

    applications: list[Count]
    pinned: int


class Note(Struct, frozen=True):
    """A message without its text."""

    id: int
    public_id: str
    application_id: int
    dialect: str
    priority: int
    level: int
    created: int
    title: str
    read: bool


class Roll(Struct, frozen=True):
    """The newest notes since a time, at most NOTES; `more` are there besides, counted up to NOTES_BEYOND."""

    since: int
    notes: list[Note]
    more: int


class Hourly(Struct, frozen=True):
    """`hour` since 1970 in UTC."""

    hour: int
    level: int
    messages: int


class Sent(Struct, frozen=True):
    """What an application sent on one level; `last`: when the last of it."""

    application_id: int
    name: str
    level: int
    messages: int
    last: int


class Daily(Struct, frozen=True):
    """What an application sent in a day; `hour`: the last one in which some came."""

    application_id: int
    hour: int
    messages: int


class Storage(Struct, frozen=True):
    """Bytes and rows of the whole installation."""

    database_bytes: int
    messages: int
    pictures: int
    pictures_bytes: int


class Tally(Struct, frozen=True):
    """What storage counts of a user's applications: by the hour and by application from one hour on, the number of
    messages in the span before, and how many of his are unread now.
    """

    hours: list[Hourly]
    applications: list[Sent]
    previous: int
    unread: int
