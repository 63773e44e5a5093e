"""Devices in use: one with an open stream is, also while it asks for nothing; one unused for too long ends."""

from __future__ import annotations

from carillon.core.access import Access
from carillon.core.ports import Clock, Hub, Store

EVERY = 300.0  # seconds: as often as Gotify looks
SLICE = 200  # devices in one transaction: short, since publishers wait for it


class Presence:
    def __init__(self, *, store: Store, hub: Hub, access: Access, clock: Clock) -> None:
        self._store = store
        self._hub = hub
        self._access = access
        self._clock = clock
        self._next = clock.monotonic() + EVERY

    async def round(self) -> None:
        """Every five minutes, however often it is called. Raises Unavailable, and is then due still."""
        if self._clock.monotonic() < self._next:
            return
        open_streams = sorted(self._hub.devices())
        for first in range(0, len(open_streams), SLICE):
            await self._access.keep_alive(open_streams[first : first + SLICE])
        # Nobody is removed who was used meanwhile: what is stored of that may be minutes behind.
        await self._access.note_uses()
        while expired := await self._store.expire_devices(self._clock.now(), SLICE):
            self._access.forget()
            for device in expired:
                self._hub.drop(device.user_id, device.id)
        self._next = self._clock.monotonic() + EVERY
