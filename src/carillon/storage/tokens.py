"""Secrets, of which only digests are kept."""

from __future__ import annotations

from collections.abc import Sequence

from carillon.core.errors import Conflict, NotFound
from carillon.core.models import Token, TokenKind
from carillon.core.ports import KeptToken, TokenInfo
from carillon.storage import notices
from carillon.storage.session import Row, Session

COLUMNS = "t.id, t.kind, coalesce(t.application_id, t.device_id), t.created, t.last_used, t.name"
WIDTH = 6
COLUMN_OF: dict[TokenKind, str] = {"application": "application_id", "device": "device_id"}
SUBJECTS: dict[TokenKind, str] = {
    "application": "SELECT 1 FROM applications WHERE id = ? AND deleted IS NULL",
    "device": "SELECT 1 FROM devices WHERE id = ?",
}

# An application with several owners is listed under the first of them.
EVERY = f"""
    SELECT {COLUMNS}, coalesce(a.name, d.name), coalesce(u.name, '')
    FROM tokens t
    LEFT JOIN applications a ON a.id = t.application_id
    LEFT JOIN devices d ON d.id = t.device_id
    LEFT JOIN users u ON u.id = coalesce(d.user_id, (
        SELECT min(s.user_id) FROM subscriptions s WHERE s.application_id = a.id AND s.role = 'owner'
    ))
    ORDER BY t.id
"""


OWNERS = "SELECT user_id FROM subscriptions WHERE application_id = ? AND role = 'owner' AND left_at = 0"


def token_of(row: Row) -> Token:
    return Token(id=row[0], kind=row[1], subject_id=row[2], created=row[3], last_used=row[4], name=row[5])


async def refuse_known(tx: Session, digest: bytes) -> None:
    """Raises `Conflict` when there is such a token."""
    if await by_digest(tx, digest):
        raise Conflict("this token exists already")


async def insert(
    tx: Session,
    kind: TokenKind,
    subject_id: int,
    *,
    digest: bytes,
    sealed: bytes | None = None,
    now: int,
    name: str = "",
) -> Token:
    (row,) = await tx.rows(
        "INSERT INTO tokens (kind, application_id, device_id, digest, sealed, created, name)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
        kind,
        subject_id if kind == "application" else None,
        subject_id if kind == "device" else None,
        digest,
        sealed,
        now,
        name,
    )
    return Token(id=row[0], kind=kind, subject_id=subject_id, created=now, name=name)


async def add(
    tx: Session,
    kind: TokenKind,
    subject_id: int,
    *,
    digest: bytes,
    sealed: bytes | None = None,
    now: int,
    name: str = "",
) -> Token:
    """Raises `NotFound` for the application or device, `Conflict` for a token that exists."""
    if await tx.row(SUBJECTS[kind], subject_id) is None:
        raise NotFound(f"no such {kind}")
    await refuse_known(tx, digest)
    token = await insert(tx, kind, subject_id, digest=digest, sealed=sealed, now=now, name=name)
    await _tell(tx, token)
    return token


async def replace(
    tx: Session, kind: TokenKind, subject_id: int, *, digest: bytes, sealed: bytes | None = None, now: int
) -> Token:
    """Raises what `add` does."""
    token = await add(tx, kind, subject_id, digest=digest, sealed=sealed, now=now)
    await tx.run(f"DELETE FROM tokens WHERE {COLUMN_OF[kind]} = ? AND id <> ?", subject_id, token.id)
    return token


async def kept(tx: Session, kind: TokenKind, subject_id: int) -> list[KeptToken]:
    rows = await tx.rows(
        f"SELECT {COLUMNS}, t.sealed FROM tokens t WHERE t.{COLUMN_OF[kind]} = ? ORDER BY t.id", subject_id
    )
    return [KeptToken(token_of(row), None if row[WIDTH] is None else bytes(row[WIDTH])) for row in rows]


async def rename(tx: Session, token_id: int, name: str) -> Token | None:
    await tx.run("UPDATE tokens SET name = ? WHERE id = ?", name, token_id)
    return await _changed(tx, token_id)


async def rotate(tx: Session, token_id: int, *, digest: bytes, sealed: bytes | None = None, now: int) -> Token | None:
    """Raises `Conflict` for a token that exists."""
    await refuse_known(tx, digest)
    await tx.run(
        "UPDATE tokens SET digest = ?, sealed = ?, created = ?, last_used = NULL WHERE id = ?",
        digest,
        sealed,
        now,
        token_id,
    )
    return await _changed(tx, token_id)


async def _changed(tx: Session, token_id: int) -> Token | None:
    row = await tx.row(f"SELECT {COLUMNS} FROM tokens t WHERE t.id = ?", token_id)
    if row is None:
        return None
    await _tell(tx, token_of(row))
    return token_of(row)


async def _tell(tx: Session, token: Token) -> None:
    """The owners of its application."""
    if token.kind == "application":
        rows = await tx.rows(OWNERS, token.subject_id)
        await notices.tell(tx, [user_id for (user_id,) in rows], "applications")


async def sealed_of(tx: Session, kind: TokenKind, subject_ids: Sequence[int]) -> dict[int, bytes]:
    column = COLUMN_OF[kind]
    query = f"SELECT {column}, sealed FROM tokens WHERE {column} = ? AND sealed IS NOT NULL ORDER BY id"
    return {subject_id: bytes(sealed) for subject_id, sealed in await tx.each(query, subject_ids)}


async def by_digest(tx: Session, digest: bytes) -> Token | None:
    row = await tx.row(f"SELECT {COLUMNS} FROM tokens t WHERE t.digest = ?", digest)
    return token_of(row) if row else None


async def every(tx: Session) -> list[TokenInfo]:
    return [TokenInfo(token_of(row), *row[WIDTH:]) for row in await tx.rows(EVERY)]


async def touch(tx: Session, token_id: int, now: int) -> None:
    await tx.run("UPDATE tokens SET last_used = ? WHERE id = ?", now, token_id)


async def touch_devices(tx: Session, device_ids: Sequence[int], now: int) -> None:
    for device_id in device_ids:
        await tx.run("UPDATE tokens SET last_used = ? WHERE device_id = ?", now, device_id)


async def delete(tx: Session, token_id: int) -> bool:
    row = await tx.row(f"SELECT {COLUMNS} FROM tokens t WHERE t.id = ?", token_id)
    if row is None:
        return False
    await tx.run("DELETE FROM tokens WHERE id = ?", token_id)
    await _tell(tx, token_of(row))
    return True
