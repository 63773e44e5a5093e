"""People with an account."""

from __future__ import annotations

from msgspec.structs import replace

from carillon.core.errors import Conflict
from carillon.core.models import User
from carillon.core.ports import ChangedUser, NewUser, UserInfo
from carillon.core.reasons import because
from carillon.storage import devices, notices
from carillon.storage.session import Row, Session

COLUMNS = "u.id, u.name, u.password_hash, u.admin, u.initial_password, u.created"
SELECT = f"SELECT {COLUMNS} FROM users u"
WIDTH = 6

INFOS = f"""
    SELECT {COLUMNS},
        (SELECT count(*) FROM subscriptions s WHERE s.user_id = u.id AND s.role = 'owner' AND s.left_at = 0),
        (SELECT count(*) FROM devices d WHERE d.user_id = u.id),
        (SELECT max(t.last_used) FROM tokens t JOIN devices d ON d.id = t.device_id WHERE d.user_id = u.id)
    FROM users u ORDER BY u.id
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
        raise Conflict(because("name_taken"))
    (row,) = await tx.rows(
        "INSERT INTO users (name, password_hash, admin, initial_password, created) VALUES (?, ?, ?, ?, ?) RETURNING id",
        user.name,
        user.password_hash,
        user.admin,
        user.initial_password,
        user.created,
    )
    await notices.tell_all(tx, "people")
    return user_of((row[0], user.name, user.password_hash, user.admin, user.initial_password, user.created))


async def by_id(tx: Session, user_id: int) -> User | None:
    row = await tx.row(f"{SELECT} WHERE u.id = ?", user_id)
    return user_of(row) if row else None


async def by_name(tx: Session, name: str) -> User | None:
    if "\0" in name:  # PostgreSQL would not even look for it
        return None
    row = await tx.row(f"{SELECT} WHERE u.name = ?", name)
    return user_of(row) if row else None


async def every(tx: Session) -> list[User]:
    return [user_of(row) for row in await tx.rows(f"{SELECT} ORDER BY u.id")]


async def update(
    tx: Session,
    user_id: int,
    *,
    name: str | None = None,
    admin: bool | None = None,
    password_hash: str | None = None,
    keep: int | None = None,
) -> ChangedUser | None:
    user = await by_id(tx, user_id)
    if user is None:
        return None
    if name not in (None, user.name) and await by_name(tx, name or ""):
        raise Conflict(because("name_taken"))
    if admin is False:
        await refuse_last_admin(tx, user)
    changed = replace(
        user,
        name=user.name if name is None else name,
        admin=user.admin if admin is None else admin,
        password_hash=user.password_hash if password_hash is None else password_hash,
        initial_password=user.initial_password and password_hash is None,
    )
    await tx.run(
        "UPDATE users SET name = ?, admin = ?, password_hash = ?, initial_password = ? WHERE id = ?",
        changed.name,
        changed.admin,
        changed.password_hash,
        changed.initial_password,
        user_id,
    )
    ended = [] if password_hash is None else await devices.doubt(tx, user_id, but=keep)
    await notices.tell(tx, [user_id], "user", "sessions")
    if changed.admin != user.admin:  # who sees those of the whole server is another now
        await notices.tell(tx, [user_id], "services")
    await notices.tell_all(tx, "people")
    return ChangedUser(changed, ended)


async def infos(tx: Session) -> list[UserInfo]:
    return [UserInfo(user_of(row), *row[WIDTH:]) for row in await tx.rows(INFOS)]


async def refuse_last_admin(tx: Session, user: User) -> None:
    others = await tx.row("SELECT 1 FROM users WHERE admin AND id <> ?", user.id)
    if user.admin and not others:
        raise Conflict(because("last_admin"))


async def rehash_password(tx: Session, user_id: int, *, old: str, new: str) -> bool:
    sql = "UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?"
    return await tx.run(sql, new, user_id, old) > 0
