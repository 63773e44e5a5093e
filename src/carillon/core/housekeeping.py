"""What is done in slices beside the publishing: cleared and expired messages, what is old, devices."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from carillon.core.errors import CarillonError
from carillon.core.ports import Clock, Store
from carillon.core.presence import Presence
from carillon.core.statistics import HOUR, KEPT_HOURS

log = logging.getLogger("carillon.housekeeping")

SLICE = 200  # rows in one transaction: short, since publishers wait for it
REST = 4.0  # times as long as the slice took: publishing goes before housekeeping
LONGEST_REST = 5.0  # seconds
ROUND = 10.0  # seconds between two looks at the clock
TOMBSTONE_MICROSECONDS = 30 * 24 * 3600 * 1_000_000
LOG_MICROSECONDS = 90 * 24 * 3600 * 1_000_000  # of deliveries


class Housekeeping:
    def __init__(self, store: Store, clock: Clock, presence: Presence) -> None:
        self._store = store
        self._clock = clock
        self._presence = presence
        self._wanted = asyncio.Event()
        self._hour = 0  # whose counters are the oldest that are kept

    def wake(self) -> None:
        """There is something to sweep: do not wait for the next round."""
        self._wanted.set()

    async def run(self) -> None:
        """Until cancelled. A failure is logged and tried again in the next round."""
        while True:
            self._wanted.clear()
            try:
                await self.round()
            except CarillonError as error:
                log.warning("housekeeping put off: %s", error)
            except Exception:
                log.exception("housekeeping failed")
            try:
                # Not wait_for: Python 3.11's forgets to be cancelled when it is woken at the same moment.
                async with asyncio.timeout(ROUND):
                    await self._wanted.wait()
            except TimeoutError:
                continue

    async def round(self) -> None:
        """Does all that is due now. Raises Unavailable."""
        now = self._clock.now()
        await self._drain(lambda: self._store.expire(now, SLICE))
        await self._drain(lambda: self._store.sweep(SLICE))
        await self._drain(
            lambda: self._store.forget(tombstones_before=now - TOMBSTONE_MICROSECONDS, now=now, limit=SLICE)
        )
        await self._drain(lambda: self._store.forget_deliveries(now - LOG_MICROSECONDS, SLICE))
        await self._forget_counts(now // HOUR - KEPT_HOURS)
        await self._presence.round()

    async def _forget_counts(self, before: int) -> None:
        if before > self._hour:
            await self._drain(lambda: self._store.forget_counts(before, SLICE))
            self._hour = before

    async def _drain(self, work: Callable[[], Awaitable[int]]) -> None:
        while True:
            began = self._clock.monotonic()
            if await work() == 0:
                return
            await asyncio.sleep(min(REST * (self._clock.monotonic() - began), LONGEST_REST))
