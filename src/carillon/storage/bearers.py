"""Whom a token acts as."""

from __future__ import annotations

from carillon.core.ports import Bearer
from carillon.storage import applications, devices, tokens, users
from carillon.storage.session import Session


async def by_digest(tx: Session, digest: bytes) -> Bearer | None:
    token = await tokens.by_digest(tx, digest)
    if token is None:
        return None
    if token.kind == "application":
        sender = await applications.sender(tx, token.subject_id)
        return Bearer(token, sender=sender) if sender else None
    device = await devices.by_id(tx, token.subject_id)
    user = await users.by_id(tx, device.user_id) if device else None
    return Bearer(token, device=device, user=user) if user else None
