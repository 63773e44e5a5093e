"""What admins have decided while the server runs: JSON by name. Names that nobody knows stay."""

from __future__ import annotations

from collections.abc import Mapping

from carillon.storage import notices
from carillon.storage.session import Session

ADMINS = "SELECT id FROM users WHERE admin"
SET = "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


async def every(tx: Session) -> dict[str, str]:
    return {row[0]: row[1] for row in await tx.rows("SELECT name, value FROM settings ORDER BY name")}


async def decide(tx: Session, values: Mapping[str, str | None]) -> None:
    """None: as if it had never been decided. Admins are told."""
    for name, value in values.items():
        if value is None:
            await tx.run("DELETE FROM settings WHERE name = ?", name)
        else:
            await tx.run(SET, name, value)
    if values:
        await notices.tell(tx, [user_id for (user_id,) in await tx.rows(ADMINS)], "settings")
