"""An inbox at a glance: how much is in it, and the notes of its last hours. What is looked at is bounded."""

from __future__ import annotations

from carillon.core.models import NOTES, NOTES_BEYOND, TOTAL_CAP, UNREAD_CAP, Count, Counts, Note, Roll
from carillon.storage.inbox import newest
from carillon.storage.session import FAR, Row, Session

SLICE = 500  # notes looked for at a time

# Each by an index of its own, in its order: so it ends at the bound, whatever the database believes about sizes.
BY_APPLICATION = f"""
    SELECT s.application_id, (
        SELECT count(*) FROM (
            SELECT 1 FROM entries e
            WHERE e.user_id = s.user_id AND e.application_id = s.application_id AND e.read IS NULL AND e.deleted = 0
            AND e.message_id > s.cleared_to ORDER BY e.message_id LIMIT {UNREAD_CAP}
        ) u
    ), (
        SELECT count(*) FROM (
            SELECT 1 FROM entries e
            WHERE e.user_id = s.user_id AND e.application_id = s.application_id AND e.deleted = 0
            AND e.message_id > s.cleared_to ORDER BY e.message_id LIMIT {TOTAL_CAP}
        ) t
    )
    FROM subscriptions s WHERE s.user_id = ? ORDER BY s.application_id
"""
PINNED = f"""
    SELECT count(*) FROM (
        SELECT 1 FROM entries e
        JOIN subscriptions s ON s.user_id = e.user_id AND s.application_id = e.application_id
        WHERE e.user_id = ? AND e.pinned IS NOT NULL AND e.deleted = 0 AND e.message_id > s.cleared_to
        LIMIT {UNREAD_CAP}
    ) p
"""

NOTE = """
    SELECT m.id, m.public_id, m.application_id, m.dialect, m.priority, m.level, m.created, m.title, e.read IS NOT NULL
    FROM entries e CROSS JOIN messages m
    WHERE e.message_id = ? AND e.user_id = ? AND e.deleted = 0 AND m.id = e.message_id AND m.created >= ?
"""
WITHIN = "SELECT 1 FROM messages WHERE id = ? AND created >= ?"


async def counts(tx: Session, user_id: int) -> Counts:
    rows = await tx.rows(BY_APPLICATION, user_id)
    ((pinned,),) = await tx.rows(PINNED, user_id)
    return Counts([Count(*row) for row in rows if row[2]], pinned)


async def roll(tx: Session, user_id: int, *, since: int) -> Roll:
    """Ends at the first SLICE of which none is within: ids rise with time but where another server's came later."""
    notes: list[Note] = []
    before = FAR
    while len(notes) < NOTES:
        ids = await newest(tx, user_id, before=before, limit=SLICE)
        rows = await tx.each(NOTE, ids, user_id, since)
        notes += [note_of(row) for row in rows]
        if not rows or len(ids) < SLICE:
            return Roll(since, notes[:NOTES], max(0, len(notes) - NOTES))
        before = ids[-1]
    further = await tx.each(WITHIN, await newest(tx, user_id, before=before, limit=NOTES_BEYOND), since)
    return Roll(since, notes[:NOTES], len(notes) - NOTES + len(further))


def note_of(row: Row) -> Note:
    *told, read = row
    return Note(*[*told, bool(read)])
