"""Takes a snapshot of the database when that is switched on, every hour and at the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Protocol

from carillon.core.errors import CarillonError

log = logging.getLogger(__name__)

INTERVAL = 3600.0  # seconds
LAST = 3.0  # seconds for the one at the end: all in all a server ends within ten


class Taker(Protocol):
    async def take(self, *, hurried: bool) -> bool:
        """False: nothing has changed. Raises a CarillonError when it cannot be done now."""


class Switch:
    """Whether snapshots are taken."""

    def __init__(self, taker: Taker, interval: float) -> None:
        self._taker = taker
        self._interval = interval
        self._taking: asyncio.Task[None] | None = None

    @property
    def on(self) -> bool:
        return self._taking is not None

    def turn(self, *, on: bool) -> None:
        """On: one is taken at once, and again and again."""
        if on and self._taking is None:
            self._taking = asyncio.create_task(_take_again_and_again(self._taker, self._interval), name="snapshots")
        elif not on and self._taking is not None:
            self._taking.cancel()
            self._taking = None

    async def end(self) -> None:
        """What is under way is given up."""
        taking = self._taking
        self.turn(on=False)
        if taking is not None:
            with suppress(asyncio.CancelledError):
                await taking


@asynccontextmanager
async def snapshots(taker: Taker, *, interval: float = INTERVAL, patience: float = LAST) -> AsyncIterator[Switch]:
    """For as long as it is open and on, and once more when it is left so in order, within `patience` seconds."""
    switch = Switch(taker, interval)
    try:
        yield switch
    except BaseException:
        await switch.end()
        raise
    if not switch.on:
        return
    await switch.end()
    try:
        async with asyncio.timeout(patience):
            await _take(taker, hurried=True)
    except TimeoutError:
        log.warning("no time for a last snapshot: the newest is of before")


async def _take_again_and_again(taker: Taker, interval: float) -> None:
    while True:
        await _take(taker, hurried=False)
        await asyncio.sleep(interval)


async def _take(taker: Taker, *, hurried: bool) -> None:
    try:
        if await taker.take(hurried=hurried):
            log.info("took a snapshot")
    except CarillonError as error:
        log.warning("no snapshot: %s", error)
    except Exception:
        log.exception("no snapshot")
