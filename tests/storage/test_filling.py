from __future__ import annotations

from carillon.core.ports import Filled
from carillon.storage.filling import SEARCH, STATISTICS, faults, fill, fill_late, reached
from carillon.storage.search_sqlite import SqliteIndex
from carillon.storage.sqlite import SqliteSession
from tests.storage.rows import new_application, new_messages, new_user


async def test_it_goes_on_from_where_it_was(tx: SqliteSession) -> None:
    ada = await new_user(tx)
    backup = await new_application(tx, ada)
    assert await reached(tx, SEARCH) == 0 == await reached(tx, "nothing")
    await new_messages(tx, backup, ada, count=5)
    assert await fill(tx, 3) == Filled(3, 5, more=True)
    assert await reached(tx, SEARCH) == 3 == await reached(tx, STATISTICS)
    assert await fill(tx, 3) == Filled(2, 5, more=True)
    assert await fill(tx, 3) == Filled(0, 5, more=False)
    assert await tx.rows("SELECT messages FROM statistics") == [(5,)]


async def test_what_comes_late_is_taken_in_at_once_where_it_was_passed(tx: SqliteSession) -> None:
    ada = await new_user(tx)
    backup = await new_application(tx, ada)
    await new_messages(tx, backup, ada, count=4)
    await fill(tx, 10)
    await tx.run("UPDATE filled SET reached = 2 WHERE name = 'statistics'")
    await tx.run("DELETE FROM messages WHERE id IN (2, 3)")  # and they come back, as from another server
    await tx.run("UPDATE messages SET id = 2 WHERE id = 1")
    await fill_late(tx, [2])
    assert await SqliteIndex().size(tx) == 3
    assert sum(row[0] for row in await tx.rows("SELECT messages FROM statistics")) == 6
    await fill_late(tx, [])
    await fill_late(tx, [4])


async def test_what_is_wrong_is_found(tx: SqliteSession) -> None:
    ada = await new_user(tx)
    backup = await new_application(tx, ada)
    await new_messages(tx, backup, ada, count=3)
    assert await faults(tx) == []
    await fill(tx, 2)
    assert await faults(tx) == []
    await tx.run("UPDATE filled SET reached = 3")
    await tx.run("UPDATE statistics SET messages = 1")
    assert await faults(tx) == [
        "3 messages to find, and 2 in the search index",
        "1 hours with more messages than were counted",
    ]
    await tx.run("DELETE FROM statistics")
    assert (await faults(tx))[1] == "1 hours with more messages than were counted"
