"""People with an account."""

from __future__ import annotations

from carillon.core.errors import Conflict
from carillon.core.models import User
from carillon.core.ports import NewUser
from carillon.storage.session import Row, Session

COLUMNS = "u.id, u.name, u.password_hash, u.admin, u.initial_password, u.created"
SELECT = f"SELECT {COLUMNS} FROM users u"
WIDTH = 6

# The applications of user ? that no one else owns.
OWNED_ALONE = """
    SELECT s.application_id FROM subscriptions s WHERE s.user_id = ? AND s.role = 'owner' AND NOT EXISTS (
        SELECT 1 FROM subscriptions o
        WHERE o.application_id = s.application_id AND o.role = 'owner' AND o.user_id <> s.user_id
    )
"""


def user_of(row: Row) -> User:
    return User(
        id=row[0],
        name=row[1],
        password_hash=row[2],
        admin=bool(row[3]),
        initial_password=bool(row[4]),
        created=row[5],
    )


async def add(tx: Session, user: NewUser) -> User:
    if await by_name(tx, user.name):
        raise Conflict("this user name is taken")
    (row,) = await tx.rows(
        "INSERT INTO users (name, password_hash, admin, initial_password, created) VALUES (?, ?, ?, ?, ?) RETURNING id",
        user.name,
        user.password_hash,
        user.admin,
        user.initial_password,
        user.created,
    )
    return user_of((row[0], user.name, user.password_hash, user.admin, user.initial_password, user.created))


async def by_id(tx: Session, user_id: int) -> User | None:
    row = await tx.row(f"{SELECT} WHERE u.id = ?", user_id)
    return user_of(row) if row else None


async def by_name(tx: Session, name: str) -> User | None:
    row = await tx.row(f"{SELECT} WHERE u.name = ?", name)
    return user_of(row) if row else None


async def every(tx: Session) -> list[User]:
    return [user_of(row) for row in await tx.rows(f"{SELECT} ORDER BY u.id")]


async def set_password(tx: Session, user_id: int, password_hash: str) -> bool:
    sql = "UPDATE users SET password_hash = ?, initial_password = FALSE WHERE id = ?"
    return await tx.run(sql, password_hash, user_id) > 0


async def delete(tx: Session, user_id: int) -> bool:
    """With devices, subscriptions, tokens, and the applications nobody else has a tie to.

    His entries belong to nobody then; the sweep removes them in slices, however many there are.
    """
    if await by_id(tx, user_id) is None:
        return False
    await tx.run("DELETE FROM tokens WHERE device_id IN (SELECT id FROM devices WHERE user_id = ?)", user_id)
    await tx.run("DELETE FROM devices WHERE user_id = ?", user_id)
    owned = await tx.rows(OWNED_ALONE, user_id)
    await tx.run("DELETE FROM subscriptions WHERE user_id = ?", user_id)
    for (application_id,) in owned:
        await tx.run("DELETE FROM tokens WHERE application_id = ?", application_id)
        await tx.run(
            "DELETE FROM applications WHERE id = ? AND NOT EXISTS"
            " (SELECT 1 FROM subscriptions s WHERE s.application_id = applications.id)",
            application_id,
        )
    return await tx.run("DELETE FROM users WHERE id = ?", user_id) > 0
