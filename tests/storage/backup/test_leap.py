from __future__ import annotations

from collections.abc import Sequence

import pytest

from carillon.core.models import Change, EntryChange
from carillon.storage import inbox
from carillon.storage.backup.leap import LEAST, MOST, Numbers, distance, drawn, leap
from carillon.storage.sqlite import SqliteSession
from tests.builders import DAY, HOUR, NOON
from tests.storage.rows import new_application, new_messages, new_user

NOTHING = Numbers(0, 0)


@pytest.mark.parametrize(
    ("numbers", "age", "away", "expected"),
    [
        (0, HOUR, DAY, LEAST),
        (1000, 10 * DAY, 10 * DAY, LEAST + 10_000),
        (1000, 10 * DAY, 0, LEAST),
        (10**9, HOUR, 1000 * DAY, LEAST + MOST),
    ],
)
def test_how_far(numbers: int, age: int, away: int, expected: int) -> None:
    assert distance(numbers, age, away) == expected


def test_it_stays_within_what_clients_count_to() -> None:
    assert 7 * (LEAST + MOST) < 2**31
    assert 1000 * (LEAST + MOST) < 2**43  # where the cursors of a replay begin
    assert 1000 * LEAST < 2**31


async def test_the_counters_leap(tx: SqliteSession) -> None:
    ada = await new_user(tx)
    await new_messages(tx, await new_application(tx, ada), ada, count=3)
    before = await drawn(tx)
    after = await leap(tx, now=NOON + DAY, known=NOTHING)
    assert after == await drawn(tx)
    assert after.message == before.message + LEAST + 10 * 24 * before.message
    assert after.changed >= before.changed + LEAST


async def test_above_what_the_old_database_is_known_to_have_drawn(tx: SqliteSession) -> None:
    assert await leap(tx, now=NOON, known=Numbers(10**7, 10**8)) == Numbers(10**7 + LEAST, 10**8 + LEAST)


async def test_a_clock_that_went_back(tx: SqliteSession) -> None:
    await new_user(tx)
    before = await drawn(tx)
    assert await leap(tx, now=0, known=NOTHING) == Numbers(before.message + LEAST, before.changed + LEAST)


async def test_every_cursor_leads_to_the_beginning(tx: SqliteSession) -> None:
    """That of one who has seen more than is stored now, and that of one who has not: both have it whole then."""
    ada = await new_user(tx)
    application = await new_application(tx, ada)
    kept = await new_messages(tx, application, ada, count=3)
    cursor = (await inbox.changes(tx, ada.id, after=0, limit=100)).cursor
    after = await leap(tx, now=NOON, known=NOTHING)
    for seen in (1, cursor - 1, cursor, cursor + 5, after.changed - 1, after.changed + 1):
        page = await inbox.changes(tx, ada.id, after=seen, limit=100)
        assert (page.hole, page.changes) == (True, [])
    seen_now, cursor = await _replay(tx, ada.id)
    assert seen_now == [message.id for message in kept]
    (new,) = await new_messages(tx, application, ada)
    assert new.id == after.message + 1
    page = await inbox.changes(tx, ada.id, after=cursor, limit=100)
    assert not page.hole
    assert _ids(page.changes) == [new.id]


async def _replay(tx: SqliteSession, user: int) -> tuple[list[int], int]:
    found: list[int] = []
    cursor, more = 0, True
    while more:
        page = await inbox.changes(tx, user, after=cursor, limit=2)
        assert not page.hole
        found += _ids(page.changes)
        cursor, more = page.cursor, page.more
    return found, cursor


def _ids(changes: Sequence[Change]) -> list[int]:
    return [change.message.id for change in changes if isinstance(change, EntryChange) and change.message]
