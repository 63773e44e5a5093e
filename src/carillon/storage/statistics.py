"""How many messages came when: counters by application, hour and level, which outlive the messages."""

from __future__ import annotations

from carillon.core.models import Daily, Hourly, Sent, Storage, Tally
from carillon.storage.filling import FORGOTTEN, STATISTICS, reached
from carillon.storage.session import Row, Session

TAIL = 20_000  # messages that are not counted yet, of which the newest are read
UNREAD = 100_000  # at most counted

OWN = "SELECT s.application_id FROM subscriptions s WHERE s.user_id = ? AND s.left_at = 0"

# The counted, and what is about to be.
COUNTED = """
    SELECT t.hour, t.level, sum(t.messages) FROM statistics t
    WHERE t.application_id AMONG ? AND t.hour >= ? AND t.hour < ? GROUP BY t.hour, t.level
"""
SENT = """
    SELECT t.application_id, t.level, sum(t.messages), max(t.last) FROM statistics t
    WHERE t.application_id AMONG ? AND t.hour >= ? AND t.hour < ? GROUP BY t.application_id, t.level
"""
DAILY = """
    SELECT t.application_id, max(t.hour), sum(t.messages) FROM statistics t
    WHERE t.application_id AMONG ? AND t.hour >= ? AND t.hour < ? GROUP BY t.application_id, (t.hour - ?) / 24
"""
UNCOUNTED = f"""
    SELECT application_id, created / 3600000000, level, count(*), max(created) FROM (
        SELECT application_id, created, level FROM messages WHERE id > ? ORDER BY id DESC LIMIT {TAIL}
    ) m GROUP BY 1, 2, 3
"""
UNREAD_ENTRIES = f"""
    SELECT count(*) FROM (
        SELECT 1 FROM subscriptions s CROSS JOIN entries e
        WHERE s.application_id AMONG ? AND s.user_id = ? AND e.user_id = s.user_id
        AND e.application_id = s.application_id AND e.read IS NULL AND e.deleted = 0 AND e.message_id > s.cleared_to
        LIMIT {UNREAD}
    ) u
"""
# From owner to owner, since the primary key has the hours of each in their order.
FORGET = (
    """
    DELETE FROM statistics WHERE (application_id, hour, level) IN (
        SELECT t.application_id, t.hour, t.level FROM applications a CROSS JOIN statistics t
        WHERE t.application_id = a.id AND t.hour < ? LIMIT ?
    )
    """,
    """
    DELETE FROM delivery_statistics WHERE (service_id, hour) IN (
        SELECT t.service_id, t.hour FROM services s CROSS JOIN delivery_statistics t
        WHERE t.service_id = s.id AND t.hour < ? LIMIT ?
    )
    """,
)
NOTE_FORGOTTEN = """
    INSERT INTO filled (name, reached) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET reached = excluded.reached
"""
NAMES = "SELECT id, name FROM applications WHERE id AMONG ?"
STORED = "SELECT (SELECT count(*) FROM messages), count(*), coalesce(sum(length(content)), 0) FROM images"


async def tally(tx: Session, user_id: int, *, since: int, until: int, before: int, before_until: int) -> Tally:
    """Hours since 1970, from each to before the next; of the applications the user is tied to."""
    own = [row[0] for row in await tx.rows(OWN, user_id)]
    late = [row for row in await tx.rows(UNCOUNTED, await reached(tx, STATISTICS)) if row[0] in set(own)]
    hours = [Hourly(*map(int, row)) for row in await tx.rows_among(COUNTED, own, since, until)]
    hours += [Hourly(hour, level, messages) for _, hour, level, messages, _ in _within(late, since, until)]
    names: dict[int, str] = {row[0]: row[1] for row in await tx.rows_among(NAMES, own)}
    sent = [
        Sent(number, names[number], level, int(messages), last)
        for number, level, messages, last in await tx.rows_among(SENT, own, since, until)
    ]
    sent += [
        Sent(number, names[number], level, messages, last)
        for number, _, level, messages, last in _within(late, since, until)
    ]
    previous = sum(int(row[2]) for row in await tx.rows_among(COUNTED, own, before, before_until))
    previous += sum(row[3] for row in _within(late, before, before_until))
    ((unread,),) = await tx.rows_among(UNREAD_ENTRIES, own, user_id)
    return Tally(hours, sent, previous, unread)


async def daily(tx: Session, user_id: int, *, since: int, until: int) -> list[Daily]:
    own = [row[0] for row in await tx.rows(OWN, user_id)]
    found = [Daily(*map(int, row)) for row in await tx.rows_among(DAILY, own, since, until, since)]
    late = [row for row in await tx.rows(UNCOUNTED, await reached(tx, STATISTICS)) if row[0] in set(own)]
    return found + [Daily(row[0], row[1], row[3]) for row in _within(late, since, until)]


async def forget(tx: Session, before: int, limit: int) -> int:
    await tx.run(NOTE_FORGOTTEN, FORGOTTEN, before)
    return sum([await tx.run(sql, before, limit) for sql in FORGET])


def _within(rows: list[Row], since: int, until: int) -> list[Row]:
    return [row for row in rows if since <= row[1] < until]


async def storage(tx: Session, database_bytes: int) -> Storage:
    ((messages, pictures, size),) = await tx.rows(STORED)
    return Storage(database_bytes, messages, pictures, int(size))
