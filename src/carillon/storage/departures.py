"""What goes when a user goes."""

from __future__ import annotations

from carillon.storage import applications, users
from carillon.storage.session import Session

# The applications of user ? that no one else owns.
OWNED_ALONE = """
    SELECT s.application_id FROM subscriptions s WHERE s.user_id = ? AND s.role = 'owner' AND NOT EXISTS (
        SELECT 1 FROM subscriptions o
        WHERE o.application_id = s.application_id AND o.role = 'owner' AND o.user_id <> s.user_id
    )
"""


async def delete_user(tx: Session, user_id: int, *, now: int) -> bool:
    """With devices, ties, tokens, and the applications nobody else owns. Raises `Conflict` for the last admin.

    His entries belong to nobody then; the sweep removes them in slices, however many there are.
    """
    user = await users.by_id(tx, user_id)
    if user is None:
        return False
    await users.refuse_last_admin(tx, user)
    await tx.run("DELETE FROM tokens WHERE device_id IN (SELECT id FROM devices WHERE user_id = ?)", user_id)
    await tx.run("DELETE FROM devices WHERE user_id = ?", user_id)
    await tx.run("DELETE FROM group_members WHERE user_id = ?", user_id)
    owned = await tx.rows(OWNED_ALONE, user_id)
    await tx.run("DELETE FROM subscriptions WHERE user_id = ?", user_id)
    for (application_id,) in owned:
        await applications.delete(tx, application_id, now=now)
    await applications.remove_forsaken(tx)
    return await tx.run("DELETE FROM users WHERE id = ?", user_id) > 0
