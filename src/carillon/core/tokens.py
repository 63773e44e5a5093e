"""Tokens: their secrets are made here, shown once, and revoked."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from carillon.core.access import Access
from carillon.core.errors import NotFound, TooMany
from carillon.core.limits import Limits, clean
from carillon.core.models import Token, TokenKind
from carillon.core.ports import Clock, Hub, Ids, Store, TokenInfo
from carillon.core.reasons import because
from carillon.core.secrets import SEED_BYTES, Vault, digest, enhanced

log = logging.getLogger("carillon.tokens")

# Gotify's shapes, because clients check for them. Before its version 3: 15 characters, the first telling an
# application from a device; 14 random characters of 62 are 83 bits. Since then: 49, of 256 bits.
SHORT, LONG = 15, 49
PREFIX: dict[TokenKind, str] = {"application": "A", "device": "C"}
LETTER: dict[TokenKind, Literal["a", "c"]] = {"application": "a", "device": "c"}

GONE = because("no_token")


class Minting(Struct):
    """How tokens are made, as it is now: in `length` characters, SHORT or LONG; with a `vault`, sealed in it for
    lists to show.
    """

    length: int = SHORT
    vault: Vault | None = None


class Minted(Struct, frozen=True):
    """A new secret, and what is stored of it."""

    secret: str
    digest: bytes
    sealed: bytes | None


class Tokens:
    def __init__(
        self,
        *,
        store: Store,
        hub: Hub,
        access: Access,
        clock: Clock,
        ids: Ids,
        limits: Limits,
        minting: Minting | None = None,
    ) -> None:
        self._store = store
        self._hub = hub
        self._access = access
        self._clock = clock
        self._ids = ids
        self._limits = limits
        self._minting = minting or Minting()

    def mint(self, kind: TokenKind) -> Minted:
        if self._minting.length == LONG:
            secret = enhanced(LETTER[kind], self._ids.entropy(SEED_BYTES))
        else:
            secret = PREFIX[kind] + self._ids.secret(SHORT - 1)
        return Minted(secret, digest(secret), self.seal(secret))

    def seal(self, secret: str) -> bytes | None:
        """The copy from which lists show the secret; None while they do not show any."""
        return self._minting.vault.seal(secret) if self._minting.vault else None

    async def all(self) -> list[TokenInfo]:
        return await self._store.tokens()

    async def of(self, kind: TokenKind, subject_id: int) -> list[tuple[Token, str | None]]:
        """The tokens of an application or device by id, with their secrets where lists may show them.

        Whose it is, the caller sees to, here and in the next four.
        """
        kept = await self._store.kept_tokens(kind, subject_id)
        return [(one.token, self._opened(one.sealed)) for one in kept]

    async def add(self, kind: TokenKind, subject_id: int, *, name: str = "") -> tuple[Token, str]:
        """One more token for an application or device, and its secret.

        Raises NotFound, BadInput, and TooMany for more than it may have.
        """
        clean("name", name, self._limits.name)
        if len(await self._store.kept_tokens(kind, subject_id)) >= self._limits.tokens_per_application:
            raise TooMany(because("too_many_tokens", most=self._limits.tokens_per_application))
        new = self.mint(kind)
        token = await self._store.add_token(
            kind, subject_id, digest=new.digest, sealed=new.sealed, now=self._clock.now(), name=name
        )
        return token, new.secret

    async def rename(self, kind: TokenKind, subject_id: int, token_id: int, *, name: str) -> Token:
        """Raises BadInput, and NotFound for one that is another's."""
        clean("name", name, self._limits.name)
        await self._require(kind, subject_id, token_id)
        return _found(await self._store.rename_token(token_id, name))

    async def rotate(self, kind: TokenKind, subject_id: int, token_id: int) -> tuple[Token, str]:
        """The token with another secret, shown this once; the one before is dead. Raises NotFound."""
        await self._require(kind, subject_id, token_id)
        new = self.mint(kind)
        now = self._clock.now()
        token = _found(await self._store.rotate_token(token_id, digest=new.digest, sealed=new.sealed, now=now))
        self._access.forget()
        return token, new.secret

    async def remove(self, kind: TokenKind, subject_id: int, token_id: int) -> None:
        """As `revoke`. Raises NotFound."""
        await self._require(kind, subject_id, token_id)
        await self.revoke(token_id)

    async def _require(self, kind: TokenKind, subject_id: int, token_id: int) -> None:
        if all(one.token.id != token_id for one in await self._store.kept_tokens(kind, subject_id)):
            raise NotFound(GONE)

    async def revealed(self, kind: TokenKind, subject_ids: Sequence[int]) -> dict[int, str]:
        """The newest secret of each application or device, by its id, that was made while lists show tokens.

        For their owners only, which the caller sees to. Empty while lists do not show tokens.
        """
        vault = self._minting.vault
        if vault is None or not subject_ids:
            return {}
        sealed = await self._store.sealed_tokens(kind, subject_ids)
        opened = {subject_id: vault.open(copy) for subject_id, copy in sealed.items()}
        found = {subject_id: secret for subject_id, secret in opened.items() if secret is not None}
        if len(found) < len(opened):
            log.warning("%d tokens cannot be shown: they were sealed with another key", len(opened) - len(found))
        return found

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

    def _opened(self, sealed: bytes | None) -> str | None:
        vault = self._minting.vault
        return vault.open(sealed) if vault and sealed else None


def _found(token: Token | None) -> Token:
    if token is None:
        raise NotFound(GONE)
    return token
