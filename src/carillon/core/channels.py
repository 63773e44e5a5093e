"""What a channel is: the ways out to foreign systems, as the core sees them. `channels/` says how to add one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Protocol

from msgspec import Struct

from carillon.core.forms import Texts

# Stable words for why an attempt ended as it did; the web app has a sentence for each.
Code = Literal[
    "ok",
    "dns",
    "connect",
    "tls",
    "timeout",
    "auth",
    "not_found",
    "gone",
    "rate_limited",
    "quota",
    "rejected",
    "too_large",
    "server_error",
    "unexpected",
    "redirect",
    "private",
    "unconfirmed",
    "options",
    "expired",
    "deleted",
    "quiet_hours",
    "disabled",
    "breaker_open",
    "loop",
    "cancelled",
    "fault",
]
Band = Literal["silent", "low", "normal", "high", "urgent"]
Reach = Literal["internet", "private", "any"]

Filled = Any  # the record that a channel's `Options` is; each channel has its own
Connection = Any  # a `socket.socket`, which the core does not know

WORDS = 2048  # characters of what a remote says that are kept


class Outcome(Struct, frozen=True, kw_only=True):
    """How an attempt ended. `text` are the remote's own words, or ours where it said nothing; `status` is that of
    HTTP or SMTP; `field` names the option that is to be changed, if one is at fault.
    """

    code: Code = "ok"
    text: str = ""
    status: int | None = None
    field: str = ""


class Sent(Outcome, frozen=True, kw_only=True):
    """The remote has it. `remote` is its id there; by `receipt` the channel's `follow` learns what becomes of it.

    `quota_left`: how many more the remote takes this month, if it says so.
    """

    remote: str = ""
    receipt: str = ""
    quota_left: int | None = None


class Throttled(Outcome, frozen=True, kw_only=True):
    """Not now, for anything: the whole service rests `seconds`. Does not count as an attempt."""

    seconds: float


class Retry(Outcome, frozen=True, kw_only=True):
    """Worth another attempt. `uncertain`: it may have arrived all the same. `progress`: what the next attempt is to
    know of this one."""

    uncertain: bool = False
    progress: str = ""


class Refused(Outcome, frozen=True, kw_only=True):
    """The fault of this message: others may pass."""


class Broken(Outcome, frozen=True, kw_only=True):
    """The fault of the service: nothing will pass until somebody changes its options, or mends the remote."""


class Followed(Struct, frozen=True, kw_only=True):
    """What became of what was sent: `acknowledged` at that time (µs) by `by`, or `over`, or to be asked again."""

    acknowledged: int | None = None
    by: str = ""
    over: bool = False


class Picture(Struct, frozen=True):
    media_type: str
    content: bytes


class Parcel(Struct, frozen=True, kw_only=True):
    """A message as it is to be sent: templates are applied, the rest is as in `Message`.

    `id` is the same for each attempt and no other delivery's. `link` leads to the message in the web app, empty
    where nobody knows the server's address. `picture` is the address of one. `silent`: it is not to ring. `ttl`:
    seconds until it is of no use. `confirmed` are the recipients who have agreed (see `recipients`); `only`: it is
    for this one alone, whether he has agreed or not. `progress` is what the attempt before left to know.
    """

    id: str
    application: str
    title: str
    body: str
    created: int
    level: int = 5
    dialect: str = "native"
    priority: int = 5
    content_type: str = "text/plain"
    url: str = ""
    url_title: str = ""
    sound: str = ""
    tags: tuple[str, ...] = ()
    link: str = ""
    picture: str = ""
    silent: bool = False
    ttl: int | None = None
    test: bool = False
    confirmed: frozenset[str] = frozenset()
    only: str = ""
    progress: str = ""

    @property
    def markdown(self) -> bool:
        return self.content_type == "text/markdown"


class Answer(Struct, frozen=True):
    """What a server answered: names of headers in small letters, the body up to the bound."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Failure(Exception):
    """Nothing was answered. `code` is one of dns, connect, tls, timeout, private, redirect, options; `uncertain`: the
    request was sent whole, so it may have been heard. `str()` is a sentence for people.
    """

    def __init__(self, code: Code, text: str, *, uncertain: bool = False) -> None:
        super().__init__(text)
        self.code = code
        self.uncertain = uncertain


class Outside(Protocol):
    """The world, beyond a guard that refuses addresses which services must not reach; within bounds of time and size.

    Each raises Failure.
    """

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        seconds: float = 10.0,
    ) -> Answer:
        """By HTTP, with the hop counter of the guard against loops. A redirection is followed within its origin
        only, and only where it keeps the method (307, 308)."""

    async def connect(self, host: str, port: int, *, seconds: float = 10.0) -> Connection:
        """A connected, non-blocking `socket.socket` to one of the addresses of the host."""

    async def picture(self, url: str) -> Picture | None:
        """A picture that a message names; None: it cannot be had, or is too large."""

    async def ask(self, program: str, question: bytes, *, seconds: float) -> bytes:
        """What a program of ours (a module, run by `python -m`) answers to a line of JSON. It is started when first
        asked and kept, answers questions side by side, and is killed when it does not answer in time."""

    @property
    def agent(self) -> str:
        """How we call ourselves, such as Carillon/1.0."""

    @property
    def marks(self) -> Mapping[str, str]:
        """The headers by which a Carillon knows what has been through it; `request` adds them by itself."""

    @property
    def reach(self) -> Reach:
        """Which addresses services may reach: those of the internet, also those of private networks, or any."""

    @property
    def host(self) -> str:
        """The host name under which people reach this server, or of this machine."""

    def now(self) -> int:
        """Microseconds since 1970."""


class Ways(Protocol):
    def __call__(self, via: str) -> Outside:
        """The world, for a message that has been through these Carillons."""


class Channel(Protocol):
    """The code for one kind of service: a module with these names. The last four may be missing."""

    API: ClassVar[int]
    TITLE: ClassVar[Texts]  # what people call the kind
    ABOUT: ClassVar[Texts]  # a few words for the gallery
    ICON: ClassVar[str]  # a symbol of the web app
    Options: ClassVar[type[Struct]]  # what is to be filled in: see `forms.field`

    PARALLEL: ClassVar[int]  # attempts at a time, 2 if it does not say
    IDEMPOTENT: ClassVar[bool]  # the same parcel twice arrives once; False if it does not say

    async def send(self, options: Filled, parcel: Parcel, outside: Outside) -> Outcome: ...

    async def check(self, options: Filled, outside: Outside) -> Outcome:
        """Whether it would work, without a message that anybody gets. `text` says what was found out."""

    async def follow(self, options: Filled, receipt: str, outside: Outside) -> Followed:
        """Raises Failure."""

    def recipients(self, options: Filled) -> Sequence[str]:
        """Who has to agree before the first message."""
