"""Joins what passes messages on: the channels that are found, the way out, and the courier."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from socket import gethostname
from typing import cast
from urllib.parse import urlsplit

from msgspec import Struct

from carillon import __version__
from carillon.core.access import Access
from carillon.core.accounts import Accounts
from carillon.core.alerts import Alerts
from carillon.core.channels import Channel
from carillon.core.limits import Limits
from carillon.core.ports import Clock, Ids, Store
from carillon.core.publish import Publisher
from carillon.core.secrets import Vault
from carillon.core.ways_out import WaysOut
from carillon.http import Client, Guard, ServiceGuard
from carillon.http.outgoing import Ways
from carillon.ops.keys import KEY_BYTES, vault_key
from carillon.ops.workers import Workers
from carillon.plugins import discover

INSTALLATION = 12  # characters of the id by which messages that come back are known


class Base(Struct, frozen=True):
    """What everything stands on."""

    store: Store
    access: Access
    clock: Clock
    ids: Ids
    limits: Limits


class Dispatch:
    """`data` is the folder with the key that options are sealed with; pictures may come from `picture_networks` too.

    `pictures` fetches what messages name, `guard` says what services may reach, `publisher` is the one way in.
    """

    def __init__(
        self, base: Base, accounts: Accounts, *, data: Path, base_url: str, picture_networks: Sequence[str]
    ) -> None:
        clock, ids, agent = base.clock, base.ids, f"Carillon/{__version__}"
        installation = ids.secret(INSTALLATION)
        self.publisher = Publisher(
            store=base.store, clock=clock, ids=ids, limits=base.limits, installation=installation
        )
        self.pictures = Client(Guard(picture_networks), agent=agent)
        self.guard = ServiceGuard()
        self.channels = discover("channels")
        self._workers = Workers()
        self._ways = Ways(
            self.guard,
            pictures=self.pictures,
            workers=self._workers,
            clock=clock,
            agent=agent,
            host=urlsplit(base_url).hostname or gethostname(),
            installation=installation,
        )
        self.ways_out = WaysOut.over(
            store=base.store,
            access=base.access,
            channels={plugin.name: cast(Channel, plugin.module) for plugin in self.channels},
            ways=self._ways.for_message,
            vault=cache(lambda: Vault(vault_key(data, ids.entropy(KEY_BYTES)))),
            alerts=Alerts(store=base.store, applications=accounts.applications, publisher=self.publisher),
            base_url=base_url,
            clock=clock,
            ids=ids,
            limits=base.limits,
        )
        self.publisher.let(self.ways_out.courier.wake)

    async def close(self) -> None:
        await self._workers.close()
        await self._ways.close()
        await self.pictures.close()
