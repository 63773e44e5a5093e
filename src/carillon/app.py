"""The composition root: settings → store → hub → core → dialects. The only module that knows all others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from carillon import __version__, ui
from carillon.core.access import Access
from carillon.core.accounts import Accounts
from carillon.core.errors import CarillonError
from carillon.core.housekeeping import Housekeeping
from carillon.core.inbox import Inbox
from carillon.core.kit import Build, Kit, Site
from carillon.core.limits import Limits
from carillon.core.passwords import Passwords
from carillon.core.peers import Peers
from carillon.core.ports import Ids, Store
from carillon.core.presence import Presence
from carillon.core.publish import Publisher
from carillon.core.rates import publishing
from carillon.core.remote import RemotePictures
from carillon.core.secrets import Vault
from carillon.core.tokens import Minting
from carillon.front import Front
from carillon.http import Client, Guard
from carillon.hub.local import LocalHub
from carillon.ops.keys import KEY_BYTES, vault_key
from carillon.ops.system import SystemClock, SystemIds
from carillon.plugins import Plugin, discover
from carillon.settings import Settings
from carillon.storage import open_store


@dataclass(frozen=True)
class App:
    """Everything, joined. `front` is the ASGI application."""

    front: Front
    kit: Kit
    store: Store
    housekeeping: Housekeeping
    dialects: list[Plugin]
    channels: list[Plugin]

    async def stop(self) -> None:
        """Before the server closes its sockets: refuses new messages and ends the streams."""
        self.kit.publisher.stop()
        self.kit.hub.close()


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[App]:
    """The application with its background work, for as long as it is served. An empty installation gets its admin."""
    async with composed(settings) as app:
        await app.kit.accounts.users.ensure_first(settings.admin_password or None)
        housekeeping = asyncio.create_task(app.housekeeping.run())
        try:
            yield app
        finally:
            housekeeping.cancel()
            with suppress(asyncio.CancelledError):
                await housekeeping


@asynccontextmanager
async def composed(settings: Settings) -> AsyncIterator[App]:
    """The application without background work. Opens storage, migrating it first, and closes it again.

    Raises what storage raises when it cannot be opened, KeyFileError, PluginError and MountError.
    """
    clock, ids = SystemClock(), SystemIds()
    limits = Limits(
        request=settings.request_limit, text=settings.message_limit, streams_per_user=settings.streams_per_user
    )
    hub = LocalHub(streams_per_user=limits.streams_per_user)
    passwords = Passwords(clock, ids)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = await open_store(
        settings.database or None, settings.data, announce=hub.announce, limits=limits, clock=clock
    )
    access = Access(store, passwords, clock, publishing=publishing(settings.publish_rate, settings.publish_burst))
    web = Client(Guard(settings.picture_networks), agent=f"Carillon/{__version__}")
    housekeeping = Housekeeping(store, clock, Presence(store=store, hub=hub, access=access, clock=clock))
    try:
        kit = Kit(
            access=access,
            accounts=Accounts.over(
                store=store,
                hub=hub,
                access=access,
                passwords=passwords,
                clock=clock,
                ids=ids,
                limits=limits,
                minting=_minting(settings, ids),
            ),
            publisher=Publisher(store=store, clock=clock, ids=ids, limits=limits),
            inbox=Inbox(
                store=store,
                clock=clock,
                limits=limits,
                cleared=housekeeping.wake,
                pictures=RemotePictures(web=web, clock=clock, limits=limits, key=ids.entropy(KEY_BYTES)),
            ),
            hub=hub,
            limits=limits,
            clock=clock,
            peers=Peers(settings.trusted_proxies),
            site=Site(
                build=Build(__version__),
                healthy=lambda: _healthy(store),
                base_url=settings.base_url,
                registration=settings.registration,
                gotify_face=settings.gotify_face,
            ),
        )
        dialects = discover("dialects")
        front = Front(
            {"web app": ui.mount()} | {plugin.name: plugin.module.mount(kit) for plugin in dialects},
            origins=_origins(settings),
            peers=kit.peers,
            base_url=settings.base_url,
        )
        yield App(front, kit, store, housekeeping, dialects, discover("channels"))
    finally:
        await web.close()
        await access.close()
        await store.close()
        passwords.close()


async def _healthy(store: Store) -> bool:
    try:
        await store.ping()
    except CarillonError:
        return False
    return True


def _minting(settings: Settings, ids: Ids) -> Minting:
    vault = Vault(vault_key(settings.data, ids.entropy(KEY_BYTES))) if settings.show_tokens else None
    return Minting(settings.token_length, vault)


def _origins(settings: Settings) -> frozenset[str]:
    """The configured ones, and that of our own address, which a proxy may hide from us."""
    own = urlsplit(settings.base_url)
    return frozenset(settings.cors_origins) | ({f"{own.scheme}://{own.netloc.lower()}"} if own.netloc else frozenset())
