"""What is filled behind the publishing, by rising id: the index of words.

Nothing of it happens where a message is published: a slice is a write of its own, made when there is time. Ids become
visible in their order, so all up to the highest one are there; but for those that another server's messages keep.
"""

from __future__ import annotations

from carillon.core.ports import Filled
from carillon.storage.search_lists import INDEXES
from carillon.storage.session import Session

SEARCH = "search"
LARGEST = 250_000  # characters of one slice
HOUR = 3600 * 1_000_000  # µs

REACHED = "SELECT reached FROM filled WHERE name = ?"
REACH = "UPDATE filled SET reached = ? WHERE name = ?"
NEXT = """
    SELECT id, length(title) + length(body), created FROM messages WHERE id > ? ORDER BY id LIMIT ?
"""
NOTE_HOURS = """
    INSERT INTO search_hours (hour, first_id, last_id) VALUES (?, ?, ?)
    ON CONFLICT (hour) DO UPDATE SET
        first_id = CASE WHEN excluded.first_id < search_hours.first_id
            THEN excluded.first_id ELSE search_hours.first_id END,
        last_id = CASE WHEN excluded.last_id > search_hours.last_id
            THEN excluded.last_id ELSE search_hours.last_id END
"""


async def reached(tx: Session, name: str) -> int:
    row = await tx.row(REACHED, name)
    return row[0] if row else 0


async def fill(tx: Session, limit: int) -> Filled:
    """Up to `limit` messages more."""
    (newest,) = await tx.rows("SELECT message FROM counters")
    messages = await _fill_search(tx, limit)
    tidied = await INDEXES[tx.kind].tidy(tx)
    return Filled(messages, newest[0], more=messages > 0 or tidied)


async def _fill_search(tx: Session, limit: int) -> int:
    rows = await tx.rows(NEXT, await reached(tx, SEARCH), limit)
    taken, room = 0, LARGEST
    for _, size, _ in rows:
        taken += 1
        room -= size
        if room < 0:
            break
    if taken:
        await index(tx, [(row[0], row[2]) for row in rows[:taken]])
        await tx.run(REACH, rows[taken - 1][0], SEARCH)
    return taken


async def index(tx: Session, messages: list[tuple[int, int]]) -> None:
    """Of each its id and when it was created, by rising id and without a gap that holds others."""
    await INDEXES[tx.kind].add(tx, messages[0][0], messages[-1][0])
    hours: dict[int, tuple[int, int]] = {}
    for number, created in messages:
        first, _ = hours.get(created // HOUR, (number, number))
        hours[created // HOUR] = (first, number)
    await tx.run_each(NOTE_HOURS, [(hour, *ends) for hour, ends in sorted(hours.items())])
