"""Keeps what is filled behind the publishing up with it: a slice, and then a rest in which publishers have their way.

A search reads what is not filled yet message by message, so being late costs time and nothing else.
"""

from __future__ import annotations

import asyncio
import logging

from carillon.core.errors import CarillonError
from carillon.core.ports import Clock, Store

log = logging.getLogger("carillon.filling")

LEAST, MOST = 20, 500  # messages in one slice
BUSY_MOST = 100  # while somebody publishes
SLICE = 0.02  # seconds that one should take: a publisher may have to wait for it
REST = 1.0  # times as long as the slice took, while nobody publishes
BUSY_REST = 30.0  # and while somebody does
LONGEST_REST = 2.0  # seconds
ROUND = 1.0  # seconds between two looks when nothing waited


class Filling:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._slice = LEAST
        self._newest = 0
        self._busy = False

    async def run(self) -> None:
        """Until cancelled. A failure is logged and tried again."""
        while True:
            rest = ROUND
            try:
                rest = await self.step()
            except CarillonError as error:
                log.warning("filling put off: %s", error)
            except Exception:
                log.exception("filling failed")
            await asyncio.sleep(rest)

    async def step(self) -> float:
        """One slice. How many seconds to rest then."""
        began = self._clock.monotonic()
        done = await self._store.fill(min(self._slice, BUSY_MOST) if self._busy else self._slice)
        took = self._clock.monotonic() - began
        self._busy, self._newest = done.newest > self._newest, done.newest
        if not done.more:
            return ROUND
        if done.messages >= min(self._slice, BUSY_MOST):
            wished = self._slice * 2 if took < SLICE else self._slice // 2
            self._slice = max(LEAST, min(wished, MOST))
        return min(took * (BUSY_REST if self._busy else REST), LONGEST_REST)
