"""What is filled behind the publishing, by rising id: the index of words, and the counters.

Nothing of it happens where a message is published: a slice is a write of its own, made when there is time. Ids become
visible in their order, so all up to the highest one are there; but for those that another server's messages keep.
"""

from __future__ import annotations

from collections.abc import Sequence

from carillon.core.ports import Filled
from carillon.storage.search_lists import INDEXES
from carillon.storage.session import Session

SEARCH, STATISTICS = "search", "statistics"
FORGOTTEN = "forgotten counters"  # reached: the hour before which there may be none any more
LARGEST = 250_000  # characters of one slice
HOUR = 3600 * 1_000_000  # µs

REACHED = "SELECT reached FROM filled WHERE name = ?"
REACH = "UPDATE filled SET reached = ? WHERE name = ?"
NEXT = "SELECT id, length(title) + length(body), created FROM messages WHERE id > ? ORDER BY id LIMIT ?"
NOTE_HOURS = """
    INSERT INTO search_hours (hour, first_id, last_id) VALUES (?, ?, ?)
    ON CONFLICT (hour) DO UPDATE SET
        first_id = CASE WHEN excluded.first_id < search_hours.first_id
            THEN excluded.first_id ELSE search_hours.first_id END,
        last_id = CASE WHEN excluded.last_id > search_hours.last_id
            THEN excluded.last_id ELSE search_hours.last_id END
"""
LAST = "SELECT max(n.id) FROM (SELECT id FROM messages WHERE id > ? ORDER BY id LIMIT ?) n"
COUNT = """
    INSERT INTO statistics (application_id, hour, level, messages, last)
    SELECT application_id, created / 3600000000, level, count(*), max(created) FROM messages
    WHERE id {chosen} GROUP BY application_id, created / 3600000000, level
    ON CONFLICT (application_id, hour, level) DO UPDATE SET
        messages = statistics.messages + excluded.messages,
        last = CASE WHEN excluded.last > statistics.last THEN excluded.last ELSE statistics.last END
"""
# What was deleted stays counted, so there may be fewer.
MISCOUNTED = """
    SELECT count(*) FROM (
        SELECT application_id, created / 3600000000 AS hour, level, count(*) AS messages FROM messages
        WHERE id <= ? GROUP BY application_id, created / 3600000000, level
    ) m
    JOIN applications a ON a.id = m.application_id
    LEFT JOIN statistics s ON s.application_id = m.application_id AND s.hour = m.hour AND s.level = m.level
    WHERE m.messages > coalesce(s.messages, 0)
    AND m.hour >= ?
"""


async def reached(tx: Session, name: str) -> int:
    row = await tx.row(REACHED, name)
    return row[0] if row else 0


async def fill(tx: Session, limit: int) -> Filled:
    """Up to `limit` messages more, and a slice of what keeps the index fast."""
    (newest,) = await tx.rows("SELECT message FROM counters")
    indexed = await _fill_index(tx, limit)
    counted = await _count(tx, limit)
    tidied = await INDEXES[tx.kind].tidy(tx, indexed or limit)
    return Filled(indexed, newest[0], more=indexed > 0 or counted or tidied)


async def fill_late(tx: Session, ids: Sequence[int]) -> None:
    """Messages that have just come with ids of their own: what is past them already takes them in at once."""
    indexed, counted = await reached(tx, SEARCH), await reached(tx, STATISTICS)
    for row in await tx.each("SELECT id, created FROM messages WHERE id = ?", ids):
        if row[0] <= indexed:
            await _index(tx, [row])
    late = [number for number in ids if number <= counted]
    if late:
        await tx.run_among(COUNT.format(chosen="AMONG ?"), late)


async def faults(tx: Session) -> list[str]:
    """Reads whole tables."""
    after = await reached(tx, SEARCH)
    ((messages,),) = await tx.rows("SELECT count(*) FROM messages WHERE id <= ?", after)
    indexed = await INDEXES[tx.kind].size(tx)
    found = [] if indexed == messages else [f"{messages} messages to find, and {indexed} in the search index"]
    ((hours,),) = await tx.rows(MISCOUNTED, await reached(tx, STATISTICS), await reached(tx, FORGOTTEN))
    return found + ([f"{hours} hours with more messages than were counted"] if hours else [])


async def _fill_index(tx: Session, limit: int) -> int:
    rows = await tx.rows(NEXT, await reached(tx, SEARCH), limit)
    taken, room = 0, LARGEST
    for _, size, _ in rows:
        taken += 1
        room -= size
        if room < 0:
            break
    if taken:
        await _index(tx, [(row[0], row[2]) for row in rows[:taken]])
        await tx.run(REACH, rows[taken - 1][0], SEARCH)
    return taken


async def _index(tx: Session, messages: Sequence[Sequence[int]]) -> None:
    """Of each its id and when it was created, by rising id; between the first and the last there are no others."""
    await INDEXES[tx.kind].add(tx, messages[0][0], messages[-1][0])
    hours: dict[int, tuple[int, int]] = {}
    for number, created in messages:
        first, _ = hours.get(created // HOUR, (number, number))
        hours[created // HOUR] = (first, number)
    await tx.run_each(NOTE_HOURS, [(hour, *ends) for hour, ends in sorted(hours.items())])


async def _count(tx: Session, limit: int) -> bool:
    """Whether there was something to count."""
    after = await reached(tx, STATISTICS)
    (row,) = await tx.rows(LAST, after, limit)
    if row[0] is None:
        return False
    await tx.run(COUNT.format(chosen="> ? AND id <= ?"), after, row[0])
    await tx.run(REACH, row[0], STATISTICS)
    return True
