from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from carillon.core.errors import Unavailable
from carillon.core.filling import LEAST, LONGEST_REST, MOST, ROUND, Filling
from carillon.core.ports import Filled
from tests.builders import SECOND, Clock, opened, publication


class Slow:
    """A store in which a slice takes a time, and others publish meanwhile."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.waiting = 10_000
        self.newest = 10_000
        self.arriving = 0
        self.seconds = 0.001
        self.slices: list[int] = []
        self.errors: list[Exception] = []

    async def fill(self, limit: int) -> Filled:
        if self.errors:
            raise self.errors.pop()
        self.slices.append(limit)
        self.clock.advance(int(self.seconds * SECOND))
        done = min(limit, self.waiting)
        self.waiting += self.arriving - done
        self.newest += self.arriving
        return Filled(done, self.newest, more=done > 0)


@pytest.fixture
def slow() -> Slow:
    return Slow(Clock())


def filling_of(slow: Any) -> Filling:
    return Filling(slow, slow.clock)


async def test_slices_grow_while_they_are_quick(slow: Slow) -> None:
    filling = filling_of(slow)
    for _ in range(8):
        await filling.step()
    assert slow.slices == [20, 40, 80, 160, 320, 500, 500, 500]
    slow.seconds = 0.1
    for _ in range(8):
        await filling.step()
    assert slow.slices[-6:] == [125, 62, 31, LEAST, LEAST, LEAST]
    assert max(slow.slices) == MOST


async def test_it_rests_longer_while_somebody_publishes(slow: Slow) -> None:
    filling = filling_of(slow)
    await filling.step()
    assert await filling.step() == pytest.approx(0.001)
    slow.arriving = 5
    for _ in range(5):
        assert await filling.step() == pytest.approx(0.03)
    assert slow.slices[-3:] == [100, 100, 100]
    slow.seconds = 1
    assert await filling.step() == LONGEST_REST


async def test_it_looks_now_and_then_when_nothing_waits(slow: Slow) -> None:
    slow.waiting = 0
    filling = filling_of(slow)
    assert await filling.step() == ROUND
    slow.waiting = 3
    assert await filling.step() < ROUND
    assert slow.slices == [LEAST, LEAST]


async def test_a_failure_is_told_and_tried_again(slow: Slow, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    for error, said in ((Unavailable("no disk"), "put off: no disk"), (ValueError("odd"), "filling failed")):
        slow.errors = [error]
        running = asyncio.create_task(filling_of(slow).run())
        await asyncio.sleep(0.01)
        running.cancel()
        assert said in caplog.text
        assert slow.errors == []


async def test_what_was_published_is_filled_in(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        ada = await house.user()
        backup, _ = await house.sender(ada)
        for number in range(50):
            await house.store.publish(publication(backup.application.id, ada.id, public_id=f"{number:012}"))
        running = asyncio.create_task(Filling(house.store, house.clock).run())
        for _ in range(500):
            if not (await house.store.fill(1)).more:
                break
            await asyncio.sleep(0.01)
        assert (await house.store.fill(1)).messages == 0
        running.cancel()
