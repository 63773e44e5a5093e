"""Tokens: their secrets are made here, shown once, and revoked."""

from __future__ import annotations

from msgspec import Struct

from carillon.core.access import Access, digest
from carillon.core.errors import NotFound
from carillon.core.models import Token, TokenKind
from carillon.core.ports import Clock, Hub, Ids, Store, TokenInfo

# Gotify's shape, because clients check for it: 15 characters, the first telling an application from a device.
# 14 random characters of 62 are 83 bits.
SECRET_LENGTH = 14
SECRET_PREFIX: dict[TokenKind, str] = {"application": "A", "device": "C"}


class Minted(Struct, frozen=True):
    """A new secret, and what is stored of it."""

    secret: str
    digest: bytes


class Tokens:
    def __init__(self, *, store: Store, hub: Hub, access: Access, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._hub = hub
        self._access = access
        self._clock = clock
        self._ids = ids

    def mint(self, kind: TokenKind) -> Minted:
        secret = SECRET_PREFIX[kind] + self._ids.secret(SECRET_LENGTH)
        return Minted(secret, digest(secret))

    async def all(self) -> list[TokenInfo]:
        return await self._store.tokens()

    async def add(self, kind: TokenKind, subject_id: int) -> tuple[Token, str]:
        """One more token for an application or device that exists, and its secret."""
        new = self.mint(kind)
        return await self._store.add_token(kind, subject_id, digest=new.digest, now=self._clock.now()), new.secret

    async def revoke(self, token_id: int) -> None:
        """The token is dead at once; open streams of its device end. Raises NotFound."""
        info = next((info for info in await self._store.tokens() if info.token.id == token_id), None)
        if info is None or not await self._store.delete_token(token_id):
            raise NotFound(f"there is no token {token_id}")
        self._access.forget()
        if info.token.kind == "device":
            user = await self._store.user_by_name(info.user)
            if user is not None:
                self._hub.drop(user.id, info.token.subject_id)
