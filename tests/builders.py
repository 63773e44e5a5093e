"""What tests are made of: records with sensible fields, a clock that is set, ids that count, a core over a store."""

from __future__ import annotations

import asyncio
import string
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

import msgspec
from argon2 import PasswordHasher

from carillon.core.access import Access
from carillon.core.accounts import Accounts
from carillon.core.alerts import Alerts
from carillon.core.backstage import Address, Backstage, Check, Download, Report
from carillon.core.channels import Answer, Channel, Failure, Followed, Outcome, Outside, Parcel, Picture, Sent
from carillon.core.decisions import Decisions
from carillon.core.errors import CarillonError, Unavailable, Unreachable
from carillon.core.forms import field
from carillon.core.housekeeping import Housekeeping
from carillon.core.inbox import Inbox
from carillon.core.kit import Build, History, Kit, Site
from carillon.core.limits import Limits
from carillon.core.models import Application, Change, Device, Message, Subscription, User
from carillon.core.moving import Moving
from carillon.core.outgoing import Attempt, Settlement
from carillon.core.passwords import Passwords
from carillon.core.peers import Peer, Peers
from carillon.core.ports import Fetched, Publication, Sender, Store, Web
from carillon.core.presence import Presence
from carillon.core.publish import Publisher
from carillon.core.rates import Publishing
from carillon.core.remote import RemotePictures
from carillon.core.search import Search
from carillon.core.secrets import Vault
from carillon.core.statistics import Statistics
from carillon.core.tokens import Minting
from carillon.core.ways_out import WaysOut
from carillon.hub.local import LocalHub
from carillon.ops.desk import Desk, Part
from carillon.ops.ring import Ring
from carillon.settings import Settings
from carillon.storage import open_store

T = TypeVar("T", bound=msgspec.Struct)

SECOND = 1_000_000  # µs
HOUR = 3600 * SECOND
DAY = 24 * HOUR
NOON = 1_788_264_000 * SECOND  # 2026-09-01T12:00:00Z

LOCAL, REMOTE = Peer("127.0.0.1", local=True), Peer("192.0.2.7", local=False)

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now: int = NOON) -> None:
        self.microseconds = now
        self.seconds = 1000.0

    def now(self) -> int:
        return self.microseconds

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, microseconds: int) -> None:
        self.microseconds += microseconds
        self.seconds += microseconds / SECOND


class Ids:
    """Counts: each public id and each secret is another, and the same in every run."""

    def __init__(self) -> None:
        self._count = 0

    def public_id(self) -> str:
        return self.secret(12)

    def secret(self, length: int) -> str:
        self._count += 1
        rest, digits = self._count, ""
        while rest:
            rest, digit = divmod(rest, len(_DIGITS))
            digits = _DIGITS[digit] + digits
        return digits.rjust(length, "0")

    def entropy(self, size: int) -> bytes:
        return self.secret(size).encode()


class Stream:
    """A listener that only remembers how it ended."""

    def __init__(self, device_id: int | None) -> None:
        self.device_id = device_id
        self.render: Callable[[Change], bytes | None] = lambda change: None
        self.ended: list[int] = []

    def push(self, frame: bytes, first: int, last: int) -> None:
        raise AssertionError("nothing is told here")

    def end(self, code: int) -> None:
        self.ended.append(code)


class Elsewhere:
    """What can be had outside, by address; `asked` are those that were asked for."""

    def __init__(self) -> None:
        self.there: dict[str, Fetched] = {}
        self.asked: list[str] = []

    async def fetch(self, url: str, *, accept: str, largest: int, seconds: float) -> Fetched:
        self.asked.append(url)
        if url not in self.there:
            raise Unreachable("it answered 404 Not Found")
        return self.there[url]


class BellOptions(msgspec.Struct, kw_only=True):
    secret: Annotated[str, field(("Secret", "Geheimnis"), kind="secret", min_length=3)]
    place: Annotated[str, field(("Place", "Ort"))] = "tower"
    to: Annotated[list[str], field(("To", "An"), kind="list")] = []


class Bell:
    """A channel that does what it is told, and remembers what it was given. `outcomes` come one by one, then Sent."""

    API = 1
    TITLE, ABOUT, ICON = ("Bell", "Glocke"), ("For tests", "Für Tests"), "k-hook"
    Options = BellOptions
    PARALLEL, IDEMPOTENT = 2, False

    def __init__(self) -> None:
        self.outcomes: list[Outcome | Exception] = []
        self.parcels: list[Parcel] = []
        self.followed = Followed()
        self.released = asyncio.Event()  # unless it is set, no attempt ends
        self.released.set()

    async def send(self, options: BellOptions, parcel: Parcel, outside: Outside) -> Outcome:
        self.parcels.append(parcel)
        await self.released.wait()
        outcome = self.outcomes.pop(0) if self.outcomes else Sent(remote="r1")
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def check(self, options: BellOptions, outside: Outside) -> Outcome:
        return self.outcomes.pop(0) if self.outcomes else Sent(text=f"the {options.place} is there")  # type: ignore[return-value]  # tests give no errors here

    async def follow(self, options: BellOptions, receipt: str, outside: Outside) -> Followed:
        return self.followed

    def recipients(self, options: BellOptions) -> list[str]:
        return options.to


class Nowhere:
    """The world of services, which answers nothing."""

    agent, marks, host, reach = "Carillon/test", dict[str, str](), "bell.example", "internet"

    def now(self) -> int:
        return NOON

    async def request(self, method: str, url: str, **options: Any) -> Answer:
        raise Failure("dns", f"{url}: there is no such name")

    async def connect(self, host: str, port: int, *, seconds: float = 10.0) -> Any:
        raise Failure("dns", f"{host}: there is no such name")

    async def picture(self, url: str) -> Picture | None:
        return None

    async def ask(self, program: str, question: bytes, *, seconds: float) -> bytes:
        raise Failure("connect", f"{program} does not run here")


def ways_out(
    store: Store,
    access: Access,
    *,
    accounts: Accounts,
    publisher: Publisher,
    clock: Clock,
    ids: Ids,
    limits: Limits,
    bell: Bell,
) -> WaysOut:
    return WaysOut.over(
        store=store,
        access=access,
        channels={"bell": cast(Channel, bell)},
        ways=lambda via: cast(Outside, Nowhere()),
        vault=lambda: Vault(b"k" * 32),
        alerts=Alerts(store=store, applications=accounts.applications, publisher=publisher),
        base_url="http://bell.example",
        clock=clock,
        ids=ids,
        limits=limits,
    )


def quick_hasher() -> PasswordHasher:
    """Argon2id at its cheapest: tests are about who gets in, not about how dear it is to guess."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def user(**fields: Any) -> User:
    return _built(User, fields, id=1, name="ada", password_hash="", admin=False, initial_password=False, created=NOON)


def application(**fields: Any) -> Application:
    return _built(Application, fields, id=7, name="Backup", description="", default_priority=0, created=NOON)


def subscription(application: Application, **fields: Any) -> Subscription:
    return _built(
        Subscription, fields, user_id=1, application=application, role="owner", sort_key="a0", cleared_to=0, changed=0
    )


def device(**fields: Any) -> Device:
    return _built(Device, fields, id=3, user_id=1, name="phone", created=NOON)


def message(**fields: Any) -> Message:
    return _built(
        Message,
        fields,
        id=42,
        public_id="000000000042",
        application_id=7,
        title="Backup",
        body="done",
        content_type="text/plain",
        dialect="gotify",
        priority=5,
        level=5,
        created=NOON,
    )


def publication(application_id: int, *receivers: int, **fields: Any) -> Publication:
    return Publication(message(id=0, application_id=application_id, **fields), receivers)


def _built(kind: type[T], fields: dict[str, Any], **usual: Any) -> T:
    return msgspec.structs.replace(kind(**usual), **fields)


async def lost(store: Store, service_id: int) -> None:
    """All that waits for the service fails."""
    claimed = await store.claim(service_id, now=NOON, lease=NOON + SECOND, limit=9)
    settlements = [
        Settlement(
            msgspec.structs.replace(
                each.delivery, state="failed", settled=NOON, took=1500, attempts=1, code="connect", text="no way"
            ),
            Attempt(
                delivery_id=each.delivery.id,
                number=1,
                started=NOON,
                took=1500,
                outcome="retry",
                code="connect",
                text="no way",
            ),
        )
        for each in claimed
    ]
    await store.settle(service_id, settlements, health=None, quota_left=None)


@dataclass(frozen=True)
class House:
    """The core over a store, its parts in reach."""

    store: Store
    hub: LocalHub
    clock: Clock
    ids: Ids
    passwords: Passwords
    access: Access
    accounts: Accounts
    publisher: Publisher
    inbox: Inbox
    presence: Presence
    housekeeping: Housekeeping
    kit: Kit
    bell: Bell

    async def user(self, name: str = "ada", *, admin: bool = False) -> User:
        """Whose password is his name."""
        return await self.accounts.users.add(name, name, admin=admin)

    async def sender(self, owner: User, name: str = "Backup", **options: Any) -> tuple[Sender, str]:
        """An application ready to publish, and its token."""
        subscription, secret = await self.accounts.applications.add(owner.id, name, **options)
        return await self.accounts.applications.sender(owner.id, subscription.application.id), secret


def build(
    store: Store,
    *,
    hub: LocalHub,
    clock: Clock,
    limits: Limits,
    peers: Peers | None = None,
    publishing: Publishing | None = None,
    minting: Minting | None = None,
    hasher: PasswordHasher | None = None,
    web: Web | None = None,
    backstage: Backstage | None = None,
) -> House:
    """The core as the composition root joins it. The caller closes `access`, then `passwords`."""
    ids = Ids()
    passwords = Passwords(clock, ids, hasher or quick_hasher())
    access = Access(store, passwords, clock, publishing=publishing)
    accounts = Accounts.over(
        store=store,
        hub=hub,
        access=access,
        passwords=passwords,
        clock=clock,
        ids=ids,
        limits=limits,
        minting=minting,
    )
    publisher = Publisher(store=store, clock=clock, ids=ids, limits=limits, installation="me")
    bell = Bell()
    presence = Presence(store=store, hub=hub, access=access, clock=clock)
    housekeeping = Housekeeping(store, clock, presence)
    inbox = Inbox(
        store=store,
        clock=clock,
        limits=limits,
        cleared=housekeeping.wake,
        pictures=remote_pictures(clock, web),
    )

    async def healthy() -> bool:
        try:
            await store.ping()
        except CarillonError:
            return False
        return True

    kit = Kit(
        access=access,
        accounts=accounts,
        publisher=publisher,
        inbox=inbox,
        history=History(Search(store=store, clock=clock), Statistics(store=store, clock=clock)),
        hub=hub,
        limits=limits,
        clock=clock,
        ways_out=ways_out(
            store,
            access,
            accounts=accounts,
            publisher=publisher,
            clock=clock,
            ids=ids,
            limits=limits,
            bell=bell,
        ),
        site=Site(
            build=Build("0.0.test"),
            healthy=healthy,
            peers=peers or Peers(),
            backstage=backstage or backstage_over(store),
        ),
    )
    publisher.let(kit.ways_out.courier.wake)
    parts = (store, hub, clock, ids, passwords, access, accounts, publisher, inbox, presence, housekeeping, kit, bell)
    return House(*parts)


def backstage_over(store: Store) -> Backstage:
    """An installation that was started without any settings and is at rest; no backup is to be had."""

    async def report() -> Report:
        return Report(
            version="0.0.test",
            python="3",
            started=NOON,
            engine="SQLite",
            engine_version="3",
            schema=1,
            database_bytes=1,
            path=None,
            data_free_bytes=1,
            listeners=[Address("*:8080", "http")],
            streams=0,
            users=1,
            applications=0,
            messages=0,
            queued_writes=0,
            queued_bytes=0,
            checks=[Check("space", "ok", "free space: 1 MiB")],
        )

    def backup() -> AbstractAsyncContextManager[Download]:
        raise Unavailable("no backup here")

    return Backstage(decisions=Decisions(store, Settings().decidable()), report=report, log=Ring(), backup=backup)


def remote_pictures(clock: Clock, web: Web | None = None) -> RemotePictures:
    return RemotePictures(web=web or Elsewhere(), clock=clock, limits=Limits(), key=b"key")


def moving_of(house: House) -> Moving:
    """The way in for other servers."""
    return Moving(
        store=house.store,
        hub=house.hub,
        access=house.access,
        tokens=house.accounts.tokens,
        clock=house.clock,
        ids=house.ids,
    )


def desk_of(house: House, *parts: Part) -> Desk:
    """What the commands may ask."""
    return Desk(
        accounts=house.accounts,
        publisher=house.publisher,
        access=house.access,
        store=house.store,
        ids=house.ids,
        moving=moving_of(house),
        parts=list(parts),
        decisions=house.kit.site.backstage.decisions,
        ways_out=house.kit.ways_out,
    )


@asynccontextmanager
async def opened(folder: Path, *, limits: Limits | None = None, **parts: Any) -> AsyncIterator[House]:
    """The core over a real SQLite database in `folder`; `parts` are those of `build`."""
    clock = Clock()
    limits = limits or Limits()
    hub = LocalHub(streams_per_user=limits.streams_per_user)
    store = await open_store(None, folder, announce=hub.announce, limits=limits, clock=clock)
    house = build(store, hub=hub, clock=clock, limits=limits, **parts)
    try:
        yield house
    finally:
        await house.access.close()
        await store.close()
        house.passwords.close()
