"""Tells those who see a service that its deliveries are not as they were: once a second, however many there are."""

from __future__ import annotations

import asyncio
import logging

from carillon.core.errors import CarillonError
from carillon.core.ports import Store

log = logging.getLogger("carillon.deliver")

PAUSE = 1.0  # seconds


class Telling:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._changed: set[int] = set()
        self._wanted = asyncio.Event()

    def changed(self, service_id: int) -> None:
        self._changed.add(service_id)
        self._wanted.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self.round()
            except CarillonError as error:
                log.debug("nobody was told of deliveries: %s", error)
            await asyncio.sleep(PAUSE)

    async def round(self) -> None:
        """Raises Unavailable."""
        changed, self._changed = self._changed, set()
        users: set[int] = set()
        for service_id in changed:
            users.update(await self._store.audience(service_id))
        if users:
            await self._store.tell(sorted(users), ["services", "deliveries"])
