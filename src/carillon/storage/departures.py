"""What goes when a user goes."""

from __future__ import annotations

from carillon.core.ports import Holdings
from carillon.storage import applications, notices, services, users
from carillon.storage.session import Session

# The applications of user ? that no one else owns.
OWNED_ALONE = """
    SELECT s.application_id FROM subscriptions s WHERE s.user_id = ? AND s.role = 'owner' AND NOT EXISTS (
        SELECT 1 FROM subscriptions o
        WHERE o.application_id = s.application_id AND o.role = 'owner' AND o.user_id <> s.user_id
    )
"""


# What user ? has in his inbox.
MESSAGES = """
    SELECT count(*) FROM (
        SELECT 1 FROM entries e
        LEFT JOIN subscriptions s ON s.user_id = e.user_id AND s.application_id = e.application_id
        WHERE e.user_id = ? AND e.deleted = 0 AND e.message_id > coalesce(s.cleared_to, 0) LIMIT ?
    ) counted
"""


async def holdings(tx: Session, user_id: int, limit: int) -> Holdings:
    names = await tx.each("SELECT name FROM applications WHERE id = ?", await _owned_alone(tx, user_id))
    ((devices,),) = await tx.rows("SELECT count(*) FROM devices WHERE user_id = ?", user_id)
    ((messages,),) = await tx.rows(MESSAGES, user_id, limit)
    return Holdings([name for (name,) in names], devices, messages)


async def _owned_alone(tx: Session, user_id: int) -> list[int]:
    return [application_id for (application_id,) in await tx.rows(OWNED_ALONE, user_id)]


async def delete_user(tx: Session, user_id: int, *, now: int) -> bool:
    """With all that is his, and the applications nobody else owns. Raises `Conflict` for the last admin.

    His entries belong to nobody then; the sweep removes them in slices, however many there are.
    """
    user = await users.by_id(tx, user_id)
    if user is None:
        return False
    await users.refuse_last_admin(tx, user)
    await services.delete_those_of(tx, user_id=user_id)
    await tx.run("DELETE FROM tokens WHERE device_id IN (SELECT id FROM devices WHERE user_id = ?)", user_id)
    await tx.run("DELETE FROM devices WHERE user_id = ?", user_id)
    await tx.run("DELETE FROM group_members WHERE user_id = ?", user_id)
    owned = await _owned_alone(tx, user_id)
    await tx.run("DELETE FROM subscriptions WHERE user_id = ?", user_id)
    for application_id in owned:
        await applications.delete(tx, application_id, now=now)
    await applications.remove_forsaken(tx)
    await tx.run("DELETE FROM users WHERE id = ?", user_id)
    await notices.tell_all(tx, "people")
    return True
