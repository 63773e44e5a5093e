"""Takes a snapshot of the database at the start, every hour and at the end."""

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


@asynccontextmanager
async def snapshots(taker: Taker, *, interval: float = INTERVAL, patience: float = LAST) -> AsyncIterator[None]:
    """For as long as it is open, and once more when it is left in order, within `patience` seconds."""
    taking = asyncio.create_task(_take_again_and_again(taker, interval), name="snapshots")
    try:
        yield
    except BaseException:
        await _end(taking)
        raise
    await _end(taking)
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


async def _end(taking: asyncio.Task[None]) -> None:
    taking.cancel()
    with suppress(asyncio.CancelledError):
        await taking
