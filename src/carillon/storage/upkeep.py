"""What the housekeeper removes, a slice at a time, and what the doctor looks for."""

from __future__ import annotations

from collections.abc import Sequence

from carillon.storage import applications
from carillon.storage.entries import LIFT, release, withdraw
from carillon.storage.session import Session

# Steps from user to user along the index: as many look-ups as there are users, however many entries they have.
DEPARTED = """
    WITH RECURSIVE holders (id) AS (
        SELECT min(user_id) FROM entries
        UNION ALL
        SELECT (SELECT min(e.user_id) FROM entries e WHERE e.user_id > h.id) FROM holders h WHERE h.id IS NOT NULL
    )
    SELECT id FROM holders WHERE id IS NOT NULL AND id NOT IN (SELECT id FROM users)
"""

CLEARED = """
    SELECT message_id FROM entries
    WHERE user_id = ? AND application_id = ? AND deleted = 0 AND message_id <= ? ORDER BY message_id DESC LIMIT ?
"""
SWEPT = "UPDATE subscriptions SET swept_to = ? WHERE user_id = ? AND application_id = ?"

# The instant up to which a slice goes.
OLDEST = """
    SELECT max(o.deleted) FROM (
        SELECT deleted FROM entries WHERE deleted > 0 AND deleted < ? ORDER BY deleted LIMIT ?
    ) o
"""
FORGETTING = "SELECT user_id, max(changed) FROM entries WHERE deleted > 0 AND deleted <= ? GROUP BY user_id"
LEFT = """
    SELECT s.user_id, s.application_id, s.changed FROM subscriptions s
    WHERE s.left_at > 0 AND s.left_at < ? AND s.swept_to >= s.cleared_to AND NOT EXISTS (
        SELECT 1 FROM entries e
        WHERE e.user_id = s.user_id AND e.application_id = s.application_id AND e.deleted = 0
    )
    ORDER BY s.left_at LIMIT ?
"""
STALE_KEYS = """
    DELETE FROM idempotency WHERE expires <= (
        SELECT max(o.expires) FROM (SELECT expires FROM idempotency WHERE expires <= ? ORDER BY expires LIMIT ?) o
    )
"""

# What is wrong → a query for how often. Entries that wait for the sweep are in order without their message, and
# deliveries without their service.
INVARIANTS = {
    "messages above the counter": "SELECT count(*) FROM messages m, counters c WHERE m.id > c.message",
    "entries above the counter": "SELECT count(*) FROM entries e, counters c WHERE e.changed > c.changed",
    "subscriptions above the counters": """
        SELECT count(*) FROM subscriptions s, counters c
        WHERE s.changed > c.changed OR s.cleared_to > c.message OR s.swept_to > s.cleared_to
    """,
    "entries without their message": """
        SELECT count(*) FROM entries e
        JOIN users u ON u.id = e.user_id
        LEFT JOIN subscriptions s ON s.user_id = e.user_id AND s.application_id = e.application_id
        LEFT JOIN messages m ON m.id = e.message_id
        WHERE e.deleted = 0 AND m.id IS NULL AND e.message_id > coalesce(s.cleared_to, 0)
    """,
    "entries of an application that is not listed": """
        SELECT count(*) FROM entries e
        JOIN users u ON u.id = e.user_id
        LEFT JOIN subscriptions s ON s.user_id = e.user_id AND s.application_id = e.application_id
        WHERE e.deleted = 0 AND s.user_id IS NULL
    """,
    "messages with a wrong count of receivers": """
        SELECT count(*) FROM messages m
        LEFT JOIN (SELECT message_id, count(*) AS holders FROM entries WHERE deleted = 0 GROUP BY message_id) e
        ON e.message_id = m.id WHERE m.receivers <> coalesce(e.holders, 0)
    """,
    "services of nobody": """
        SELECT count(*) FROM services s
        LEFT JOIN users u ON u.id = s.user_id LEFT JOIN groups g ON g.id = s.group_id
        WHERE (s.scope = 'user' AND u.id IS NULL) OR (s.scope = 'group' AND g.id IS NULL)
    """,
    "attempts without their delivery": """
        SELECT count(*) FROM attempts a LEFT JOIN deliveries d ON d.id = a.delivery_id WHERE d.id IS NULL
    """,
    "deliveries whose end does not fit their state": """
        SELECT count(*) FROM deliveries d
        WHERE (d.state IN ('due', 'leased', 'retry', 'held')) <> (d.settled IS NULL)
    """,
}


COUNTS = """
    SELECT
        (SELECT count(*) FROM users),
        (SELECT count(*) FROM applications WHERE deleted IS NULL),
        (SELECT count(*) FROM messages)
"""


async def sweep(tx: Session, limit: int) -> int:
    removed = 0
    pending = await tx.rows(
        "SELECT user_id, application_id, cleared_to FROM subscriptions WHERE swept_to < cleared_to LIMIT ?", limit
    )
    for user_id, application_id, cleared_to in pending:
        rows = await tx.rows(CLEARED, user_id, application_id, cleared_to, limit - removed)
        await _remove(tx, user_id, [row[0] for row in rows])
        removed += len(rows)
        if removed >= limit:
            return removed
        await tx.run(SWEPT, cleared_to, user_id, application_id)
    for (user_id,) in await tx.rows(DEPARTED):
        if removed >= limit:
            break
        rows = await tx.rows(
            "SELECT message_id FROM entries WHERE user_id = ? AND deleted = 0 LIMIT ?", user_id, limit - removed
        )
        await _remove(tx, user_id, [row[0] for row in rows])
        removed += len(rows)
    return removed


async def _remove(tx: Session, user_id: int, ids: Sequence[int]) -> None:
    await tx.run_each(LIFT, [(user_id, number) for number in ids])
    await release(tx, ids)


async def expire(tx: Session, now: int, limit: int) -> int:
    rows = await tx.rows("SELECT id FROM messages WHERE expires <= ? ORDER BY expires LIMIT ?", now, limit)
    await withdraw(tx, [row[0] for row in rows], now)
    return len(rows)


async def forget(tx: Session, *, tombstones_before: int, now: int, limit: int) -> int:
    """All of one instant go together, so it may be a few more than `limit` of each kind."""
    removed = 0
    row = await tx.row(OLDEST, tombstones_before, limit)
    if row and row[0]:
        for user_id, changed in await tx.rows(FORGETTING, row[0]):
            await tx.run("UPDATE users SET forgotten = ? WHERE id = ? AND forgotten < ?", changed, user_id, changed)
        removed = await tx.run("DELETE FROM entries WHERE deleted > 0 AND deleted <= ?", row[0])
    removed += await _forget_ties(tx, tombstones_before, limit)
    return removed + await tx.run(STALE_KEYS, now, limit)


async def _forget_ties(tx: Session, before: int, limit: int) -> int:
    """Who still held a cursor from before one of them was cleared would not hear of it: for him it is a hole."""
    rows = await tx.rows(LEFT, before, limit)
    for user_id, application_id, changed in rows:
        await tx.run("UPDATE users SET forgotten = ? WHERE id = ? AND forgotten < ?", changed, user_id, changed)
        await tx.run("DELETE FROM subscriptions WHERE user_id = ? AND application_id = ?", user_id, application_id)
    if rows:
        await applications.remove_forsaken(tx)
    return len(rows)


async def faults(tx: Session) -> list[str]:
    """Reads whole tables."""
    found = [(await tx.rows(sql), what) for what, sql in INVARIANTS.items()]
    return [f"{rows[0][0]} {what}" for rows, what in found if rows[0][0]]


async def counts(tx: Session) -> tuple[int, int, int]:
    """Of users, applications that are not deleted, and messages."""
    (row,) = await tx.rows(COUNTS)
    return int(row[0]), int(row[1]), int(row[2])


async def ping(tx: Session) -> None:
    await tx.row("SELECT 1 FROM counters")


async def schema(tx: Session) -> int:
    """The number of the last migration."""
    (row,) = await tx.rows("SELECT max(number) FROM migrations")
    return int(row[0])
