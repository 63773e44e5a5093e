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
        ("deleted", "bigint"),
    ),
)
COLUMNS = ", ".join(f"e.{name}" for name, _ in ENTRIES.columns)
WIDTH = len(ENTRIES.columns)

# Those of the listed entries that the user can see.
VISIBLE = f"""
    SELECT {COLUMNS} FROM entries e
    LEFT JOIN subscriptions s ON s.user_id = e.user_id AND s.application_id = e.application_id
    WHERE e.user_id = ? AND e.deleted = 0 AND e.message_id > coalesce(s.cleared_to, 0) AND e.message_id IN (??)
    ORDER BY e.message_id
"""

# Who has the listed messages: found by the application's subscriptions, which cost nothing when publishing.
HOLDERS = f"""
    SELECT {COLUMNS} FROM messages m
    JOIN subscriptions s ON s.application_id = m.application_id
    JOIN entries e ON e.user_id = s.user_id AND e.deleted = 0 AND e.message_id = m.id
    WHERE e.message_id > s.cleared_to AND m.id IN (??)
    ORDER BY e.message_id, e.user_id
"""

LIFT = "DELETE FROM entries WHERE user_id IN (??) AND deleted = 0 AND message_id IN (??)"


def entry_of(row: Row) -> Entry:
    return Entry(
        user_id=row[0],
        message_id=row[1],
        application_id=row[2],
        changed=row[3],
        read=row[4],
        dismissed=row[5],
        acknowledged=row[6],
        deleted=row[7] or None,
    )


def row_of(entry: Entry) -> tuple[Value, ...]:
    row: tuple[Value, ...] = astuple(entry)
    return (*row[:-1], entry.deleted or 0)


async def visible(tx: Session, user_id: int, ids: list[int]) -> list[Entry]:
    """By rising id."""
    return [entry_of(row) for row in await tx.rows(VISIBLE, user_id, ids)]


async def renew(tx: Session, entries: Sequence[Entry]) -> None:
    """Stores entries that were not deleted as they are now, each under a new `changed`, and tells.

    Rows are removed and put back: two statements however many there are, each with other values.
    """
    if not entries:
        return
    _, changed = await draw(tx, changes=len(entries))
    new = [replace(entry, changed=number) for number, entry in enumerate(entries, changed)]
    users, messages = {entry.user_id for entry in entries}, {entry.message_id for entry in entries}
    await tx.run(LIFT, [*users], [*messages])
    await tx.insert(ENTRIES, [row_of(entry) for entry in new])
    tx.tell([EntryChange(entry=entry) for entry in new])


async def release(tx: Session, ids: list[int]) -> None:
    """One inbox has given up each of these messages: those that nobody has any more go."""
    await tx.run("DELETE FROM messages WHERE receivers <= 1 AND id IN (??)", ids)
    await tx.run("UPDATE messages SET receivers = receivers - 1 WHERE id IN (??)", ids)


async def withdraw(tx: Session, ids: list[int], now: int) -> None:
    """Deletes messages from every inbox. Those that were cleared away there already are left to the sweep."""
    holders = [entry_of(row) for row in await tx.rows(HOLDERS, ids)]
    await renew(tx, [replace(entry, deleted=now) for entry in holders])
    await tx.run("DELETE FROM messages WHERE id IN (??)", ids)
