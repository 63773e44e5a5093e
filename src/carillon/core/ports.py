"""What the core asks of the world. Nothing else in the product reads time or randomness, or stores."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from carillon.core.foreign import (
    Adopted,
    Arrivals,
    ForeignApplication,
    ForeignDevice,
    ForeignUser,
    Prospect,
    Settled,
    Tops,
)
from carillon.core.inboxes import Inboxes
from carillon.core.models import (
    AUTO,
    Application,
    Change,
    Daily,
    Device,
    DeviceKind,
    Group,
    Image,
    Message,
    Share,
    Storage,
    Subscription,
    Tally,
    Token,
    TokenKind,
    User,
)
from carillon.core.outbox import Outbox
from carillon.core.outgoing import Route


class Clock(Protocol):
    def now(self) -> int:
        """UTC in microseconds since 1970: what is stored and what due work compares."""

    def monotonic(self) -> float:
        """Seconds from anywhere, never backwards: for waiting."""


class Ids(Protocol):
    def public_id(self) -> str:
        """12 characters of [0-9A-Za-z], hard to guess, never the same twice."""

    def secret(self, length: int) -> str:
        """`length` random characters of [0-9A-Za-z]."""

    def entropy(self, size: int) -> bytes:
        """`size` random bytes."""


class Idempotency(Struct, frozen=True):
    """`fingerprint` tells a repetition from another request under the same key; the pair counts until `expires`."""

    key: str
    fingerprint: bytes
    expires: int


class Publication(Struct, frozen=True, gc=False):
    """A message on its way into the store, which gives it its id (`message.id` is 0 here).

    `services` are those that get a delivery of it; `via` as in `Delivery`.
    """

    message: Message
    receivers: tuple[int, ...]
    idempotency: Idempotency | None = None
    services: tuple[int, ...] = ()
    via: str = ""


class NewUser(Struct, frozen=True, kw_only=True):
    name: str
    password_hash: str
    admin: bool
    initial_password: bool
    created: int


class NewApplication(Struct, frozen=True, kw_only=True):
    """`sort_key` None: after the owner's last application. `token_sealed`: the secret, encrypted, for lists."""

    owner_id: int
    name: str
    description: str
    default_priority: int
    created: int
    token_digest: bytes
    token_sealed: bytes | None = None
    sort_key: str | None = None
    content_type: str = AUTO
    type: str = ""
    url: str = ""
    token_name: str = ""


class ApplicationChange(Struct, frozen=True, kw_only=True):
    """What is to become of an application; None leaves. The last three are the asking user's own, the rest everybody's.

    `muted_until` 0: not muted.
    """

    name: str | None = None
    description: str | None = None
    type: str | None = None
    url: str | None = None
    default_priority: int | None = None
    content_type: str | None = None
    sort_key: str | None = None
    muted_until: int | None = None
    min_level: int | None = None


class ChangedUser(Struct, frozen=True):
    """A user as he is now, and the ids of his sessions that a new password has ended."""

    user: User
    ended: list[int]


class NewDevice(Struct, frozen=True, kw_only=True):
    """`password_hash`: it is made only while that is the user's: the password of that hash was shown, or a code made
    under it. None: whatever it is."""

    user_id: int
    name: str
    created: int
    token_digest: bytes
    token_sealed: bytes | None = None
    kind: DeviceKind = "device"
    expires_after: int = 0
    elevated_until: int = 0
    password_hash: str | None = None


class Sender(Struct, frozen=True):
    """An application as the publish path needs it: with the users its messages reach, the first of its owners, and
    the services that take its messages."""

    application: Application
    receivers: tuple[int, ...]
    owner_id: int | None = None
    routes: tuple[Route, ...] = ()


class Bearer(Struct, frozen=True):
    """Whom a token acts as: one of `sender` and `device` is there; `user` owns the device."""

    token: Token
    sender: Sender | None = None
    device: Device | None = None
    user: User | None = None


class TokenInfo(Struct, frozen=True):
    """A token as lists show it. `subject` is the name of its application or device, `user` the owner's."""

    token: Token
    subject: str
    user: str


class KeptToken(Struct, frozen=True):
    """A token with the sealed copy of its secret, if there is one."""

    token: Token
    sealed: bytes | None = None


class UserInfo(Struct, frozen=True):
    """A user as admins see him: how many applications he owns and devices he has, and when any of these was used."""

    user: User
    applications: int
    devices: int
    last_used: int | None = None


class Holdings(Struct, frozen=True):
    """What goes when a user goes: the names of the applications that are his alone, devices, messages in his inbox.

    Messages are counted up to a bound.
    """

    applications: list[str]
    devices: int
    messages: int


class StoreInfo(Struct, frozen=True):
    """`engine` and `version` for people, `schema` the number of the last migration."""

    engine: str
    version: str
    schema: int


class Census(Struct, frozen=True):
    """How many of each there are, and how many bytes the database takes."""

    users: int
    applications: int
    messages: int
    bytes: int


class Queue(Struct, frozen=True):
    """What was accepted and waits for its COMMIT; bytes are estimated."""

    writes: int
    bytes: int


class Filled(Struct, frozen=True):
    """How many messages were filled in, and the id of the newest one there is. `more`: ask again."""

    messages: int
    newest: int
    more: bool


class Store(Inboxes, Outbox, Protocol):
    """The truth. A method that changes something returns after COMMIT, and then has told `announce`.

    Every method raises `Unavailable` (`DiskFull`) when storage cannot do it now; then nothing was stored.
    """

    def publish(self, publication: Publication) -> Awaitable[Message]:
        """The message with its id. With an idempotency key already used for the same fingerprint: the id,
        public id and time of the first one, nothing stored; for another fingerprint: `Conflict`.
        A message with a `key` replaces the one of its application that has it."""

    async def fill(self, limit: int) -> Filled:
        """Puts up to `limit` messages into what is filled behind the publishing, and keeps that in order."""

    async def add_user(self, user: NewUser) -> User:
        """Raises `Conflict` when the name is taken."""

    async def user(self, user_id: int) -> User | None: ...
    async def user_by_name(self, name: str) -> User | None: ...
    async def users(self) -> list[User]: ...
    async def user_infos(self) -> list[UserInfo]: ...
    async def holdings(self, user_id: int, limit: int) -> Holdings:
        """Counts up to `limit` messages."""

    async def update_user(
        self,
        user_id: int,
        *,
        name: str | None = None,
        admin: bool | None = None,
        password_hash: str | None = None,
        keep: int | None = None,
    ) -> ChangedUser | None:
        """None leaves. A new password ends `initial_password`, the user's sessions and what his devices were
        elevated for; but leaves the device with the id `keep` alone.

        Raises `Conflict` when the name is taken, or for taking the rights of the last admin.
        """

    async def rehash_password(self, user_id: int, *, old: str, new: str) -> bool:
        """Another hash of the same password. False: the password is no longer that of the hash `old`."""

    async def delete_user(self, user_id: int, *, now: int) -> bool:
        """With what is his alone. Raises `Conflict` for the last admin."""

    async def add_application(self, application: NewApplication) -> Subscription: ...
    async def sender(self, application_id: int) -> Sender | None: ...
    async def subscription(self, user_id: int, application_id: int) -> Subscription | None: ...
    async def subscriptions(self, user_id: int) -> list[Subscription]:
        """By sort key (bytewise), then id. What he has left is there while his inbox holds its messages."""

    async def update_application(
        self, user_id: int, application_id: int, *, change: ApplicationChange
    ) -> Subscription | None:
        """Raises `Conflict` for a sort key in use."""

    async def order_applications(self, user_id: int, ids: Sequence[int]) -> bool:
        """Gives the user's applications the order of the ids; those that are not among them keep theirs, behind.
        False, and nothing changed: one of them is not listed for him."""

    async def delete_application(self, application_id: int, *, now: int) -> bool:
        """Its owners' messages are deleted; others keep theirs, and it is listed for them while they do."""

    async def leave(self, user_id: int, application_id: int, *, now: int) -> bool:
        """Its messages are deleted from his inbox, and no more arrive."""

    async def set_image(self, application_id: int, image: Image | None) -> bool:
        """The one before is gone. False: no such application."""

    async def image(self, name: str) -> Image | None: ...

    async def shares(self, application_id: int) -> list[Share]:
        """Users by id, then groups by id. Who is a member by a group only is not named himself."""

    async def share(self, application_id: int, *, user_id: int | None = None, group_id: int | None = None) -> bool:
        """Makes a user, or the users of a group, members. False: no such application, user or group."""

    async def unshare(
        self, application_id: int, *, user_id: int | None = None, group_id: int | None = None, now: int
    ) -> bool:
        """They keep the messages they have. False: it was not shared so."""

    async def add_group(self, name: str, *, now: int) -> Group:
        """Raises `Conflict` when the name is taken."""

    async def groups(self) -> list[Group]: ...
    async def rename_group(self, group_id: int, name: str) -> bool:
        """Raises `Conflict` when the name is taken."""

    async def delete_group(self, group_id: int, *, now: int) -> bool: ...
    async def group_members(self, group_id: int) -> list[User]: ...
    async def add_member(self, group_id: int, user_id: int) -> bool:
        """False: no such group or user."""

    async def remove_member(self, group_id: int, user_id: int, *, now: int) -> bool: ...

    async def add_device(self, device: NewDevice) -> Device:
        """Raises `NotFound` for the user, `Unauthenticated` for a password that is not his any more."""

    async def device(self, user_id: int, device_id: int) -> Device | None: ...
    async def devices(self, user_id: int) -> list[Device]:
        """Also those that have expired and are not removed yet."""

    async def update_device(
        self,
        user_id: int,
        device_id: int,
        *,
        name: str | None = None,
        expires_after: int | None = None,
        elevated_until: int | None = None,
    ) -> Device | None:
        """None leaves."""

    async def delete_device(self, user_id: int, device_id: int) -> bool: ...
    async def expire_devices(self, now: int, limit: int) -> list[Device]:
        """Removes up to `limit` devices that have not been used for too long, and returns them."""

    async def add_token(
        self, kind: TokenKind, subject_id: int, *, digest: bytes, sealed: bytes | None = None, now: int, name: str = ""
    ) -> Token: ...
    async def replace_tokens(
        self, kind: TokenKind, subject_id: int, *, digest: bytes, sealed: bytes | None = None, now: int
    ) -> Token:
        """One new token; all others of the application or device are dead."""

    async def kept_tokens(self, kind: TokenKind, subject_id: int) -> list[KeptToken]:
        """By id."""

    async def rename_token(self, token_id: int, name: str) -> Token | None: ...
    async def rotate_token(
        self, token_id: int, *, digest: bytes, sealed: bytes | None = None, now: int
    ) -> Token | None:
        """The token with another secret, as if it had just been made; the old one is dead."""

    async def sealed_tokens(self, kind: TokenKind, subject_ids: Sequence[int]) -> dict[int, bytes]:
        """The newest sealed copy for each application or device that has one."""

    async def bearer(self, digest: bytes) -> Bearer | None: ...
    async def tokens(self) -> list[TokenInfo]: ...
    async def touch_token(self, token_id: int, now: int) -> None: ...
    async def touch_devices(self, device_ids: Sequence[int], now: int) -> None:
        """They were used, by whichever of their tokens."""

    async def delete_token(self, token_id: int) -> bool: ...

    async def sweep(self, limit: int) -> int:
        """Removes up to `limit` cleared entries, and the messages nobody has any more. Returns how many."""

    async def expire(self, now: int, limit: int) -> int:
        """Deletes up to `limit` messages whose `expires` has come."""

    async def forget(self, *, tombstones_before: int, now: int, limit: int) -> int:
        """Removes tombstones deleted before that time, ties left before it, and idempotency keys past their hour."""

    async def forget_counts(self, before: int, limit: int) -> int:
        """Removes up to `limit` counters of each kind of hours before that one, in hours since 1970."""

    async def prospect(self, arrivals: Arrivals) -> Prospect:
        """What would become of another server's users, applications and devices. Changes nothing."""

    async def begin_adoption(self, arrivals: Arrivals) -> Prospect:
        """The same, written down: from now on nothing else gets one of the ids that they keep."""

    async def adopt_users(self, origin_id: int, users: Sequence[ForeignUser], *, now: int) -> list[Adopted]:
        """What has come before is left as it is, here and in the next three; each call is one transaction."""

    async def adopt_applications(
        self, origin_id: int, applications: Sequence[ForeignApplication], *, now: int
    ) -> list[Adopted]:
        """After their users. The messages of one whose token is known here go to the application that has it."""

    async def adopt_devices(self, origin_id: int, devices: Sequence[ForeignDevice], *, now: int) -> list[Adopted]: ...

    async def adopt_messages(self, origin_id: int, messages: Sequence[Message], *, now: int) -> Settled:
        """After their applications, by rising id; `id` and `application_id` are the foreign ones.

        They arrive as read, and `announce` is not told."""

    async def end_adoption(self, origin_id: int, tops: Tops, *, final: bool) -> list[int]:
        """The users with new messages since the last `final` end: from now on readers of changes whose cursor is older
        get a hole."""

    async def settings(self) -> dict[str, str]:
        """What admins have decided: JSON by name, also names that this version does not know."""

    async def decide(self, values: Mapping[str, str | None]) -> None:
        """Keeps JSON under these names; None: nothing is kept under it any more."""

    async def ping(self) -> None: ...
    async def info(self) -> StoreInfo: ...
    async def tally(self, user_id: int, *, since: int, until: int, before: int, before_until: int) -> Tally:
        """Hours since 1970, from each to before the next: the span that is counted, and the one before."""

    async def daily(self, user_id: int, *, since: int, until: int) -> list[Daily]:
        """By days of 24 hours, of which the first begins with the hour `since`; a day may come in parts."""

    async def storage(self) -> Storage:
        """Counts rows, as `census` does."""

    async def census(self) -> Census:
        """Counts rows: some milliseconds for a hundred thousand messages."""

    def queue(self) -> Queue: ...
    async def check(self) -> list[str]:
        """Looks through the database; a line for each thing that is wrong."""

    async def close(self) -> None:
        """What was accepted is stored first."""


class Listener(Protocol):
    """An open stream. `push` never blocks and never raises; a listener that falls behind cuts itself off."""

    @property
    def device_id(self) -> int | None: ...

    @property
    def render(self) -> Callable[[Change], bytes | None]:
        """Ready-made bytes for a change, the same for all listeners with this very function; None: nothing."""

    def push(self, frame: bytes, first: int, last: int) -> None:
        """`frame` holds rendered changes, in rising order from number `first` to number `last`."""

    def end(self, code: int) -> None:
        """Closes the stream the way its dialect does; `code` as WebSocket's (1001 going away, 1008 policy)."""


class Hub(Protocol):
    """Tells the listeners of this process."""

    def announce(self, changes: Sequence[Change]) -> None:
        """In the order of commits. Returns at once; a listener that is slow is not waited for."""

    def join(self, user_id: int, listener: Listener) -> None:
        """Raises `TooMany` beyond the bound of streams a user."""

    def leave(self, user_id: int, listener: Listener) -> None: ...

    def drop(self, user_id: int, device_id: int | None = None) -> None:
        """Ends the listeners of a user, or of one device."""

    def drop_without_device(self, user_id: int) -> None:
        """Ends those of a user's listeners that began with his password."""

    def devices(self) -> set[int]:
        """The ids of those that listen."""

    def close(self) -> None:
        """Ends every listener (going away)."""


class Fetched(Struct, frozen=True):
    """What was at an address. `media_type` in small letters and without parameters, empty if it was not said."""

    media_type: str
    body: bytes


class Web(Protocol):
    """What is elsewhere, beyond a guard that refuses addresses of this network."""

    async def fetch(self, url: str, *, accept: str, largest: int, seconds: float) -> Fetched:
        """What GET answers, redirects followed, within so many bytes and seconds.

        Raises BadInput for what is no http or https address, Unreachable for everything else than a 200.
        """
