from __future__ import annotations

from carillon.core.models import Hourly, Storage, Tally
from carillon.storage.filling import fill
from carillon.storage.sqlite import SqliteSession
from carillon.storage.statistics import storage, tally
from tests.builders import HOUR, NOON
from tests.storage.rows import new_application, new_messages, new_user

START = NOON // HOUR


async def test_what_is_not_counted_yet_is_added(tx: SqliteSession) -> None:
    ada = await new_user(tx)
    backup = await new_application(tx, ada)
    await new_messages(tx, backup, ada, count=3)
    await fill(tx, 2)
    found = await tally(tx, ada.id, since=START, until=START + 1, before=START - 1, before_until=START)
    assert found.hours == [Hourly(START, 5, 2), Hourly(START, 5, 1)]
    assert [(sent.name, sent.messages) for sent in found.applications] == [("Backup", 2), ("Backup", 1)]
    assert (found.previous, found.unread) == (0, 3)
    later = await tally(tx, ada.id, since=START + 1, until=START + 2, before=START, before_until=START + 1)
    assert later == Tally([], [], 3, 3)


async def test_the_size_is_that_of_the_engine(tx: SqliteSession) -> None:
    assert await storage(tx, 7) == Storage(7, 0, 0, 0)
