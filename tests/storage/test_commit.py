"""Group commit over a writer that can be made to fail."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec import Raw

from carillon.core.errors import Conflict, DiskFull, Unavailable
from carillon.core.limits import Limits
from carillon.core.models import Change, Cleared
from carillon.storage.commit import BATCH_BYTES, BATCH_WRITES, Committer
from carillon.storage.lanes import LoopLane
from carillon.storage.session import Arrival, EngineKind, Row, Rows, Session, Table, Value
from tests.builders import SECOND, Clock, publication


class Journal:
    """A session that writes down what is asked of it, and draws numbers."""

    kind: EngineKind = "sqlite"

    def __init__(self, drawn: int) -> None:
        self.drawn = drawn
        self.inserted: list[int] = []  # how many messages at a time
        self.told: list[Change] = []

    async def rows(self, sql: str, *args: Value) -> Sequence[Row]:
        return []

    async def row(self, sql: str, *args: Value) -> Row | None:
        return None

    async def run(self, sql: str, *args: Value) -> int:
        return 0

    async def each(self, query: str, ids: Sequence[int], *args: Value) -> Sequence[Row]:
        return []

    async def run_each(self, sql: str, args: Sequence[tuple[Value, ...]]) -> None:
        pass

    async def rows_among(self, sql: str, ids: Sequence[int], *args: Value) -> Sequence[Row]:
        return []

    async def run_among(self, sql: str, ids: Sequence[int]) -> int:
        return 0

    async def insert(self, table: Table, rows: Rows) -> None:
        pass

    async def arrive(self, arrival: Arrival) -> tuple[int, int]:
        self.drawn += arrival.messages
        self.inserted.append(arrival.messages)
        return self.drawn - arrival.messages + 1, 1

    async def continue_ids(self, table: str, above: int) -> None:
        pass

    def tell(self, changes: Sequence[Change]) -> None:
        self.told += changes


class Writer:
    """Keeps what was committed. `fails` decides about each COMMIT; `slow` is called in it."""

    def __init__(self) -> None:
        self.committed: list[list[int]] = []
        self.begun = 0
        self.fails: Callable[[], Exception | None] = lambda: None
        self.slow: Callable[[], None] = lambda: None
        self.closed = False
        self.alone: list[bool] = []
        self._now: Journal | None = None
        self._drawn = 0

    def lane(self) -> LoopLane[Any]:
        return LoopLane("writer")

    async def begin(self, *, alone: bool) -> Journal:
        self.begun += 1
        self.alone.append(alone)
        self._now = Journal(self._drawn)
        return self._now

    async def commit(self) -> None:
        self.slow()
        if error := self.fails():
            raise error
        assert self._now
        self._drawn = self._now.drawn
        self.committed.append(self._now.inserted)

    async def rollback(self, error: Exception) -> None:
        self._now = None

    def trouble(self, error: Exception) -> Unavailable | None:
        if isinstance(error, MemoryError):
            return DiskFull("the disk is full")
        return Unavailable("storage cannot write now") if isinstance(error, OSError) else None

    async def close(self) -> None:
        self.closed = True


@asynccontextmanager
async def committing(
    writer: Writer, announce: Callable[[Sequence[Change]], None] = lambda _: None, limits: Limits | None = None
) -> AsyncIterator[Committer]:
    clock = Clock()
    writer.slow = lambda: clock.advance(2 * SECOND if writer.begun == 99 else 0)
    committer = Committer(writer, announce=announce, limits=limits or Limits(), clock=clock)
    yield committer
    await committer.close()


def cleared(number: int) -> Callable[[Session], Coroutine[Any, Any, int]]:
    async def clear(tx: Session) -> int:
        tx.tell([Cleared(user_id=1, changed=number, application_id=1, cleared_to=1)])
        return number

    return clear


async def fail(tx: Session) -> None:
    raise ValueError("bad")


async def refuse(tx: Session) -> None:
    raise Conflict("taken")


async def test_what_waits_is_committed_together() -> None:
    writer = Writer()
    async with committing(writer) as committer:
        stored = await asyncio.gather(*(committer.submit(publication(1, 1)) for _ in range(BATCH_WRITES + 5)))
        assert [message.id for message in stored] == sorted({message.id for message in stored})
    assert writer.committed == [[BATCH_WRITES], [5]]
    assert writer.closed


async def test_a_lone_write_waits_for_nobody() -> None:
    writer = Writer()
    async with committing(writer) as committer:
        for _ in range(3):
            await committer.submit(publication(1, 1))
    assert writer.committed == [[1], [1], [1]]


async def test_a_batch_is_bounded_in_bytes() -> None:
    writer = Writer()
    big = publication(1, 1, body="x" * (BATCH_BYTES // 3), extras=Raw(b" " * (BATCH_BYTES // 3)))
    async with committing(writer) as committer:
        await asyncio.gather(*(committer.submit(big) for _ in range(5)))
    assert writer.committed == [[2], [2], [1]]


async def test_runs_of_plain_messages_go_in_at_once_and_the_order_is_kept() -> None:
    writer = Writer()
    async with committing(writer) as committer:
        works = [publication(1, 1), publication(1, 1), publication(1, 1, key="k"), publication(1, 1)]
        first = [committer.submit(work) for work in works]
        middle = committer.submit(cleared(7))
        last = [committer.submit(publication(1, 1)) for _ in range(3)]
        await asyncio.gather(*first, middle, *last)
        await committer.submit(publication(1, 1))
    assert writer.committed == [[2, 1, 1, 3], [1]]
    assert writer.alone == [False, True]


async def test_futures_are_set_then_it_is_announced_then_callers_go_on() -> None:
    happened: list[str] = []
    done: list[asyncio.Future[int]] = []
    async with committing(Writer(), lambda _: happened.append(f"told, {done[0].done()}")) as committer:
        done.append(committer.submit(cleared(1)))
        await done[0]
        happened.append("went on")
    assert happened == ["told, True", "went on"]


async def test_a_refusal_is_an_answer_and_the_batch_goes_on() -> None:
    writer = Writer()
    async with committing(writer) as committer:
        refused, stored = committer.submit(refuse), committer.submit(publication(1, 1))
        with pytest.raises(Conflict):
            await refused
        await stored
    assert writer.begun == 1


async def test_after_a_failure_each_is_tried_alone() -> None:
    writer = Writer()
    told: list[Change] = []
    async with committing(writer, told.extend) as committer:
        outcomes = await asyncio.gather(
            committer.submit(cleared(1)),
            committer.submit(fail),
            committer.submit(cleared(2)),
            committer.submit(refuse),
            return_exceptions=True,
        )
    assert [type(outcome) for outcome in outcomes] == [int, ValueError, int, Conflict]
    assert [change.changed for change in told] == [1, 2]
    assert writer.begun == 1 + 4


async def test_trouble_fails_the_whole_batch_at_once(caplog: pytest.LogCaptureFixture) -> None:
    writer = Writer()
    writer.fails = lambda: OSError("detail for the log") if writer.begun <= 2 else None
    with caplog.at_level(logging.WARNING, "carillon.storage"):
        async with committing(writer) as committer:
            for _ in range(2):
                outcomes = await asyncio.gather(
                    *(committer.submit(publication(1, 1)) for _ in range(3)), return_exceptions=True
                )
                assert [str(outcome) for outcome in outcomes] == ["storage cannot write now"] * 3
                assert len({id(outcome) for outcome in outcomes}) == 3
            assert (await committer.submit(publication(1, 1))).id == 1
    assert writer.begun == 3
    assert [record.message for record in caplog.records] == [
        "storage cannot write now: OSError: detail for the log",
        "storage writes again",
    ]


async def test_trouble_while_trying_alone_fails_the_rest() -> None:
    writer = Writer()
    writer.fails = lambda: MemoryError() if writer.begun == 3 else None
    async with committing(writer) as committer:
        outcomes = await asyncio.gather(
            committer.submit(cleared(1)),
            committer.submit(cleared(2)),
            committer.submit(fail),
            committer.submit(cleared(3)),
            return_exceptions=True,
        )
    assert [type(outcome) for outcome in outcomes] == [int, DiskFull, DiskFull, DiskFull]
    assert writer.begun == 3


async def test_an_announcement_that_fails_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def announce(changes: Sequence[Change]) -> None:
        raise ValueError

    async with committing(Writer(), announce) as committer:
        assert await committer.submit(cleared(1)) == 1
        assert await committer.submit(cleared(2)) == 2
    assert [record.message for record in caplog.records] == ["announcing failed"] * 2


async def test_a_slow_commit_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    writer = Writer()
    async with committing(writer) as committer:
        await committer.submit(cleared(1))
        writer.begun = 98
        await committer.submit(cleared(1))
    assert [record.message for record in caplog.records] == ["storing 1 writes took 2.0 s"]


async def test_room_is_given_back_when_writes_settle() -> None:
    async with committing(Writer(), limits=Limits(queued_writes=2)) as committer:
        for _ in range(3):
            futures: list[asyncio.Future[Any]] = [committer.submit(fail), committer.submit(cleared(1))]
            with pytest.raises(Unavailable):
                committer.submit(cleared(2))
            futures[1].cancel()
            await asyncio.gather(*futures, return_exceptions=True)
            await committer.submit(cleared(3))


async def test_closing_twice_is_closing_once() -> None:
    writer = Writer()
    async with committing(writer) as committer:
        last = committer.submit(cleared(1))
        await committer.close()
        assert last.result() == 1
        with pytest.raises(Unavailable):
            committer.submit(cleared(2))
