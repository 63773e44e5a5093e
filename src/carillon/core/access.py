"""Who is asking, and what he may do."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from msgspec import Struct

from carillon.core.errors import CarillonError, Forbidden, Unauthenticated
from carillon.core.models import Device, Token, User
from carillon.core.passwords import Passwords
from carillon.core.peers import Peer
from carillon.core.ports import Bearer, Clock, Sender, Store

log = logging.getLogger("carillon.access")

CACHED_TOKENS = 50_000
LENT = 0  # the id of a token that is not stored
TOUCH_EVERY = 5 * 60 * 1_000_000  # µs; `last_used` is at most this stale


class Actor(Struct, frozen=True):
    """A user who asks: by a device's token, or (device None) by his password."""

    user: User
    device: Device | None = None


def digest(secret: str) -> bytes:
    """What is stored of a token, and the key under which storage looks it up."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


class Access:
    """Known tokens are held in memory, so that a message costs no database read; `forget` drops them all."""

    def __init__(self, store: Store, passwords: Passwords, clock: Clock) -> None:
        self._store = store
        self._passwords = passwords
        self._clock = clock
        self._known: dict[str, Bearer] = {}
        self._lent: dict[str, Bearer] = {}
        self._touched: dict[int, int] = {}
        self._touching: set[asyncio.Task[None]] = set()
        self._generation = 0

    def forget(self) -> None:
        """To be called after any change of users, applications, subscriptions, devices or tokens."""
        self._generation += 1
        self._known.clear()

    def known_sender(self, secret: str) -> Sender | None:
        """What `sender` returns, without waiting; None: it has to be asked."""
        bearer = self._known.get(secret)
        if bearer is None:
            return None
        self._note_use(bearer.token)
        return bearer.sender

    async def sender(self, secret: str) -> Sender:
        """The application that an application's token acts as. Raises Unauthenticated."""
        bearer = self._known.get(secret) or await self._look_up(secret)
        self._note_use(bearer.token)
        if bearer.sender is None:
            raise Unauthenticated("a device token where an application token is needed")
        return bearer.sender

    async def device(self, secret: str) -> Actor:
        """The user a device's token acts as. Raises Unauthenticated."""
        bearer = self._known.get(secret) or self._lent.get(secret) or await self._look_up(secret)
        self._note_use(bearer.token)
        if bearer.user is None:
            raise Unauthenticated("an application token where a device token is needed")
        return Actor(bearer.user, bearer.device)

    async def password(self, name: str, password: str) -> Actor:
        """Raises Unauthenticated, and TooMany when too many sign in at once."""
        user = await self._store.user_by_name(name)
        fits = await self._passwords.verify(user.password_hash if user else None, password)
        if user is None or not fits:
            raise Unauthenticated("wrong name or password")
        return Actor(user)

    def admit(self, actor: Actor, peer: Peer) -> None:
        """Raises Forbidden while the user's password is the published default and he is not at this machine."""
        if actor.user.initial_password and not peer.local:
            raise Forbidden(
                f"the password of {actor.user.name!r} is still the published default: change it first "
                f"(carillon users password {actor.user.name})"
            )

    @contextmanager
    def lent(self, secret: str, user: User) -> Iterator[None]:
        """Inside, `secret` acts as the user. In memory only: nothing stays behind, however the process ends."""
        self._lent[secret] = Bearer(Token(id=LENT, kind="device", subject_id=0, created=self._clock.now()), user=user)
        try:
            yield
        finally:
            del self._lent[secret]

    async def close(self) -> None:
        await asyncio.gather(*self._touching)

    async def _look_up(self, secret: str) -> Bearer:
        generation = self._generation
        bearer = await self._store.bearer(digest(secret))
        if bearer is None:
            raise Unauthenticated("no such token")
        if generation == self._generation:
            if len(self._known) >= CACHED_TOKENS:
                self._known.clear()
            self._known[secret] = bearer
        return bearer

    def _note_use(self, token: Token) -> None:
        now = self._clock.now()
        if now - self._touched.get(token.id, token.last_used or 0) > TOUCH_EVERY and token.id != LENT:
            self._touch(token.id, now)

    def _touch(self, token_id: int, now: int) -> None:
        """In the background: nobody waits for it, and a message goes through though it fails."""
        if len(self._touched) >= CACHED_TOKENS:
            self._touched.clear()
        self._touched[token_id] = now
        task = asyncio.create_task(self._store_touch(token_id, now))
        self._touching.add(task)
        task.add_done_callback(self._touching.discard)

    async def _store_touch(self, token_id: int, now: int) -> None:
        try:
            await self._store.touch_token(token_id, now)
        except CarillonError as error:
            log.warning("last use of a token not stored: %s", error)
