from __future__ import annotations

import asyncio

import pytest

from carillon.core.errors import DiskFull
from carillon.ops.snapshots import snapshots


class Taker:
    """Remembers how it was asked; `trouble` is raised."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self.asked: list[bool] = []
        self.trouble = trouble
        self.often = asyncio.Event()
        self.slow = False
        self.given_up = 0

    async def take(self, *, hurried: bool) -> bool:
        self.asked.append(hurried)
        if len(self.asked) >= 3:
            self.often.set()
        if self.slow:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                self.given_up += 1
                raise
        if self.trouble:
            raise self.trouble
        return True


async def test_at_the_start_again_and_again_and_at_the_end() -> None:
    taker = Taker()
    async with snapshots(taker, interval=0.01) as switch:
        switch.turn(on=True)
        await asyncio.wait_for(taker.often.wait(), 5)
        assert not any(taker.asked)
    assert taker.asked[-1]
    assert sum(taker.asked) == 1


async def test_one_an_hour() -> None:
    taker = Taker()
    async with snapshots(taker) as switch:
        switch.turn(on=True)
        switch.turn(on=True)
        await asyncio.sleep(0.05)
        assert taker.asked == [False]


async def test_none_while_it_is_off() -> None:
    taker = Taker()
    async with snapshots(taker, interval=0.01) as switch:
        await asyncio.sleep(0.03)
        assert taker.asked == []
        switch.turn(on=True)
        await asyncio.wait_for(taker.often.wait(), 5)
        switch.turn(on=False)
        before = len(taker.asked)
        await asyncio.sleep(0.03)
        assert len(taker.asked) <= before + 1
        before = len(taker.asked)
    assert len(taker.asked) == before
    assert True not in taker.asked


@pytest.mark.parametrize("trouble", [DiskFull("the disk is full"), ZeroDivisionError("a defect")])
async def test_a_failure_is_told_and_tried_again(trouble: Exception, caplog: pytest.LogCaptureFixture) -> None:
    taker = Taker(trouble)
    async with snapshots(taker, interval=0.01) as switch:
        switch.turn(on=True)
        await asyncio.wait_for(taker.often.wait(), 5)
    assert taker.asked[-1]
    assert str(trouble) in caplog.text


async def test_none_is_made_when_it_ends_in_disorder() -> None:
    taker = Taker()

    async def fail() -> None:
        async with snapshots(taker) as switch:
            switch.turn(on=True)
            await asyncio.sleep(0)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert True not in taker.asked


async def test_one_that_is_under_way_is_given_up_at_the_end() -> None:
    taker = Taker()
    taker.slow = True
    async with snapshots(taker) as switch:
        switch.turn(on=True)
        await asyncio.sleep(0.01)
        taker.slow = False
    assert (taker.asked, taker.given_up) == ([False, True], 1)


async def test_the_last_one_has_no_time_without_end(caplog: pytest.LogCaptureFixture) -> None:
    taker = Taker()
    async with snapshots(taker, patience=0.05) as switch:
        switch.turn(on=True)
        await asyncio.sleep(0.01)
        taker.slow = True
    assert taker.given_up == 1
    assert "no time for a last snapshot" in caplog.text
