"""The Store port as a table of doors: what is asked here is done in the module named beside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from carillon.core.limits import Limits
from carillon.core.models import Change, Message, Storage
from carillon.core.ports import Census, Clock, Publication, Queue, Store, StoreInfo
from carillon.storage import (
    adopt,
    applications,
    bearers,
    delivery_log,
    departures,
    devices,
    filling,
    glance,
    groups,
    images,
    inbox,
    origins,
    outbox,
    search,
    services,
    settings,
    sharing,
    statistics,
    subscriptions,
    tokens,
    upkeep,
    users,
)
from carillon.storage.commit import Committer
from carillon.storage.engine import Engine
from carillon.storage.lock import FolderLock
from carillon.storage.migrate import DATABASE, engine_of, migrate_postgres, migrate_sqlite
from carillon.storage.session import Session
from carillon.storage.sqlite import SqliteEngine

T = TypeVar("T")
P = ParamSpec("P")

Query = Callable[Concatenate[Session, P], Coroutine[Any, Any, T]]
Door = Callable[Concatenate["SqlStore", P], Coroutine[Any, Any, T]]


async def open_store(
    url: str | None, data: Path, *, announce: Callable[[Sequence[Change]], None], limits: Limits, clock: Clock
) -> Store:
    """Migrates and opens: SQLite in the folder `data`, or PostgreSQL at `url` (postgresql://…).

    `announce` is called on the event loop after each COMMIT, in their order, with what changed in it. Raises
    ValueError for another address, `Refusal` when the database is not ours to open, `Unavailable` when it is away.
    """
    engine = await (_open_sqlite(data) if engine_of(url) == "sqlite" else _open_postgres(url or ""))
    committer = Committer(engine.writer, announce=announce, limits=limits, clock=clock)
    return SqlStore(engine, committer)


async def _open_sqlite(data: Path) -> Engine:
    lock = FolderLock(data)
    try:
        await migrate_sqlite(data)
    except BaseException:
        lock.release()
        raise
    return SqliteEngine(data / DATABASE, lock)


async def _open_postgres(url: str) -> Engine:
    from carillon.storage import postgres

    engine = await postgres.PostgresEngine.open(url)
    try:
        await migrate_postgres(url)
    except BaseException:
        await engine.close()
        raise
    return engine


def reading(query: Query[P, T], *, snapshot: bool = False) -> Door[P, T]:
    """`snapshot`: for a query of several statements that must see the same state."""

    async def door(store: SqlStore, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await store.engine.read(lambda tx: query(tx, *args, **kwargs), snapshot=snapshot)

    return door


def writing(query: Query[P, T]) -> Door[P, T]:
    async def door(store: SqlStore, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await store.committer.submit(lambda tx: query(tx, *args, **kwargs))

    return door


class SqlStore:
    def __init__(self, engine: Engine, committer: Committer) -> None:
        self.engine = engine
        self.committer = committer

    def publish(self, publication: Publication) -> Awaitable[Message]:
        return self.committer.submit(publication)

    page = reading(inbox.page)
    item = reading(inbox.item)
    item_by_public_id = reading(inbox.item_by_public_id)
    older = reading(inbox.older, snapshot=True)
    counts = reading(glance.counts)
    roll = reading(glance.roll, snapshot=True)
    facets = reading(search.facets, snapshot=True)
    search = reading(search.search, snapshot=True)
    fill = writing(filling.fill)
    changes = reading(inbox.changes, snapshot=True)
    mark = writing(inbox.mark)
    delete_entries = writing(inbox.delete)
    read_up_to = writing(inbox.read_up_to)
    clear = writing(inbox.clear)
    clear_to = writing(inbox.clear_to)

    add_user = writing(users.add)
    user = reading(users.by_id)
    user_by_name = reading(users.by_name)
    update_user = writing(users.update)
    rehash_password = writing(users.rehash_password)
    delete_user = writing(departures.delete_user)
    holdings = reading(departures.holdings, snapshot=True)
    user_infos = reading(users.infos)
    users = reading(users.every)

    add_application = writing(applications.add)
    update_application = writing(applications.update)
    delete_application = writing(applications.delete)
    sender = reading(applications.sender)
    set_image = writing(applications.set_image)
    image = reading(images.by_name)

    leave = writing(subscriptions.leave)
    order_applications = writing(subscriptions.order)
    subscription = reading(subscriptions.one)
    subscriptions = reading(subscriptions.of_user)

    shares = reading(sharing.shares)
    share = writing(sharing.share)
    unshare = writing(sharing.unshare)

    add_group = writing(groups.add)
    rename_group = writing(groups.rename)
    delete_group = writing(groups.delete)
    group_members = reading(groups.members)
    add_member = writing(groups.add_member)
    remove_member = writing(groups.remove_member)
    groups = reading(groups.every)

    add_device = writing(devices.add)
    device = reading(devices.one)
    update_device = writing(devices.update)
    delete_device = writing(devices.delete)
    expire_devices = writing(devices.expire)
    devices = reading(devices.of_user)

    add_token = writing(tokens.add)
    replace_tokens = writing(tokens.replace)
    kept_tokens = reading(tokens.kept)
    rename_token = writing(tokens.rename)
    rotate_token = writing(tokens.rotate)
    sealed_tokens = reading(tokens.sealed_of)
    bearer = reading(bearers.by_digest)
    touch_token = writing(tokens.touch)
    touch_devices = writing(tokens.touch_devices)
    delete_token = writing(tokens.delete)
    tokens = reading(tokens.every)

    prospect = reading(origins.prospect, snapshot=True)
    begin_adoption = writing(origins.begin)
    adopt_users = writing(adopt.adopt_users)
    adopt_applications = writing(adopt.adopt_applications)
    adopt_devices = writing(adopt.adopt_devices)
    adopt_messages = writing(adopt.adopt_messages)
    end_adoption = writing(origins.end)

    add_service = writing(services.add)
    service = reading(services.by_id)
    services_of = reading(services.of_user)
    update_service = writing(services.update)
    delete_service = writing(services.delete)
    audience = reading(services.audience)
    tell = writing(services.tell)
    confirmations = reading(services.confirmations)
    ask_confirmation = writing(services.ask_confirmation)
    confirm = writing(services.confirm)
    services = reading(services.every)

    work = reading(outbox.work)
    claim = writing(outbox.claim)
    settle = writing(outbox.settle)
    pick = reading(outbox.pick)
    requeue = writing(outbox.requeue)
    cancel = writing(outbox.cancel)
    following = reading(outbox.following)
    next_follow = reading(outbox.next_follow)
    followed = writing(outbox.followed)
    forget_deliveries = writing(outbox.forget)

    log = reading(delivery_log.log, snapshot=True)
    failed = reading(delivery_log.failed, snapshot=True)
    delivery = reading(delivery_log.delivery, snapshot=True)
    deliveries_of = reading(delivery_log.deliveries_of, snapshot=True)
    paces = reading(delivery_log.paces, snapshot=True)
    ticks = reading(delivery_log.ticks)

    sweep = writing(upkeep.sweep)
    expire = writing(upkeep.expire)
    forget = writing(upkeep.forget)

    decide = writing(settings.decide)
    settings = reading(settings.every)

    forget_counts = writing(statistics.forget)
    tally = reading(statistics.tally, snapshot=True)
    daily = reading(statistics.daily, snapshot=True)
    ping = reading(upkeep.ping)

    async def info(self) -> StoreInfo:
        async def ask(tx: Session) -> StoreInfo:
            return StoreInfo(self.engine.name, await self.engine.version(tx), await upkeep.schema(tx))

        return await self.engine.read(ask, snapshot=False)

    async def census(self) -> Census:
        async def count(tx: Session) -> Census:
            return Census(*await upkeep.counts(tx), await self.engine.size(tx))

        return await self.engine.read(count, snapshot=False)

    async def storage(self) -> Storage:
        async def count(tx: Session) -> Storage:
            return await statistics.storage(tx, await self.engine.size(tx))

        return await self.engine.read(count, snapshot=False)

    def queue(self) -> Queue:
        return self.committer.queue

    async def check(self) -> list[str]:
        async def look(tx: Session) -> list[str]:
            return await self.engine.faults(tx) + await upkeep.faults(tx) + await filling.faults(tx)

        return await self.engine.read(look, snapshot=True)

    async def close(self) -> None:
        await self.committer.close()
        await self.engine.close()
