from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from carillon.storage.lanes import Lane, LoopLane, ThreadLane, drive


async def _sum(*numbers: int) -> int:
    return sum(numbers)


async def _wait() -> None:
    await asyncio.sleep(0)


def test_a_coroutine_that_never_suspends_is_run_to_its_end() -> None:
    assert drive(_sum(1, 2)) == 3


def test_one_that_suspends_is_a_mistake() -> None:
    with pytest.raises(RuntimeError):
        drive(_wait())


@pytest.mark.parametrize(("make", "own_thread"), [(ThreadLane, True), (LoopLane, False)])
async def test_a_lane_hands_back_in_order(make: Callable[[str], Lane[int]], own_thread: bool) -> None:
    lane = make("writer")
    handed: list[tuple[int, bool]] = []
    here = threading.get_ident()
    ran_in: list[int] = []

    def note(number: int) -> Callable[[], None]:
        return lambda: handed.append((number, threading.get_ident() == here))

    async def work() -> None:
        ran_in.append(threading.get_ident())
        while number := await lane.take():
            lane.hand(note(number))
            while lane.waiting():
                if not (number := lane.take_now()):
                    return
                lane.hand(note(number))

    lane.start(work)
    for number in (1, 2, 3):
        lane.put(number)
        await asyncio.sleep(0.01)
    lane.put(4)
    lane.put(0)
    await lane.ended()
    assert handed == [(1, True), (2, True), (3, True), (4, True)]
    assert (ran_in != [here]) is own_thread


async def test_a_lane_that_was_not_started_has_ended() -> None:
    await ThreadLane[int]("writer").ended()
    await LoopLane[int]("writer").ended()
