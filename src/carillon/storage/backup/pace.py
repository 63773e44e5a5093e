"""How a long piece of work goes on beside the publishing: in slices, with rests, and until it is told to stop."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from carillon.core.ports import Clock

T = TypeVar("T")

LONGEST_REST = 1.0  # seconds
AGAIN = 0.05  # seconds between two calls to stop


class Stopped(Exception):
    """The work was told to stop."""


class Pace:
    """`share`: how many times as long as a slice took the rest after it is; 0 for no rests.

    All but `stop` is for the thread that works.
    """

    def __init__(self, clock: Clock, *, share: float) -> None:
        self._clock = clock
        self._share = share
        self._stop = threading.Event()
        self._began = clock.monotonic()
        self._database: sqlite3.Connection | None = None

    def rest(self) -> None:
        """A slice is done. Raises `Stopped`."""
        took = self._clock.monotonic() - self._began
        if self._stop.wait(min(self._share * took, LONGEST_REST)):
            raise Stopped
        self._began = self._clock.monotonic()

    @contextmanager
    def interrupting(self, database: sqlite3.Connection) -> Iterator[None]:
        """For one long statement on it: `stop` ends it. Raises `Stopped`."""
        self._database = database
        try:
            self.rest()
            yield
        except sqlite3.OperationalError:
            if self._stop.is_set():
                raise Stopped from None
            raise
        finally:
            self._database = None

    def stop(self) -> None:
        self._stop.set()
        database = self._database
        if database is not None:
            with suppress(sqlite3.ProgrammingError):  # closed in this moment
                database.interrupt()


async def in_thread(work: Callable[[], T], pace: Pace) -> T:
    """Runs `work` in a thread. When this is cancelled, the work is stopped and waited for."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():  # again: a statement that was about to begin has not heard it
            pace.stop()
            await asyncio.wait([running], timeout=AGAIN)
        with suppress(Stopped):
            running.result()
        raise
