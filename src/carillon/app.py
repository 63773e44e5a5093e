"""The composition root: settings → store → hub → core → dialects. The only module that knows all others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from carillon import __version__, ui
from carillon.backstage import Behind, Levers
from carillon.core.access import Access
from carillon.core.accounts import Accounts
from carillon.core.applications import Defaults
from carillon.core.backstage import LogBook
from carillon.core.decisions import Decisions
from carillon.core.filling import Filling
from carillon.core.housekeeping import Housekeeping
from carillon.core.inbox import Inbox
from carillon.core.kit import Build, History, Kit, Site
from carillon.core.limits import Limits
from carillon.core.passwords import Passwords
from carillon.core.peers import Peers
from carillon.core.ports import Store
from carillon.core.presence import Presence
from carillon.core.remote import RemotePictures
from carillon.core.search import Search
from carillon.core.statistics import Statistics
from carillon.core.tokens import Minting
from carillon.dispatch import Base, Dispatch
from carillon.front import Front
from carillon.hub.local import LocalHub
from carillon.ops.keys import KEY_BYTES
from carillon.ops.system import SystemClock, SystemIds
from carillon.plugins import Plugin, discover
from carillon.settings import Settings
from carillon.storage import open_store
from carillon.storage.backup.make import Place


@dataclass(frozen=True)
class App:
    """Everything, joined. `front` is the ASGI application."""

    front: Front
    kit: Kit
    store: Store
    housekeeping: Housekeeping
    dialects: list[Plugin]
    channels: list[Plugin]
    behind: Behind

    async def stop(self) -> None:
        """Before the server closes its sockets: refuses new messages and ends the streams."""
        self.kit.publisher.stop()
        self.kit.hub.close()


@asynccontextmanager
async def running(settings: Settings, log: LogBook | None = None, *, delivering: bool = True) -> AsyncIterator[App]:
    """The application with its background work, for as long as it is served. An empty installation gets its admin.

    Who is here for a moment only lets deliveries wait: one that he broke off would have to wait for its lease to end.
    """
    async with composed(settings, log) as app:
        await app.kit.accounts.users.ensure_first(settings.admin_password or None)
        filling = Filling(app.store, app.kit.clock)
        works = [app.housekeeping.run(), filling.run(), *([app.kit.ways_out.run()] if delivering else [])]
        beside = [asyncio.create_task(work) for work in works]
        try:
            yield app
        finally:
            for task in beside:
                task.cancel()
            for task in beside:
                with suppress(asyncio.CancelledError):
                    await task


@asynccontextmanager
async def composed(settings: Settings, log: LogBook | None = None) -> AsyncIterator[App]:
    """The application without background work. Opens storage, migrating it first, and closes it again. `log` is what
    admins may read.

    Raises what storage raises when it cannot be opened, KeyFileError, PluginError and MountError.
    """
    clock, ids = SystemClock(), SystemIds()
    limits, defaults, minting = Limits(), Defaults(), Minting()
    hub = LocalHub(streams_per_user=limits.streams_per_user)
    passwords = Passwords(clock, ids)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = await open_store(
        settings.database or None, settings.data, announce=hub.announce, limits=limits, clock=clock
    )
    access = Access(store, passwords, clock)
    housekeeping = Housekeeping(store, clock, Presence(store=store, hub=hub, access=access, clock=clock))
    decisions = Decisions(store, settings.decidable())
    place = Place(settings.database or None, settings.data)
    proxies, shown = settings.trusted_proxies, settings.text
    behind = Behind(place, proxies, store=store, hub=hub, clock=clock, decisions=decisions, shown=shown, log=log)
    accounts = Accounts.over(
        store=store,
        hub=hub,
        access=access,
        passwords=passwords,
        clock=clock,
        ids=ids,
        limits=limits,
        minting=minting,
        defaults=defaults,
    )
    base, base_url, data = Base(store, access, clock, ids, limits), settings.base_url, settings.data
    dispatch = Dispatch(base, accounts, data=data, base_url=base_url, picture_networks=settings.picture_networks)
    pictures = RemotePictures(web=dispatch.pictures, clock=clock, limits=limits, key=ids.entropy(KEY_BYTES))
    try:
        kit = Kit(
            access=access,
            accounts=accounts,
            publisher=dispatch.publisher,
            inbox=Inbox(store=store, clock=clock, limits=limits, cleared=housekeeping.wake, pictures=pictures),
            history=History(Search(store=store, clock=clock), Statistics(store=store, clock=clock)),
            hub=hub,
            limits=limits,
            clock=clock,
            ways_out=dispatch.ways_out,
            site=Site(
                build=Build(__version__),
                healthy=behind.reporter.healthy,
                base_url=base_url,
                backstage=behind.stage,
                peers=Peers(proxies),
            ),
        )
        guard = dispatch.guard
        levers = Levers(kit, hub=hub, defaults=defaults, minting=minting, data=data, ids=ids, services=guard)
        await decisions.load(levers.follow)
        dialects = discover("dialects")
        front = Front(
            {"web app": ui.mount()} | {plugin.name: plugin.module.mount(kit) for plugin in dialects},
            origins=frozenset(settings.cors_origins),
            peers=kit.site.peers,
            base_url=base_url,
        )
        yield App(front, kit, store, housekeeping, dialects, dispatch.channels, behind)
    finally:
        await dispatch.close()
        await access.close()
        await store.close()
        passwords.close()
