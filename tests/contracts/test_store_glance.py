"""The Store port: how much is in an inbox, and the notes of its last hours; also when it is full."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from carillon.core.models import NOTES, NOTES_BEYOND, TOTAL_CAP, UNREAD_CAP, Application, Count, User
from carillon.core.ports import Store
from carillon.storage.glance import BY_APPLICATION, PINNED
from carillon.storage.inbox import UNREAD
from carillon.storage.session import Session, Value
from tests.builders import HOUR, NOON, SECOND
from tests.contracts.stores import Home, add_application, add_user, send, write

MANY = 100_000

# Of the application and user with the id 1, a second apart; every hundredth is pinned.
FILL_MESSAGES = f"""
    INSERT INTO messages (id, public_id, application_id, title, body, content_type, dialect, priority, level,
    encrypted, receivers, created)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY})
    SELECT i, 'p' || i, 1, 'title', 'body', 'text/plain', 'native', 5, 5, FALSE, 1,
    {NOON} + CAST(i AS BIGINT) * {SECOND} FROM n
"""  # noqa: S608  # numbers of the tests' own
FILL_ENTRIES = f"""
    INSERT INTO entries (user_id, deleted, message_id, application_id, changed, pinned)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY})
    SELECT 1, 0, i, 1, i, CASE WHEN i % 100 = 0 THEN {NOON} END FROM n
"""  # noqa: S608  # as above


@pytest.fixture
async def ada(store: Store) -> User:
    return await add_user(store)


@pytest.fixture
async def backup(store: Store, ada: User) -> Application:
    return await add_application(store, ada, "Backup")


@pytest.fixture
async def full(store: Store, ada: User, backup: Application) -> Store:
    async def fill(tx: Session) -> None:
        assert (ada.id, backup.id) == (1, 1)
        await tx.run(FILL_MESSAGES)
        await tx.run(FILL_ENTRIES)
        await tx.run("UPDATE counters SET message = ?, changed = ?", MANY, MANY)

    await write(store, fill)
    return store


async def test_what_is_unread_pinned_and_there_is_counted(store: Store, ada: User, backup: Application) -> None:
    eve = await add_user(store, "eve")
    door, empty = await add_application(store, ada, "Door"), await add_application(store, ada, "Empty")
    sent = [await send(store, application, ada, eve) for application in (backup, backup, backup, door)]
    await store.mark(ada.id, [sent[0].id, sent[3].id], read=NOON)
    await store.mark(ada.id, [sent[0].id, sent[1].id], pinned=NOON)
    await store.delete_entries(ada.id, [sent[1].id], now=NOON)
    found = await store.counts(ada.id)
    assert found.applications == [Count(backup.id, 1, 2), Count(door.id, 0, 1)]
    assert found.pinned == 1
    assert empty.id not in [one.application_id for one in found.applications]
    await store.clear(ada.id, backup.id, now=NOON, up_to=sent[0].id)
    found = await store.counts(ada.id)
    assert (found.applications[0], found.pinned) == (Count(backup.id, 1, 1), 0)


async def test_a_roll_is_what_came_since_newest_first(store: Store, ada: User, backup: Application) -> None:
    door = await add_application(store, ada, "Door")
    times = [NOON - 2 * HOUR, NOON - HOUR, NOON]
    old, first, second = [
        await send(store, application, ada, created=created, title=str(at))
        for at, (application, created) in enumerate(zip((backup, backup, door), times, strict=True))
    ]
    await store.mark(ada.id, [first.id], read=NOON)
    roll = await store.roll(ada.id, since=NOON - HOUR)
    assert (roll.since, roll.more) == (NOON - HOUR, 0)
    assert [(note.id, note.title, note.read) for note in roll.notes] == [(second.id, "2", False), (first.id, "1", True)]
    note = roll.notes[0]
    assert (note.public_id, note.application_id, note.created) == (second.public_id, door.id, NOON)
    assert (note.dialect, note.priority, note.level) == (second.dialect, second.priority, second.level)
    assert [note.id for note in (await store.roll(ada.id, since=0)).notes] == [second.id, first.id, old.id]
    await store.clear(ada.id, door.id, now=NOON)
    assert [note.id for note in (await store.roll(ada.id, since=0)).notes] == [first.id, old.id]
    assert (await store.roll((await add_user(store, "eve")).id, since=0)).notes == []


async def test_a_full_inbox_is_counted_to_a_bound(full: Store, ada: User) -> None:
    found = await full.counts(ada.id)
    assert found.applications == [Count(1, UNREAD_CAP, TOTAL_CAP)]
    assert found.pinned == min(MANY // 100, UNREAD_CAP)
    roll = await full.roll(ada.id, since=0)
    assert (len(roll.notes), roll.notes[0].id, roll.more) == (NOTES, MANY, NOTES_BEYOND)
    part = await full.roll(ada.id, since=NOON + (MANY - 2999) * SECOND)
    assert (len(part.notes), part.more) == (NOTES, 1000)
    few = await full.roll(ada.id, since=NOON + (MANY - 9) * SECOND)
    assert (len(few.notes), few.more) == (10, 0)


async def test_what_is_cleared_and_not_swept_counts_for_nothing(full: Store, ada: User) -> None:
    await full.clear(ada.id, 1, now=NOON, up_to=MANY - 5)
    found = await full.counts(ada.id)
    assert (found.applications, found.pinned) == ([Count(1, 5, 5)], 1)
    assert len((await full.roll(ada.id, since=0)).notes) == 5
    assert await full.read_up_to(ada.id, MANY - 1, now=NOON, limit=100) == 4
    assert (await full.counts(ada.id)).applications == [Count(1, 1, 5)]
    await full.clear(ada.id, 1, now=NOON)
    assert (await full.counts(ada.id)).applications == []


READS: tuple[tuple[str, tuple[Value, ...], int], ...] = (
    (BY_APPLICATION, (1,), UNREAD_CAP + TOTAL_CAP),
    (PINNED, (1,), UNREAD_CAP),
    (UNREAD, (1, 1, MANY - 50, MANY, 20), 20),
)


async def test_no_more_rows_are_read_than_are_counted(full: Store, home: Home) -> None:
    """PostgreSQL says how many it read; SQLite, by which index it looks, and the bound ends that."""

    async def explain(tx: Session) -> None:
        for sql, args, bound in READS:
            if home.url is None:
                rows = await tx.rows(f"EXPLAIN QUERY PLAN {sql}", *args)
                _look_at_steps([row[3] for row in rows])
            else:
                ((plan,),) = await tx.rows(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *args)
                _look_at_rows(json.loads(plan), bound)

    await write(full, explain)


def _look_at_steps(steps: list[str]) -> None:
    assert any("COVERING INDEX entries_" in step for step in steps), steps
    assert not any(step.startswith(("SEARCH e USING PRIMARY", "SEARCH entries USING PRIMARY")) for step in steps), steps
    assert not any("SCAN e" in step or "TEMP B-TREE" in step for step in steps), steps


def _look_at_rows(plan: Any, bound: int) -> None:
    scans = list(_scans(plan[0]["Plan"]))
    assert scans
    read = sum((one["Actual Rows"] + one.get("Rows Removed by Filter", 0)) * one["Actual Loops"] for one in scans)
    assert 0 < read <= bound + len(scans), plan


def _scans(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if node.get("Relation Name") == "entries":
        yield node
    for one in node.get("Plans", ()):
        yield from _scans(one)
