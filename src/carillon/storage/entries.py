"""Inbox entries as rows, and how they change: each change of an entry gets a new number and is told."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import astuple, replace

from carillon.core.models import Entry, EntryChange
from carillon.storage.counters import draw
from carillon.storage.session import Row, Session, Table, Value

# The fields of Entry in their order. `deleted` is 0 where Entry has None, since it is part of the primary key.
ENTRIES = Table(
    "entries",
    (
        ("user_id", "bigint"),
        ("message_id", "bigint"),
        ("application_id", "bigint"),
        ("changed", "bigint"),
        ("read", "bigint"),
        ("dismissed", "bigint"),
        ("acknowledged", "bigint"),
        ("pinned", "bigint"),
        ("deleted", "bigint"),
    ),
    counted=(("message_id", "message"), ("changed", "changed")),
)
# Of an entry to which nothing has happened: the other columns hold NULL.
NEW_ENTRIES = Table("entries", ENTRIES.columns[:4] + ENTRIES.columns[-1:], counted=ENTRIES.counted)
COLUMNS = ", ".join(f"e.{name}" for name, _ in ENTRIES.columns)
WIDTH = len(ENTRIES.columns)

# If user ? can see it.
VISIBLE = f"""
    SELECT {COLUMNS} FROM entries e
    LEFT JOIN subscriptions s ON s.user_id = e.user_id AND s.application_id = e.application_id
    WHERE e.message_id = ? AND e.user_id = ? AND e.deleted = 0 AND e.message_id > coalesce(s.cleared_to, 0)
"""

# Who has a message: found by the application's subscriptions, since an index by message would cost every publish.
HOLDERS = f"""
    SELECT {COLUMNS} FROM messages m
    JOIN subscriptions s ON s.application_id = m.application_id
    JOIN entries e ON e.user_id = s.user_id AND e.deleted = 0 AND e.message_id = m.id
    WHERE m.id = ? AND e.message_id > s.cleared_to ORDER BY e.user_id
"""

LIFT = "DELETE FROM entries WHERE user_id = ? AND deleted = 0 AND message_id = ?"


def entry_of(row: Row) -> Entry:
    return Entry(
        user_id=row[0],
        message_id=row[1],
        application_id=row[2],
        changed=row[3],
        read=row[4],
        dismissed=row[5],
        acknowledged=row[6],
        pinned=row[7],
        deleted=row[8] or None,
    )


def row_of(entry: Entry) -> tuple[Value, ...]:
    row: tuple[Value, ...] = astuple(entry)
    return (*row[:-1], entry.deleted or 0)


async def visible(tx: Session, user_id: int, ids: Sequence[int]) -> list[Entry]:
    """By rising id."""
    return [entry_of(row) for row in await tx.each(VISIBLE, sorted(set(ids)), user_id)]


async def renew(tx: Session, entries: Sequence[Entry]) -> None:
    """Stores entries that were not deleted as they are now, each under a new `changed`, and tells.

    Rows are removed and put back, since what changes stands in the keys.
    """
    if not entries:
        return
    _, changed = await draw(tx, changes=len(entries))
    new = [replace(entry, changed=number) for number, entry in enumerate(entries, changed)]
    await tx.run_each(LIFT, [(entry.user_id, entry.message_id) for entry in entries])
    await tx.insert(ENTRIES, [row_of(entry) for entry in new])
    tx.tell([EntryChange(entry=entry) for entry in new])


async def release(tx: Session, ids: Sequence[int]) -> None:
    """One inbox has given up each of these messages: those that nobody has any more go."""
    await tx.run_among("DELETE FROM messages WHERE id AMONG ? AND receivers <= 1", ids)
    await tx.run_among("UPDATE messages SET receivers = receivers - 1 WHERE id AMONG ?", ids)


async def withdraw(tx: Session, ids: Sequence[int], now: int) -> None:
    """Deletes messages from every inbox. Those that were cleared away there already are left to the sweep."""
    holders = [entry_of(row) for row in await tx.each(HOLDERS, ids)]
    await renew(tx, [replace(entry, deleted=now) for entry in holders])
    await tx.run_among("DELETE FROM messages WHERE id AMONG ?", ids)
