"""What receives."""

from __future__ import annotations

from carillon.core.errors import NotFound, Unauthenticated
from carillon.core.models import Device, DeviceKind, ListName
from carillon.core.ports import NewDevice
from carillon.core.reasons import because
from carillon.storage import notices, tokens
from carillon.storage.session import Row, Session

LAST_USED = "(SELECT max(l.last_used) FROM tokens l WHERE l.device_id = d.id)"
LAST_SEEN = f"CASE WHEN {LAST_USED} > d.created THEN {LAST_USED} ELSE d.created END"
COLUMNS = f"d.id, d.user_id, d.name, d.created, {LAST_USED}, d.kind, d.expires_after, d.elevated_until"
SELECT = f"SELECT {COLUMNS} FROM devices d"

LIST_OF: dict[DeviceKind, ListName] = {"device": "devices", "session": "sessions"}

EXPIRED = f"""
    {SELECT} WHERE d.expires_after > 0 AND {LAST_SEEN} + d.expires_after * 1000000 <= ? ORDER BY d.id LIMIT ?
"""


def device_of(row: Row) -> Device:
    return Device(
        id=row[0],
        user_id=row[1],
        name=row[2],
        created=row[3],
        last_used=row[4],
        kind=row[5],
        expires_after=row[6],
        elevated_until=row[7],
    )


async def add(tx: Session, device: NewDevice) -> Device:
    """With a token. Raises `Conflict` for a token that exists."""
    user = await tx.row("SELECT password_hash FROM users WHERE id = ?", device.user_id)
    if user is None:
        raise NotFound(because("no_user"))
    if device.password_hash not in (None, user[0]):
        raise Unauthenticated("the password has just been changed")
    await tokens.refuse_known(tx, device.token_digest)
    (row,) = await tx.rows(
        "INSERT INTO devices (user_id, name, created, kind, expires_after, elevated_until)"
        " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
        device.user_id,
        device.name,
        device.created,
        device.kind,
        device.expires_after,
        device.elevated_until,
    )
    await tokens.insert(
        tx, "device", row[0], digest=device.token_digest, sealed=device.token_sealed, now=device.created
    )
    await notices.tell(tx, [device.user_id], LIST_OF[device.kind])
    return Device(
        id=row[0],
        user_id=device.user_id,
        name=device.name,
        created=device.created,
        kind=device.kind,
        expires_after=device.expires_after,
        elevated_until=device.elevated_until,
    )


async def by_id(tx: Session, device_id: int) -> Device | None:
    row = await tx.row(f"{SELECT} WHERE d.id = ?", device_id)
    return device_of(row) if row else None


async def one(tx: Session, user_id: int, device_id: int) -> Device | None:
    device = await by_id(tx, device_id)
    return device if device and device.user_id == user_id else None


async def of_user(tx: Session, user_id: int) -> list[Device]:
    return [device_of(row) for row in await tx.rows(f"{SELECT} WHERE d.user_id = ? ORDER BY d.id", user_id)]


async def update(
    tx: Session,
    user_id: int,
    device_id: int,
    *,
    name: str | None = None,
    expires_after: int | None = None,
    elevated_until: int | None = None,
) -> Device | None:
    await tx.run(
        "UPDATE devices SET name = coalesce(?, name), expires_after = coalesce(?, expires_after),"
        " elevated_until = coalesce(?, elevated_until) WHERE id = ? AND user_id = ?",
        name,
        expires_after,
        elevated_until,
        device_id,
        user_id,
    )
    device = await one(tx, user_id, device_id)
    if device is not None:
        await notices.tell(tx, [user_id], "user" if elevated_until is not None else LIST_OF[device.kind])
    return device


async def delete(tx: Session, user_id: int, device_id: int) -> bool:
    device = await one(tx, user_id, device_id)
    if device is None:
        return False
    await _remove(tx, [device_id])
    await notices.tell(tx, [user_id], LIST_OF[device.kind])
    return True


async def doubt(tx: Session, user_id: int, *, but: int | None) -> list[int]:
    """Ends what rests on a password that is no longer right: sessions, whose ids it returns, and elevation."""
    await tx.run("UPDATE devices SET elevated_until = 0 WHERE user_id = ? AND id <> ?", user_id, but or 0)
    rows = await tx.rows("SELECT id FROM devices WHERE user_id = ? AND kind = 'session' ORDER BY id", user_id)
    ended = [row[0] for row in rows if row[0] != but]
    await _remove(tx, ended)
    return ended


async def expire(tx: Session, now: int, limit: int) -> list[Device]:
    expired = [device_of(row) for row in await tx.rows(EXPIRED, now, limit)]
    await _remove(tx, [device.id for device in expired])
    for kind, lists in LIST_OF.items():
        await notices.tell(tx, [device.user_id for device in expired if device.kind == kind], lists)
    return expired


async def _remove(tx: Session, ids: list[int]) -> None:
    rows = [(device_id,) for device_id in ids]
    await tx.run_each("DELETE FROM tokens WHERE device_id = ?", rows)
    await tx.run_each("DELETE FROM devices WHERE id = ?", rows)
