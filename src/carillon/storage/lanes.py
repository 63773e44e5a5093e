"""Where the committer runs and how writes reach it: a thread of its own (SQLite), the event loop (PostgreSQL)."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from queue import SimpleQueue
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")


class Lane(Protocol[T]):
    def put(self, item: T) -> None:
        """Called on the event loop."""

    async def take(self) -> T:
        """The oldest item; waits for one."""

    def waiting(self) -> int:
        """How many can be taken without waiting."""

    def take_now(self) -> T: ...

    def start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None: ...

    def hand(self, callback: Callable[[], None]) -> None:
        """Has it called on the event loop, in the order of handing."""

    async def ended(self) -> None:
        """Returns when the work has ended and all that it handed over was called."""


def drive(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine that never suspends."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    work.close()
    raise RuntimeError("a storage function waited for something that is not storage")


class ThreadLane(Generic[T]):
    def __init__(self, name: str) -> None:
        self._items: SimpleQueue[T] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._name = name
        self._thread: threading.Thread | None = None

    def put(self, item: T) -> None:
        self._items.put(item)

    async def take(self) -> T:
        return self._items.get()

    def waiting(self) -> int:
        return self._items.qsize()

    def take_now(self) -> T:
        return self._items.get_nowait()

    def start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        # A daemon: a process whose event loop died must be able to end.
        self._thread = threading.Thread(target=lambda: drive(work()), name=self._name, daemon=True)
        self._thread.start()

    def hand(self, callback: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(callback)

    async def ended(self) -> None:
        if self._thread:
            await asyncio.to_thread(self._thread.join)


class LoopLane(Generic[T]):
    def __init__(self, name: str) -> None:
        self._items: deque[T] = deque()
        self._some = asyncio.Event()
        self._name = name
        self._task: asyncio.Task[None] | None = None

    def put(self, item: T) -> None:
        self._items.append(item)
        self._some.set()

    async def take(self) -> T:
        while not self._items:
            self._some.clear()
            await self._some.wait()
        return self._items.popleft()

    def waiting(self) -> int:
        return len(self._items)

    def take_now(self) -> T:
        return self._items.popleft()

    def start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._task = asyncio.create_task(work(), name=self._name)

    def hand(self, callback: Callable[[], None]) -> None:
        callback()

    async def ended(self) -> None:
        if self._task:
            await self._task
