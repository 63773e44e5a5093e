"""Inbox entries as rows, and how they change: each change of an entry gets a new number and is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import astuple, replace

from carillon.core.models import Entry, EntryChange
from carillon.storage.counters import draw
from carillon.storage.session import Row, Session, Table, Value, listed

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
CHUNK = 1024  # ids in one statement; SQLite takes 32766 values

# The entries of user ? that he can see, of those listed.
VISIBLE = f"""
    SELECT {COLUMNS} FROM entries e
    LEFT JOIN subscriptions s ON s.user_id = e.user_id AND s.application_id = e.application_id
    WHERE e.user_id = ? AND e.deleted = 0 AND e.message_id > coalesce(s.cleared_to, 0) AND e.message_id IN """

# Who has the listed messages: found by the application's subscriptions, which cost nothing when publishing.
HOLDERS = f"""
    SELECT {COLUMNS} FROM messages m
    JOIN subscriptions s ON s.application_id = m.application_id
    JOIN entries e ON e.user_id = s.user_id AND e.deleted = 0 AND e.message_id = m.id
    WHERE e.message_id > s.cleared_to AND m.id IN """


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


def chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]


async def visible(tx: Session, user_id: int, ids: Sequence[int]) -> list[Entry]:
    """By rising id."""
    found: list[Entry] = []
    for part in chunks(sorted(set(ids))):
        marks, values = listed(part)
        found += [entry_of(row) for row in await tx.rows(f"{VISIBLE} {marks} ORDER BY e.message_id", user_id, *values)]
    return found


async def renew(tx: Session, entries: Sequence[Entry]) -> None:
    """Stores entries that were not deleted as they are now, each under a new `changed`, and tells.

    Rows are removed and put back: two statements however many there are, each with other values.
    """
    if not entries:
        return
    _, changed = await draw(tx, changes=len(entries))
    new = [replace(entry, changed=number) for number, entry in enumerate(entries, changed)]
    for users in chunks(sorted({entry.user_id for entry in entries})):
        for messages in chunks(sorted({entry.message_id for entry in entries})):
            (user_marks, user_ids), (message_marks, message_ids) = listed(users), listed(messages)
            await tx.run(
                f"DELETE FROM entries WHERE user_id IN {user_marks} AND deleted = 0 AND message_id IN {message_marks}",
                *user_ids,
                *message_ids,
            )
    await tx.insert(ENTRIES, [row_of(entry) for entry in new])
    tx.tell([EntryChange(entry=entry) for entry in new])


async def release(tx: Session, ids: Sequence[int]) -> None:
    """One inbox has given up each of these messages: those that nobody has any more go."""
    for part in chunks(ids):
        marks, values = listed(part)
        await tx.run(f"DELETE FROM messages WHERE receivers <= 1 AND id IN {marks}", *values)
        await tx.run(f"UPDATE messages SET receivers = receivers - 1 WHERE id IN {marks}", *values)


async def withdraw(tx: Session, ids: Sequence[int], now: int) -> None:
    """Deletes messages from every inbox. Those that were cleared away there already are left to the sweep."""
    for part in chunks(ids):
        marks, values = listed(part)
        rows = await tx.rows(f"{HOLDERS} {marks} ORDER BY e.message_id, e.user_id", *values)
        await renew(tx, [replace(entry_of(row), deleted=now) for row in rows])
        await tx.run(f"DELETE FROM messages WHERE id IN {marks}", *values)
