"""Who else an application's messages reach: users, and groups of them."""

from __future__ import annotations

from carillon.core.models import Share
from carillon.storage import groups, notices, subscriptions
from carillon.storage.session import Session

BY_USER = """
    SELECT s.role, u.name, u.id FROM subscriptions s JOIN users u ON u.id = s.user_id
    WHERE s.application_id = ? AND s.left_at = 0 AND s.role <> 'receiver' ORDER BY u.id
"""
BY_GROUP = """
    SELECT g.name, g.id FROM group_applications ga JOIN groups g ON g.id = ga.group_id
    WHERE ga.application_id = ? ORDER BY g.id
"""


async def shares(tx: Session, application_id: int) -> list[Share]:
    by_user = await tx.rows(BY_USER, application_id)
    by_group = await tx.rows(BY_GROUP, application_id)
    return [Share(role=role, name=name, user_id=number) for role, name, number in by_user] + [
        Share(role="member", name=name, group_id=number) for name, number in by_group
    ]


async def share(tx: Session, application_id: int, *, user_id: int | None = None, group_id: int | None = None) -> bool:
    """An owner stays one."""
    alive = await tx.row("SELECT 1 FROM applications WHERE id = ? AND deleted IS NULL", application_id)
    if not alive:
        return False
    if user_id is not None:
        shared = await _share_with_user(tx, application_id, user_id)
    else:
        shared = group_id is not None and await _share_with_group(tx, application_id, group_id)
    if shared:
        await notices.tell_tied(tx, application_id)
    return shared


async def _share_with_user(tx: Session, application_id: int, user_id: int) -> bool:
    if await tx.row("SELECT 1 FROM users WHERE id = ?", user_id) is None:
        return False
    await subscriptions.tie(tx, user_id, application_id)
    await tx.run(
        "UPDATE subscriptions SET role = 'member' WHERE user_id = ? AND application_id = ? AND role = 'receiver'",
        user_id,
        application_id,
    )
    return True


async def _share_with_group(tx: Session, application_id: int, group_id: int) -> bool:
    if await groups.by_id(tx, group_id) is None:
        return False
    if not await tx.row(
        "SELECT 1 FROM group_applications WHERE group_id = ? AND application_id = ?", group_id, application_id
    ):
        await tx.run(
            "INSERT INTO group_applications (group_id, application_id) VALUES (?, ?)", group_id, application_id
        )
        for user in await groups.members(tx, group_id):
            await subscriptions.tie(tx, user.id, application_id)
    return True


async def unshare(
    tx: Session, application_id: int, *, user_id: int | None = None, group_id: int | None = None, now: int
) -> bool:
    """An owner is not a member, so his tie is not touched."""
    if user_id is not None:
        changed = await tx.run(
            "UPDATE subscriptions SET role = 'receiver' WHERE user_id = ? AND application_id = ? AND role = 'member'",
            user_id,
            application_id,
        )
        if changed:
            await subscriptions.untie_strangers(tx, user_id, application_id, now=now)
            await notices.tell_tied(tx, application_id)
        return changed > 0
    changed = await tx.run(
        "DELETE FROM group_applications WHERE group_id = ? AND application_id = ?", group_id, application_id
    )
    if changed and group_id is not None:
        for user in await groups.members(tx, group_id):
            await subscriptions.untie_strangers(tx, user.id, application_id, now=now)
        await notices.tell_tied(tx, application_id)
    return changed > 0
