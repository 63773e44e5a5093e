"""What receives."""

from __future__ import annotations

from carillon.core.errors import NotFound
from carillon.core.models import Device
from carillon.core.ports import NewDevice
from carillon.storage import tokens, users
from carillon.storage.session import Row, Session

COLUMNS = """
    d.id, d.user_id, d.name, d.created, (SELECT max(l.last_used) FROM tokens l WHERE l.device_id = d.id)
"""


def device_of(row: Row) -> Device:
    return Device(id=row[0], user_id=row[1], name=row[2], created=row[3], last_used=row[4])


async def add(tx: Session, device: NewDevice) -> Device:
    """With a token. Raises `NotFound` for the user, `Conflict` for a token that exists."""
    if await users.by_id(tx, device.user_id) is None:
        raise NotFound("no such user")
    await tokens.refuse_known(tx, device.token_digest)
    (row,) = await tx.rows(
        "INSERT INTO devices (user_id, name, created) VALUES (?, ?, ?) RETURNING id",
        device.user_id,
        device.name,
        device.created,
    )
    await tokens.insert(tx, "device", row[0], digest=device.token_digest, now=device.created)
    return Device(id=row[0], user_id=device.user_id, name=device.name, created=device.created)


async def by_id(tx: Session, device_id: int) -> Device | None:
    row = await tx.row(f"SELECT {COLUMNS} FROM devices d WHERE d.id = ?", device_id)
    return device_of(row) if row else None


async def of_user(tx: Session, user_id: int) -> list[Device]:
    rows = await tx.rows(f"SELECT {COLUMNS} FROM devices d WHERE d.user_id = ? ORDER BY d.id", user_id)
    return [device_of(row) for row in rows]
