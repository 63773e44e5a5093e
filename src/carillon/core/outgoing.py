"""The frozen records of what goes out: services, and deliveries with their attempts. Times are UTC in microseconds."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from carillon.core.channels import Code
from carillon.core.models import Message

Scope = Literal["user", "group", "server"]
State = Literal["due", "leased", "retry", "held", "sent", "failed", "expired", "skipped", "cancelled"]
Cause = Literal["", "throttled", "failing", "broken"]
RetryPlan = Literal["none", "quick", "normal", "persistent"]

WAITING: tuple[State, ...] = ("due", "leased", "retry", "held")
SETTLED: tuple[State, ...] = ("sent", "failed", "expired", "skipped", "cancelled")


class Window(Struct, frozen=True):
    """Minutes of the day, on these weekdays (0 is Monday) on which it begins; past midnight if `end` is not above
    `start`."""

    days: tuple[int, ...]
    start: int
    end: int


class Quiet(Struct, frozen=True, kw_only=True):
    """Within the windows messages below level `passes` are held until the end, sent without ringing, or dropped."""

    zone: str
    windows: tuple[Window, ...]
    passes: int = 10
    policy: Literal["hold", "silent", "drop"] = "hold"


class Rules(Struct, frozen=True, kw_only=True):
    """Which messages a service takes, and what becomes of them.

    `applications` None: all, but for those of `without`. `quota`: messages a month, 0 without a bound. An empty
    template leaves the text as it is. `fallback` is the service that gets what this one could not deliver.
    """

    applications: tuple[int, ...] | None = None
    without: tuple[int, ...] = ()
    min_level: int = 0
    quiet: Quiet | None = None
    fallback: int | None = None
    quota: int = 0
    retry: RetryPlan = "normal"
    title_template: str = ""
    body_template: str = ""


class Health(Struct, frozen=True, kw_only=True):
    """Whether a service may be tried. It rests until `paused_until`; None with a `cause`: until somebody mends it.

    `failures` in a row; `step`: how often the rest has grown; `since` when the trouble began; `text` are the remote's
    words.
    """

    cause: Cause = ""
    failures: int = 0
    step: int = 0
    since: int | None = None
    paused_until: int | None = None
    code: Code = "ok"
    text: str = ""
    field: str = ""


class Counters(Struct, frozen=True, kw_only=True):
    """`used` in the month `month` (year · 12 + month, in UTC); `quota_left`: what the remote last said."""

    sent: int = 0
    failed: int = 0
    retried: int = 0
    month: int = 0
    used: int = 0
    quota_left: int | None = None
    last_sent: int | None = None
    last_failed: int | None = None
    last_code: Code = "ok"
    last_text: str = ""


class Service(Struct, frozen=True, kw_only=True):
    """A configured way out. `kind` names its channel; `options` are sealed with the key of the installation.

    `scope`: of which messages: those of the user `user_id`, of applications shared with the group, or all.
    """

    id: int
    name: str
    kind: str
    scope: Scope
    user_id: int
    group_id: int | None = None
    enabled: bool = True
    rules: Rules = Rules()
    options: bytes = b""
    created: int = 0
    health: Health = Health()
    counters: Counters = Counters()


class Route(Struct, frozen=True):
    """What publishing has to know of a service: whether a message goes there."""

    service_id: int
    min_level: int


class Delivery(Struct, frozen=True, kw_only=True):
    """One message on its way to one service.

    It is tried again at `due`; whoever tries it holds it until `lease`. `attempts` that count; `took` microseconds
    of the last; `code` and `text` why it is as it is. `requeued`: since when its life counts anew, 0 if never. `via`
    are the Carillons that the message has been through. `duplicate`: it may have arrived twice. `acknowledged` there
    by `acknowledged_by`; asked about again at `follow`.
    """

    id: int
    message_id: int
    service_id: int
    application_id: int
    level: int
    created: int
    state: State = "due"
    due: int = 0
    lease: int = 0
    attempts: int = 0
    settled: int | None = None
    took: int | None = None
    code: Code = "ok"
    text: str = ""
    status: int | None = None
    remote: str = ""
    receipt: str = ""
    follow: int | None = None
    acknowledged: int | None = None
    acknowledged_by: str = ""
    progress: str = ""
    via: str = ""
    duplicate: bool = False
    requeued: int = 0


class Attempt(Struct, frozen=True, kw_only=True):
    """`number` counts from 1 in its delivery, and is 0 before it is stored; `outcome` is the name of its class."""

    delivery_id: int
    number: int
    started: int
    took: int
    outcome: Literal["sent", "throttled", "retry", "refused", "broken"]
    code: Code = "ok"
    text: str = ""
    status: int | None = None


class Claimed(Struct, frozen=True):
    """A delivery that is ours until its lease ends, with its message (None: deleted) and the application's name."""

    delivery: Delivery
    message: Message | None
    application: str


class Settlement(Struct, frozen=True):
    """A delivery as it is to be from now on, if it is still held by the lease of `delivery.lease`; storage sets the
    lease back. `handed`: the service that gets the message instead."""

    delivery: Delivery
    attempt: Attempt | None = None
    handed: int | None = None


class Logged(Struct, frozen=True):
    """A delivery as the log shows it. `title` None: the message is deleted."""

    delivery: Delivery
    service: str
    kind: str
    application: str
    title: str | None
    public_id: str | None
    attempts: tuple[Attempt, ...] = ()


class LogQuery(Struct, frozen=True, kw_only=True):
    """Which deliveries, newest first. `text` is looked for in title, service, kind and reason, in whatever case.

    Ids below `before`; created within [`since`, `until`). Empty: any.
    """

    services: tuple[int, ...] = ()
    kinds: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    codes: tuple[Code, ...] = ()
    applications: tuple[int, ...] = ()
    min_level: int = 0
    max_level: int = 10
    since: int = 0
    until: int | None = None
    text: str = ""
    before: int | None = None
    limit: int = 50


class LogPage(Struct, frozen=True):
    """`next`: `before` of the page that follows; None: there is none."""

    deliveries: list[Logged]
    next: int | None


class Tick(Struct, frozen=True):
    """How many deliveries of a service ended so within an hour (since 1970, UTC). `retried` are attempts."""

    service_id: int
    hour: int
    sent: int
    failed: int
    retried: int


class Confirmation(Struct, frozen=True, kw_only=True):
    """Whether a recipient has agreed to get messages of a service; `digest` is that of the code he was sent."""

    service_id: int
    address: str
    digest: bytes
    asked: int
    confirmed: int | None = None


class Pace(Struct, frozen=True):
    """Of the latest deliveries that a service sent: microseconds that half, and 95 %, took at most. `waiting` and
    `held` are those that are not settled yet, counted up to a bound."""

    service_id: int
    p50: int | None
    p95: int | None
    waiting: int
    held: int
