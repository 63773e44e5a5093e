from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from carillon.ops.system import SystemClock
from carillon.storage.backup.pace import Pace, Stopped, in_thread

# Counts to a number that no test waits for.
ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


def test_it_rests_as_long_as_it_was_told() -> None:
    clock = SystemClock()
    pace = Pace(clock, share=4)
    threading.Event().wait(0.02)
    began = clock.monotonic()
    pace.rest()
    assert clock.monotonic() - began >= 0.08
    hurried = Pace(clock, share=0)
    began = clock.monotonic()
    for _ in range(1000):
        hurried.rest()
    assert clock.monotonic() - began < 0.5


def test_stopped_in_its_rest() -> None:
    pace = Pace(SystemClock(), share=1000)
    threading.Event().wait(0.01)
    threading.Timer(0.02, pace.stop).start()
    began = SystemClock().monotonic()
    with pytest.raises(Stopped):
        pace.rest()
    assert SystemClock().monotonic() - began < 0.9


def test_stopped_in_a_long_statement() -> None:
    pace = Pace(SystemClock(), share=0)
    with closing(sqlite3.connect(":memory:")) as db:
        threading.Timer(0.05, pace.stop).start()
        with pytest.raises(Stopped), pace.interrupting(db):
            db.execute(ENDLESS)


def test_another_failure_of_a_statement_is_no_stop() -> None:
    pace = Pace(SystemClock(), share=0)
    with closing(sqlite3.connect(":memory:")) as db, pytest.raises(sqlite3.OperationalError), pace.interrupting(db):
        db.execute("SELECT nothing")


async def test_a_cancelled_caller_waits_until_the_work_has_ended(tmp_path: Path) -> None:
    pace = Pace(SystemClock(), share=0)
    ended = []

    def work() -> None:
        with closing(sqlite3.connect(tmp_path / "db")) as db:
            try:
                with pace.interrupting(db):
                    db.execute(ENDLESS)
            finally:
                ended.append(True)

    caller = asyncio.create_task(in_thread(work, pace))
    await asyncio.sleep(0.05)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert ended


async def test_what_the_work_gives_and_raises() -> None:
    pace = Pace(SystemClock(), share=0)
    assert await in_thread(lambda: 42, pace) == 42
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 // 0, pace)
