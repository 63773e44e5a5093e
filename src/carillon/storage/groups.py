"""Several users reached at once."""

from __future__ import annotations

from carillon.core.errors import Conflict
from carillon.core.models import Group, User
from carillon.core.reasons import because
from carillon.storage import notices, services, subscriptions, users
from carillon.storage.session import Row, Session

SELECT = "SELECT g.id, g.name, g.created FROM groups g"
MEMBERS = f"""
    SELECT {users.COLUMNS} FROM group_members gm JOIN users u ON u.id = gm.user_id
    WHERE gm.group_id = ? ORDER BY u.id
"""


def group_of(row: Row) -> Group:
    return Group(id=row[0], name=row[1], created=row[2])


async def add(tx: Session, name: str, *, now: int) -> Group:
    await _refuse_known(tx, name)
    (row,) = await tx.rows("INSERT INTO groups (name, created) VALUES (?, ?) RETURNING id", name, now)
    await notices.tell_all(tx, "people")
    return Group(id=row[0], name=name, created=now)


async def every(tx: Session) -> list[Group]:
    return [group_of(row) for row in await tx.rows(f"{SELECT} ORDER BY g.id")]


async def by_id(tx: Session, group_id: int) -> Group | None:
    row = await tx.row(f"{SELECT} WHERE g.id = ?", group_id)
    return group_of(row) if row else None


async def rename(tx: Session, group_id: int, name: str) -> bool:
    group = await by_id(tx, group_id)
    if group is None:
        return False
    if name != group.name:
        await _refuse_known(tx, name)
        await tx.run("UPDATE groups SET name = ? WHERE id = ?", name, group_id)
        await notices.tell_all(tx, "people")
    return True


async def delete(tx: Session, group_id: int, *, now: int) -> bool:
    if await by_id(tx, group_id) is None:
        return False
    shared, people = await _applications(tx, group_id), await members(tx, group_id)
    await services.delete_those_of(tx, group_id=group_id)
    await tx.run("DELETE FROM group_applications WHERE group_id = ?", group_id)
    await tx.run("DELETE FROM group_members WHERE group_id = ?", group_id)
    await tx.run("DELETE FROM groups WHERE id = ?", group_id)
    for user in people:
        for application_id in shared:
            await subscriptions.untie_strangers(tx, user.id, application_id, now=now)
    for application_id in shared:
        await notices.tell_tied(tx, application_id)
    await notices.tell_all(tx, "people")
    return True


async def members(tx: Session, group_id: int) -> list[User]:
    return [users.user_of(row) for row in await tx.rows(MEMBERS, group_id)]


async def add_member(tx: Session, group_id: int, user_id: int) -> bool:
    if await by_id(tx, group_id) is None or await users.by_id(tx, user_id) is None:
        return False
    if not await tx.row("SELECT 1 FROM group_members WHERE group_id = ? AND user_id = ?", group_id, user_id):
        await tx.run("INSERT INTO group_members (group_id, user_id) VALUES (?, ?)", group_id, user_id)
        for application_id in await _applications(tx, group_id):
            await subscriptions.tie(tx, user_id, application_id)
        await _tell_member(tx, group_id, user_id)
    return True


async def remove_member(tx: Session, group_id: int, user_id: int, *, now: int) -> bool:
    if not await tx.run("DELETE FROM group_members WHERE group_id = ? AND user_id = ?", group_id, user_id):
        return False
    for application_id in await _applications(tx, group_id):
        await subscriptions.untie_strangers(tx, user_id, application_id, now=now)
    await _tell_member(tx, group_id, user_id)
    return True


async def _tell_member(tx: Session, group_id: int, user_id: int) -> None:
    if await services.group_has_any(tx, group_id):
        await notices.tell(tx, [user_id], "applications", "services")
    else:
        await notices.tell(tx, [user_id], "applications")


async def _applications(tx: Session, group_id: int) -> list[int]:
    rows = await tx.rows(
        "SELECT application_id FROM group_applications WHERE group_id = ? ORDER BY application_id", group_id
    )
    return [row[0] for row in rows]


async def _refuse_known(tx: Session, name: str) -> None:
    if await tx.row("SELECT 1 FROM groups WHERE name = ?", name):
        raise Conflict(because("group_taken"))
