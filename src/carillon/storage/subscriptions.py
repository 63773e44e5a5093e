"""Who is tied to an application, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from carillon.core.errors import Conflict
from carillon.core.models import Application, Cleared, Subscription
from carillon.storage import notices, sort_keys
from carillon.storage.counters import draw
from carillon.storage.session import FAR, Row, Session

LAST_USED = "(SELECT max(t.last_used) FROM tokens t WHERE t.application_id = a.id)"
APPLICATION = (
    f"a.id, a.name, a.description, a.default_priority, a.created, {LAST_USED}, a.content_type, a.image, a.type, a.url"
)
WIDTH = 10

BY_GROUP = """EXISTS (
    SELECT 1 FROM group_applications ga JOIN group_members gm ON gm.group_id = ga.group_id
    WHERE ga.application_id = s.application_id AND gm.user_id = s.user_id
)"""
ROLE = f"CASE WHEN s.role = 'receiver' AND s.left_at = 0 AND {BY_GROUP} THEN 'member' ELSE s.role END"

# Whatever is in an inbox, its application is listed: some clients end themselves otherwise.
LISTED = """(s.left_at = 0 OR EXISTS (
    SELECT 1 FROM entries e WHERE e.user_id = s.user_id AND e.application_id = s.application_id
    AND e.deleted = 0 AND e.message_id > s.cleared_to
))"""

SUBSCRIPTIONS = f"""
    SELECT {APPLICATION}, s.user_id, {ROLE}, s.sort_key, s.cleared_to, s.changed, s.muted_until, s.min_level
    FROM subscriptions s JOIN applications a ON a.id = s.application_id WHERE s.user_id = ? AND {LISTED}
"""

CLEAR = """
    UPDATE subscriptions SET cleared_to = ?, changed = ?, left_at = CASE WHEN left_at > 0 THEN ? ELSE left_at END
    WHERE user_id = ? AND application_id = ?
"""

# The key of a tie that was left must be free for others.
LEFT_KEY = "~"
UNCHOSEN = "!" * 1000  # longer than any that comes from outside


def application_of(row: Row) -> Application:
    return Application(
        id=row[0],
        name=row[1],
        description=row[2],
        default_priority=row[3],
        created=row[4],
        last_used=row[5],
        content_type=row[6],
        image=row[7],
        type=row[8],
        url=row[9],
    )


def subscription_of(row: Row) -> Subscription:
    user_id, role, sort_key, cleared_to, changed, muted_until, min_level = row[WIDTH:]
    return Subscription(
        user_id=user_id,
        application=application_of(row),
        role=role,
        sort_key=sort_key,
        cleared_to=cleared_to,
        changed=changed,
        muted_until=muted_until,
        min_level=min_level,
    )


async def one(tx: Session, user_id: int, application_id: int) -> Subscription | None:
    row = await tx.row(f"{SUBSCRIPTIONS} AND s.application_id = ?", user_id, application_id)
    return subscription_of(row) if row else None


async def of_user(tx: Session, user_id: int) -> list[Subscription]:
    rows = await tx.rows(f"{SUBSCRIPTIONS} ORDER BY s.sort_key, a.id", user_id)
    return [subscription_of(row) for row in rows]


async def receivers(tx: Session, application_id: int) -> tuple[int, ...]:
    """Owners and members; who has only once received is not reached again."""
    rows = await tx.rows(
        f"SELECT s.user_id FROM subscriptions s WHERE s.application_id = ? AND s.left_at = 0"
        f" AND {ROLE} <> 'receiver' ORDER BY s.user_id",
        application_id,
    )
    return tuple(user_id for (user_id,) in rows)


async def insert(tx: Session, user_id: int, application_id: int, *, role: str, sort_key: str | None = None) -> str:
    """Returns the sort key. Raises `Conflict` when it is in use."""
    key = await free_key(tx, user_id, sort_key)
    await tx.run(
        "INSERT INTO subscriptions (user_id, application_id, role, sort_key) VALUES (?, ?, ?, ?)",
        user_id,
        application_id,
        role,
        key,
    )
    return key


async def free_key(tx: Session, user_id: int, wanted: str | None) -> str:
    """The key itself, or for None one after the user's last. Raises `Conflict` when it is in use."""
    if wanted is None:
        row = await tx.row(
            "SELECT sort_key FROM subscriptions WHERE user_id = ? AND left_at = 0 ORDER BY sort_key DESC LIMIT 1",
            user_id,
        )
        return sort_keys.after(row[0] if row else None)
    if await _is_taken(tx, user_id, wanted):
        raise Conflict("sort key is not unique")
    return wanted


async def _is_taken(tx: Session, user_id: int, key: str) -> bool:
    return await tx.row("SELECT 1 FROM subscriptions WHERE user_id = ? AND sort_key = ?", user_id, key) is not None


async def order(tx: Session, user_id: int, ids: Sequence[int]) -> bool:
    """New keys for all ties that were not left, in the order of the ids, then in theirs.

    Each gets a key on the way that nobody can have chosen, since no two may have the same at any moment.
    """
    rows = await tx.rows(
        "SELECT application_id, left_at FROM subscriptions s WHERE user_id = ? ORDER BY sort_key", user_id
    )
    theirs = [number for number, left_at in rows if not left_at]
    if not set(ids) <= {*theirs, *await listed(tx, user_id)}:
        return False
    places = {number: place for place, number in enumerate(ids)}
    theirs.sort(key=lambda number: places.get(number, len(places)))
    update = "UPDATE subscriptions SET sort_key = ? WHERE user_id = ? AND application_id = ?"
    await tx.run_each(update, [(f"{UNCHOSEN}{number}", user_id, number) for number in theirs])
    key, keyed = None, []
    for number in theirs:
        key = sort_keys.after(key)
        keyed.append((key, user_id, number))
    await tx.run_each(update, keyed)
    await notices.tell(tx, [user_id], "applications")
    return True


async def tie(tx: Session, user_id: int, application_id: int) -> None:
    """Sees to it that messages can reach him: a tie that is new or was left begins as a receiver's."""
    row = await tx.row(
        "SELECT left_at FROM subscriptions WHERE user_id = ? AND application_id = ?", user_id, application_id
    )
    if row is None:
        await insert(tx, user_id, application_id, role="receiver")
    elif row[0]:
        await tx.run(
            "UPDATE subscriptions SET left_at = 0, sort_key = ? WHERE user_id = ? AND application_id = ?",
            await free_key(tx, user_id, None),
            user_id,
            application_id,
        )


async def untie(tx: Session, user_id: int, application_id: int, *, now: int) -> None:
    """No more messages reach him; what he has, he keeps, and the application is listed while he does."""
    key = f"{LEFT_KEY}{application_id}"
    while await _is_taken(tx, user_id, key):  # by one that the user has chosen
        key += LEFT_KEY
    await tx.run(
        "UPDATE subscriptions SET role = 'receiver', left_at = ?, sort_key = ?"
        " WHERE user_id = ? AND application_id = ?",
        now,
        key,
        user_id,
        application_id,
    )


async def untie_strangers(tx: Session, user_id: int, application_id: int, *, now: int) -> None:
    """Unties who was a member by a share that is gone, unless another one holds him."""
    row = await tx.row(
        f"SELECT 1 FROM subscriptions s WHERE s.user_id = ? AND s.application_id = ?"
        f" AND s.left_at = 0 AND s.role = 'receiver' AND NOT {BY_GROUP}",
        user_id,
        application_id,
    )
    if row:
        await untie(tx, user_id, application_id, now=now)


async def leave(tx: Session, user_id: int, application_id: int, *, now: int) -> bool:
    if await one(tx, user_id, application_id) is None:
        return False
    await clear(tx, user_id, [application_id], now=now)
    await untie(tx, user_id, application_id, now=now)
    await notices.tell(tx, [user_id], "applications")
    return True


async def clear(tx: Session, user_id: int, application_ids: list[int], *, now: int) -> None:
    """All that there is."""
    await clear_to(tx, user_id, dict.fromkeys(application_ids, FAR), now=now)


async def clear_to(tx: Session, user_id: int, marks: Mapping[int, int], *, now: int) -> None:
    """Raises a mark that hides what is below; the sweep removes it physically later.

    No time is kept of it, but for a tie that was left: it has to be there as long as a device may not have heard.
    """
    following, changed = await draw(tx, changes=len(marks))
    for number, (application_id, mark) in enumerate(marks.items(), changed):
        cleared_to = min(mark, following - 1)
        await tx.run(CLEAR, cleared_to, number, now, user_id, application_id)
        change = Cleared(user_id=user_id, changed=number, application_id=application_id, cleared_to=cleared_to)
        tx.tell([change])


async def listed(tx: Session, user_id: int) -> list[int]:
    """The ids of the applications that are listed for a user, in his order."""
    rows = await tx.rows(
        f"SELECT s.application_id FROM subscriptions s WHERE s.user_id = ? AND {LISTED} ORDER BY s.sort_key", user_id
    )
    return [row[0] for row in rows]
