"""Group commit: writes that arrive during one COMMIT share the next. No timer: a lone write is committed at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar, cast, overload

from carillon.core.errors import CarillonError, Unavailable
from carillon.core.limits import MIB, Limits
from carillon.core.models import Change, Message
from carillon.core.ports import Clock, Publication, Queue
from carillon.core.reasons import because
from carillon.storage.engine import Task, Writer
from carillon.storage.lanes import Lane
from carillon.storage.messages import is_plain, publish, publish_plain
from carillon.storage.session import Session

log = logging.getLogger("carillon.storage")

T = TypeVar("T")

BATCH_WRITES = 1000
BATCH_BYTES = 8 * MIB
OVERHEAD = 256  # bytes: a write without its texts
SLOW = 1.0  # seconds for a batch, above which the log says so


class Write:
    """`work` on its way; then `value`, or the `error`. `plain`: it goes in without looking at what is stored."""

    __slots__ = ("error", "future", "plain", "size", "value", "work")

    def __init__(self, work: Publication | Task[Any], size: int, future: asyncio.Future[Any]) -> None:
        self.work = work
        self.plain = isinstance(work, Publication) and is_plain(work)
        self.size = size
        self.future = future
        self.value: object = None
        self.error: Exception | None = None


class Committer:
    """`announce` hears, on the event loop and in the order of commits, what each transaction told."""

    def __init__(
        self, writer: Writer, *, announce: Callable[[Sequence[Change]], None], limits: Limits, clock: Clock
    ) -> None:
        self._writer = writer
        self._announce = announce
        self._limits = limits
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._lane: Lane[Write | None] = writer.lane()
        self._writes = 0  # accepted and not yet settled
        self._bytes = 0
        self._closed = False
        self._troubled = False
        self._lane.start(self._run)

    @overload
    def submit(self, work: Publication) -> asyncio.Future[Message]: ...
    @overload
    def submit(self, work: Task[T]) -> asyncio.Future[T]: ...

    def submit(self, work: Publication | Task[Any]) -> asyncio.Future[Any]:
        """What is accepted here is stored even if nobody waits for it any more. Raises `Unavailable` when full.

        A task that raises a `CarillonError` must not have changed anything: it is the task's answer, and the
        transaction goes on. After any other error the batch is repeated one by one.
        """
        size = _size(work) if isinstance(work, Publication) else OVERHEAD
        if self._closed:
            raise Unavailable(because("stopping"))
        if self._writes >= self._limits.queued_writes or self._bytes + size > self._limits.queued_bytes:
            raise Unavailable(because("too_busy"))
        write = Write(work, size, self._loop.create_future())
        self._writes += 1
        self._bytes += size
        self._lane.put(write)
        return write.future

    @property
    def queue(self) -> Queue:
        return Queue(self._writes, self._bytes)

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._lane.put(None)
        await self._lane.ended()

    async def _run(self) -> None:
        last = False
        while not last:
            batch, last = await self._batch()
            if batch:
                await self._store(batch)
        await self._writer.close()

    async def _batch(self) -> tuple[list[Write], bool]:
        """What waits now, and whether it is the last."""
        batch: list[Write] = []
        room = BATCH_BYTES
        write = await self._lane.take()
        while write is not None:
            batch.append(write)
            room -= write.size
            if room <= 0 or len(batch) == BATCH_WRITES or not self._lane.waiting():
                return batch, False
            write = self._lane.take_now()
        return batch, True

    async def _store(self, batch: Sequence[Write]) -> Unavailable | None:
        """What storage is in trouble with; the whole batch has failed then."""
        error = await self._attempt(batch)
        if error is None:
            return None
        trouble = self._writer.trouble(error)
        if trouble or len(batch) == 1:
            self._fail(batch, error, trouble)
            return trouble
        for at, write in enumerate(batch):
            if trouble := await self._store([write]):
                self._fail(batch[at + 1 :], error, trouble)
                return trouble
        return None

    async def _attempt(self, batch: Sequence[Write]) -> Exception | None:
        started = self._clock.monotonic()
        try:
            tx = await self._writer.begin(alone=all(write.plain for write in batch))
            await _execute(tx, batch)
            await self._writer.commit()
        except Exception as error:
            await self._writer.rollback(error)
            return error
        self._lane.hand(partial(self._settle, batch, tx.told))
        took = self._clock.monotonic() - started
        if took > SLOW:
            log.warning("storing %d writes took %.1f s", len(batch), took)
        if self._troubled:
            self._troubled = False
            log.warning("storage writes again")
        return None

    def _fail(self, batch: Sequence[Write], error: Exception, trouble: Unavailable | None) -> None:
        if trouble and not self._troubled:
            self._troubled = True
            log.error("%s: %s: %s", trouble, type(error).__name__, error)
        for write in batch:
            # An exception of its own for each: whoever raises one hangs his frames on it.
            write.error = type(trouble)(str(trouble)) if trouble else error
        self._lane.hand(partial(self._settle, batch, ()))

    def _settle(self, batch: Sequence[Write], told: Sequence[Change]) -> None:
        for write in batch:
            self._writes -= 1
            self._bytes -= write.size
            if write.future.done():  # cancelled: its caller went away
                continue
            if write.error is None:
                write.future.set_result(write.value)
            else:
                write.future.set_exception(write.error)
        if told:
            try:
                self._announce(told)
            except Exception:
                log.exception("announcing failed")


async def _execute(tx: Session, batch: Sequence[Write]) -> None:
    """In order; runs of plain publications go in together."""
    plain: list[Write] = []
    for write in batch:
        if write.plain:
            plain.append(write)
            continue
        await _execute_plain(tx, plain)
        plain = []
        await _execute_one(tx, write)
    await _execute_plain(tx, plain)


async def _execute_plain(tx: Session, writes: Sequence[Write]) -> None:
    if writes:
        messages = await publish_plain(tx, [cast(Publication, write.work) for write in writes])
        for write, message in zip(writes, messages, strict=True):
            write.value = message


async def _execute_one(tx: Session, write: Write) -> None:
    write.error = None
    try:
        if isinstance(write.work, Publication):
            write.value = await publish(tx, write.work)
        else:
            write.value = await write.work(tx)
    except CarillonError as error:
        write.error = error


def _size(publication: Publication) -> int:
    message = publication.message
    size = OVERHEAD + len(message.title) + len(message.body)
    return size if message.extras is None else size + len(bytes(message.extras))
