"""Pictures. They stand in the database, since they are small: one truth for backups and for both engines."""

from __future__ import annotations

from carillon.core.models import Image
from carillon.storage.session import Session


async def add(tx: Session, image: Image) -> None:
    await tx.run(
        "INSERT INTO images (name, media_type, content) VALUES (?, ?, ?)", image.name, image.media_type, image.content
    )


async def by_name(tx: Session, name: str) -> Image | None:
    row = await tx.row("SELECT name, media_type, content FROM images WHERE name = ?", name)
    return Image(row[0], row[1], bytes(row[2])) if row else None


async def delete(tx: Session, name: str | None) -> None:
    """None: there is none."""
    if name is not None:
        await tx.run("DELETE FROM images WHERE name = ?", name)
