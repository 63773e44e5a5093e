"""A user's inbox: its pages, what changed in it, and what he does to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec.structs import replace

from carillon.core.models import Change, ChangePage, Cleared, EntryChange, InboxItem
from carillon.storage import entries, messages, subscriptions
from carillon.storage.entries import entry_of, release, renew, visible
from carillon.storage.messages import message_of
from carillon.storage.session import FAR, Row, Session

# CROSS JOIN keeps SQLite from walking the messages and looking for the user's among them.
ITEM = f"SELECT {entries.COLUMNS}, {messages.COLUMNS}"
ITEMS = f"{ITEM} FROM entries e CROSS JOIN messages m WHERE m.id = e.message_id AND e.deleted = 0"

Order = Literal["ASC", "DESC"]  # of ids: from `after` upwards, or from `before` downwards
ORDERS: tuple[Order, ...] = ("ASC", "DESC")

WALK = {
    order: f"""
    {ITEMS} AND e.user_id = ? AND e.message_id > ? AND e.message_id < ? ORDER BY e.message_id {order} LIMIT ?
"""
    for order in ORDERS
}

# In two steps, of which the first needs its index only: else SQLite would walk the whole inbox for one application.
WALK_APPLICATION = {
    order: f"""
    {ITEM} FROM (
        SELECT user_id, message_id FROM entries
        WHERE user_id = ? AND application_id = ? AND deleted = 0 AND message_id > ? AND message_id < ?
        AND message_id > coalesce((SELECT cleared_to FROM subscriptions WHERE user_id = ? AND application_id = ?), 0)
        ORDER BY message_id {order} LIMIT ?
    ) n
    CROSS JOIN entries e CROSS JOIN messages m
    WHERE e.user_id = n.user_id AND e.deleted = 0 AND e.message_id = n.message_id AND m.id = n.message_id
    ORDER BY n.message_id {order}
"""
    for order in ORDERS
}

ONE = f"""{ITEMS} AND e.message_id = ? AND e.user_id = ? AND e.message_id > coalesce((
    SELECT cleared_to FROM subscriptions s WHERE s.user_id = e.user_id AND s.application_id = e.application_id
), 0)"""

BY_PUBLIC_ID = "SELECT id FROM messages WHERE public_id = ?"

UNSWEPT = "SELECT 1 FROM subscriptions WHERE user_id = ? AND swept_to < cleared_to LIMIT 1"
NEWEST = """
    SELECT message_id FROM entries WHERE user_id = ? AND deleted = 0 AND message_id < ? ORDER BY message_id DESC LIMIT ?
"""
NEAREST_OF = {
    order: f"""
    SELECT message_id FROM entries
    WHERE user_id = ? AND application_id = ? AND deleted = 0 AND message_id > ? AND message_id < ?
    ORDER BY message_id {order} LIMIT ?
"""
    for order in ORDERS
}

TIES = "SELECT application_id, cleared_to FROM subscriptions WHERE user_id = ? ORDER BY application_id"
UNREAD = """
    SELECT message_id FROM entries
    WHERE user_id = ? AND application_id = ? AND read IS NULL AND deleted = 0 AND message_id > ? AND message_id <= ?
    ORDER BY message_id LIMIT ?
"""
BETWEEN = """
    SELECT 1 FROM entries
    WHERE user_id = ? AND application_id = ? AND deleted = 0 AND message_id > ? AND message_id <= ? LIMIT 1
"""
NOT_OLDER = """
    SELECT e.message_id FROM entries e CROSS JOIN messages m
    WHERE e.user_id = ? AND e.application_id = ? AND e.deleted = 0 AND e.message_id > ? AND e.message_id <= ?
    AND m.id = e.message_id AND m.created >= ? ORDER BY e.message_id LIMIT 1
"""

KNOWN = "SELECT c.changed, coalesce(u.forgotten, 0) FROM counters c LEFT JOIN users u ON u.id = ?"

CHANGED = f"""
    SELECT {entries.COLUMNS}, coalesce(s.cleared_to, 0), {messages.COLUMNS}
    FROM (SELECT * FROM entries WHERE user_id = ? AND changed > ? ORDER BY changed LIMIT ?) e
    LEFT JOIN subscriptions s ON s.user_id = e.user_id AND s.application_id = e.application_id
    LEFT JOIN messages m ON m.id = e.message_id AND e.deleted = 0 AND e.message_id > coalesce(s.cleared_to, 0)
    ORDER BY e.changed
"""

CLEARED = """
    SELECT user_id, changed, application_id, cleared_to FROM subscriptions
    WHERE user_id = ? AND changed > ? AND changed <= ?
"""

# A reader that began at 0 and is not yet past the last forgotten tombstone has missed nothing, though his number
# alone looks like that of one who has. So his cursor carries the sign of what was forgotten when he began, above the
# number itself; if more is forgotten on his way, it no longer fits. The sum stays below 2^53 for JavaScript's sake.
REPLAYING = 2**43


def item_of(row: Row) -> InboxItem:
    return InboxItem(entry_of(row), message_of(row[entries.WIDTH :]))


def storable(ids: Sequence[int]) -> list[int]:
    """Ids come from outside and may be beyond what a database takes."""
    return [number for number in ids if 0 < number < FAR]


async def page(
    tx: Session,
    user_id: int,
    *,
    limit: int,
    before: int | None = None,
    after: int | None = None,
    application_id: int | None = None,
) -> list[InboxItem]:
    bottom, top = _within(after or 0), _within(FAR if before is None else before)
    order: Order = "DESC" if after is None else "ASC"
    if application_id is not None:
        rows = await tx.rows(
            WALK_APPLICATION[order], user_id, application_id, bottom, top, user_id, application_id, limit
        )
    elif await tx.row(UNSWEPT, user_id):
        rows = await tx.each(ONE, await _merged(tx, user_id, bottom=bottom, top=top, order=order, limit=limit), user_id)
    else:
        rows = await tx.rows(WALK[order], user_id, bottom, top, limit)
    return [item_of(row) for row in rows]


def _within(number: int) -> int:
    return max(0, min(number, FAR))


async def _merged(tx: Session, user_id: int, *, bottom: int, top: int, order: Order, limit: int) -> list[int]:
    """Ids: while cleared entries wait for the sweep, a walk could cross a million of them.

    So: the nearest of each application above what was cleared of it, then the nearest of all these. Each of them is
    asked for at another moment, so what comes after the first is left for the next page: none is skipped.
    """
    ids: list[int] = []
    row = await tx.row("SELECT message FROM counters")
    top = min(top, row[0] + 1) if row else top
    for application_id, cleared_to in await _ties(tx, user_id, None):
        rows = await tx.rows(NEAREST_OF[order], user_id, application_id, max(bottom, cleared_to), top, limit)
        ids += [row[0] for row in rows]
    return sorted(ids, reverse=order == "DESC")[:limit]


async def newest(tx: Session, user_id: int, *, before: int, limit: int) -> list[int]:
    """Ids of up to `limit` messages below one, newest first."""
    if await tx.row(UNSWEPT, user_id):
        return await _merged(tx, user_id, bottom=0, top=before, order="DESC", limit=limit)
    return [row[0] for row in await tx.rows(NEWEST, user_id, before, limit)]


async def item(tx: Session, user_id: int, message_id: int) -> InboxItem | None:
    if not storable([message_id]):
        return None
    row = await tx.row(ONE, message_id, user_id)
    return item_of(row) if row else None


async def item_by_public_id(tx: Session, user_id: int, public_id: str) -> InboxItem | None:
    row = await tx.row(BY_PUBLIC_ID, public_id)
    return await item(tx, user_id, row[0]) if row else None


async def changes(tx: Session, user_id: int, *, after: int, limit: int) -> ChangePage:
    """Needs one snapshot for all its reads: else the cursor could jump over what is committed in between."""
    ((newest, forgotten),) = await tx.rows(KNOWN, user_id)
    replaying, position = divmod(after, REPLAYING)
    missed = replaying != _replaying(forgotten) if replaying else 0 < position < forgotten
    if missed or position > newest:
        return ChangePage([], newest, more=False, hole=True)
    rows = await tx.rows(CHANGED, user_id, position, limit)
    more = len(rows) == limit
    reached = rows[-1][3] if more else newest
    found: list[Change] = [change for row in rows if (change := _change_of(row))]
    found += [
        Cleared(user_id=row[0], changed=row[1], application_id=row[2], cleared_to=row[3])
        for row in await tx.rows(CLEARED, user_id, position, reached)
    ]
    found.sort(key=lambda change: change.changed)
    sign = _replaying(forgotten) * REPLAYING if reached < forgotten else 0
    return ChangePage(found, reached + sign, more, hole=False)


def _replaying(forgotten: int) -> int:
    """Never 0."""
    return forgotten % 1000 + 1


def _change_of(row: Row) -> EntryChange | None:
    """None: the entry has been cleared away."""
    entry = entry_of(row)
    if entry.message_id <= row[entries.WIDTH]:
        return None
    if entry.deleted is not None:
        return EntryChange(entry=entry)
    message = row[entries.WIDTH + 1 :]
    return EntryChange(entry=entry, message=message_of(message)) if message[0] is not None else None


async def mark(
    tx: Session,
    user_id: int,
    ids: Sequence[int],
    *,
    read: int | None = None,
    dismissed: int | None = None,
    pinned: int | None = None,
) -> list[int]:
    found = await visible(tx, user_id, storable(ids))
    marked = [
        replace(
            entry,
            read=_marked(entry.read, read),
            dismissed=_marked(entry.dismissed, dismissed),
            pinned=_marked(entry.pinned, pinned),
        )
        for entry in found
    ]
    await renew(tx, [after for before, after in zip(found, marked, strict=True) if after != before])
    return [entry.message_id for entry in found]


def _marked(before: int | None, wanted: int | None) -> int | None:
    """None leaves, 0 unsets."""
    return before if wanted is None else wanted or None


async def read_up_to(
    tx: Session, user_id: int, up_to: int, *, application_id: int | None = None, now: int, limit: int
) -> int:
    """Application by application, since what is cleared of each and not yet swept may be a million entries."""
    ids: list[int] = []
    for number, cleared_to in await _ties(tx, user_id, application_id):
        rows = await tx.rows(UNREAD, user_id, number, cleared_to, _within(up_to), limit - len(ids))
        ids += [row[0] for row in rows]
        if len(ids) == limit:
            break
    return len(await mark(tx, user_id, ids, read=now))


async def _ties(tx: Session, user_id: int, application_id: int | None) -> Sequence[tuple[int, int]]:
    """Application and `cleared_to`: of one, or for None of each."""
    rows = await tx.rows(TIES, user_id)
    return [(number, cleared_to) for number, cleared_to in rows if application_id in (None, number)]


async def delete(tx: Session, user_id: int, ids: Sequence[int], *, now: int) -> list[int]:
    found = await visible(tx, user_id, storable(ids))
    await renew(tx, [replace(entry, deleted=now) for entry in found])
    gone = [entry.message_id for entry in found]
    await release(tx, gone)
    return gone


async def clear(tx: Session, user_id: int, application_id: int | None, *, now: int, up_to: int | None = None) -> None:
    found = await subscriptions.listed(tx, user_id)
    wanted = [one for one in found if application_id in (None, one)]
    if up_to is None:
        await subscriptions.clear(tx, user_id, wanted, now=now)
    else:
        await clear_to(tx, user_id, dict.fromkeys(wanted, up_to), now=now)


async def clear_to(tx: Session, user_id: int, marks: Mapping[int, int], *, now: int) -> None:
    """An application of which nothing would go is left alone: nobody need hear of that."""
    rising: dict[int, int] = {}
    for number, cleared_to in await _ties(tx, user_id, None):
        mark = _within(marks.get(number, 0))
        if mark > cleared_to and await tx.row(BETWEEN, user_id, number, cleared_to, mark):
            rising[number] = mark
    if rising:
        await subscriptions.clear_to(tx, user_id, rising, now=now)


async def older(
    tx: Session, user_id: int, application_id: int | None, *, older_than: int, up_to: int | None = None
) -> dict[int, int]:
    """Times need not rise with ids: clocks go wrong, and another server's messages came later. So it looks at all."""
    ((newest,),) = await tx.rows("SELECT message FROM counters")
    top = newest if up_to is None else min(newest, _within(up_to))
    marks: dict[int, int] = {}
    for number, cleared_to in await _ties(tx, user_id, application_id):
        row = await tx.row(NOT_OLDER, user_id, number, cleared_to, top, older_than)
        marks[number] = row[0] - 1 if row else top
    return marks
