"""Who is asking, with what, and how often; and what he may do."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from msgspec import Struct
from msgspec.structs import replace

from carillon.core.errors import CarillonError, Forbidden, Unauthenticated
from carillon.core.models import Device, Token, User
from carillon.core.passwords import Passwords
from carillon.core.peers import Peer
from carillon.core.ports import Bearer, Clock, Sender, Store
from carillon.core.rates import Buckets, Publishing, Rate, SignIns
from carillon.core.reasons import because
from carillon.core.secrets import SIGNED_FOR, digest, signed_at

log = logging.getLogger("carillon.access")

CACHED_TOKENS = 50_000
LENT = 0  # the id of a token that is not stored
SECOND = 1_000_000  # µs
TOUCH_EVERY = 5 * 60 * SECOND  # `last_used` is at most this stale
COMPLAINTS = Rate(interval=300.0, burst=1)  # lines in the log about one token

NOT_AN_APPLICATION = "a device token where an application token is needed"
WRONG_PASSWORD = because("wrong_password")
NOT_A_DEVICE = "an application token where a device token is needed"


class Actor(Struct, frozen=True):
    """A user who asks: by a device's token, or (device None) by his password.

    `noted`: this use has just been written down as the device's `last_used`.
    """

    user: User
    device: Device | None = None
    noted: bool = False

    def elevated(self, now: int) -> bool:
        """Whether he may do what needs a password: by one, or by a device that has lately been shown one."""
        return self.device is None or self.device.elevated_until > now


class Access:
    """Known tokens are held in memory, so that a message costs no database read; `forget` drops them all.

    `publishing` None: anybody may send as much as he likes. Failed sign-ins are bounded always: see `SignIns`.
    """

    def __init__(
        self, store: Store, passwords: Passwords, clock: Clock, *, publishing: Publishing | None = None
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._clock = clock
        self.publishing = publishing
        self._sign_ins = SignIns(clock)
        self._complaints = Buckets(COMPLAINTS)
        self._known: dict[str, Bearer] = {}
        self._lent: dict[str, Bearer] = {}
        self._touched: dict[int, int] = {}
        self._used: dict[int, _Use] = {}
        self._touching: set[asyncio.Task[None]] = set()
        self.generation = 0  # counts such changes

    def forget(self) -> None:
        """To be called after any change of users, applications, subscriptions, devices or tokens."""
        self.generation += 1
        self._known.clear()

    def known_sender(self, secret: str) -> Sender | None:
        """What `sender` returns, without waiting; None: it has to be asked."""
        bearer = self._known.get(secret)
        if bearer is None or bearer.sender is None:
            return None
        if self.publishing is not None and not self.publishing.prepaid(bearer.token.id):
            return None
        self._note_use(bearer.token)
        return bearer.sender

    async def sender(self, secret: str, peer: Peer) -> Sender:
        """The application that an application's token acts as: it sends a message, which is counted.

        Raises Unauthenticated, TooMany.
        """
        bearer = await self._bearer(secret, peer)
        if bearer.sender is None:
            self._complain(bearer.token, peer, NOT_AN_APPLICATION)
            raise Unauthenticated(NOT_AN_APPLICATION)
        return self._sent(bearer.token, bearer.sender, peer)

    async def same_sender(self, secret: str, peer: Peer) -> Sender:
        """As `sender`, for a message that has been counted: when the `generation` is another than then.

        Raises Unauthenticated.
        """
        bearer = await self._bearer(secret, peer)
        if bearer.sender is None:
            raise Unauthenticated(NOT_AN_APPLICATION)
        return bearer.sender

    async def device(self, secret: str, peer: Peer) -> Actor:
        """The user a device's token acts as. Raises Unauthenticated, and TooMany where so many have been unknown."""
        bearer = await self._bearer(secret, peer)
        if bearer.user is None:
            self._complain(bearer.token, peer, NOT_A_DEVICE)
            raise Unauthenticated(NOT_A_DEVICE)
        return self._actor(bearer, bearer.user, peer)

    async def either(self, secret: str, peer: Peer) -> Sender | Actor:
        """As `sender`, or as `device`, whichever it is."""
        bearer = await self._bearer(secret, peer)
        if bearer.user is not None:
            return self._actor(bearer, bearer.user, peer)
        if bearer.sender is None:
            raise Unauthenticated("no such token")
        return self._sent(bearer.token, bearer.sender, peer)

    async def password(self, name: str, password: str, peer: Peer) -> Actor:
        """Raises Unauthenticated, and TooMany after many wrong ones or when too many sign in at once.

        A hash of an outdated kind is replaced on the way.
        """
        generation, user = self.generation, await self._signed_in(name, password, peer)
        while generation != self.generation:  # checking takes its time, and what was right may be wrong by now
            generation, user = self.generation, await self._signed_in(name, password, peer)
        self._sign_ins.let_in(name, peer)
        return Actor(user)

    async def _signed_in(self, name: str, password: str, peer: Peer) -> User:
        user = await self._store.user_by_name(name)
        stored = user.password_hash if user else None
        # A remembered password costs nothing to check, so elsewhere than at home it would be there to be guessed.
        if not (self._sign_ins.usual(name, peer) and self._passwords.remembers(stored, password)):
            self._sign_ins.admit(name, peer)
        fits = await self._passwords.verify(stored, password)
        if user is None or not fits:
            self._sign_ins.failed(name, peer)
            log.info("wrong name or password from %s", peer.address)
            raise Unauthenticated(WRONG_PASSWORD)
        return await self._renewed(user, password)

    def admit(self, actor: Actor, peer: Peer) -> None:
        """Raises Forbidden while the user's password is the published default and he is not at this machine."""
        if actor.user.initial_password and not peer.local:
            raise Forbidden(
                f"the password of {actor.user.name!r} is still the published default: change it first "
                f"(carillon users password {actor.user.name})"
            )

    def admit_code(self, peer: Peer) -> None:
        """To be asked before a code that signs in is looked at. Raises LockedOut after many wrong ones."""
        self._sign_ins.admit(None, peer)

    def wrong_code(self, peer: Peer) -> None:
        """Counts like a wrong password."""
        self._sign_ins.failed(None, peer)
        log.info("a code that is not good from %s", peer.address)

    def count(self, actor: Actor, peer: Peer) -> None:
        """A user sends a message himself. Raises TooMany."""
        # The ids of applications' tokens are above 0, so a device's own can share their buckets below it.
        self._count(-actor.device.id if actor.device else None, actor.user.id, peer)

    @contextmanager
    def lent(self, secret: str, user: User) -> Iterator[None]:
        """Inside, `secret` acts as the user. In memory only: nothing stays behind, however the process ends."""
        self._lent[secret] = Bearer(Token(id=LENT, kind="device", subject_id=0, created=self._clock.now()), user=user)
        try:
            yield
        finally:
            del self._lent[secret]

    def seen(self, device: Device) -> Device:
        """With its last use as it is known here, of which storage hears up to five minutes later."""
        use = self._used.get(device.id)
        return replace(device, last_used=max(use.moment, device.last_used or 0)) if use else device

    async def keep_alive(self, device_ids: Collection[int]) -> None:
        """These devices are in use now, though no request of theirs comes. Raises Unavailable."""
        now = self._clock.now()
        known = [device_id for device_id in device_ids if device_id in self._used]
        for device_id in known:
            self._used[device_id] = replace(self._used[device_id], moment=now)
        await self._store.touch_devices(list(device_ids), now)
        if len(known) < len(device_ids):
            self.forget()  # their last use is to be read anew

    async def note_uses(self) -> None:
        """Writes down when devices that can expire were used last, where that has not been written yet."""
        for use in list(self._used.values()):
            if use.expires and use.moment > self._touched.get(use.token_id, 0):
                self._touch(use.token_id, use.moment)
        await asyncio.gather(*self._touching)

    async def close(self) -> None:
        await self.note_uses()

    async def _bearer(self, secret: str, peer: Peer) -> Bearer:
        return self._known.get(secret) or self._lent.get(secret) or await self._look_up(secret, peer)

    async def _look_up(self, secret: str, peer: Peer) -> Bearer:
        try:
            generation, bearer = self.generation, await self._find(secret)
            while generation != self.generation:  # what was read before a change may be gone by now
                generation, bearer = self.generation, await self._find(secret)
        except Unauthenticated as error:
            self._sign_ins.unknown_token(peer)
            log.info("refused what came from %s: %s", peer.address, error)
            raise
        # A signed token is one of many for the same key, and ends by itself.
        if signed_at(secret) is None:
            if len(self._known) >= CACHED_TOKENS:
                self._known.clear()
            self._known[secret] = bearer
        return bearer

    async def _find(self, secret: str) -> Bearer:
        signed = signed_at(secret)
        if signed is not None and abs(self._clock.now() // SECOND - signed) > SIGNED_FOR:
            raise Unauthenticated("a token that was signed too long ago, or is of the future")
        bearer = await self._store.bearer(digest(secret))
        if bearer is None:
            raise Unauthenticated("no such token")
        return bearer

    def _sent(self, token: Token, sender: Sender, peer: Peer) -> Sender:
        self._count(token.id, sender.owner_id, peer)
        self._note_use(token)
        return sender

    def _actor(self, bearer: Bearer, user: User, peer: Peer) -> Actor:
        """Raises Unauthenticated for a device that has not been used for too long."""
        device = bearer.device
        if device is not None:
            now, expires = self._clock.now(), self.seen(device).expires
            if expires is not None and expires <= now:
                self._complain(bearer.token, peer, "a device that has not been used for too long")
                raise Unauthenticated("a device that has not been used for too long")
            if len(self._used) >= CACHED_TOKENS:
                self._used = {number: use for number, use in self._used.items() if use.expires}
            self._used[device.id] = _Use(bearer.token.id, now, expires=expires is not None)
        self._sign_ins.let_in(user.name, peer)
        return Actor(user, device, self._note_use(bearer.token))

    async def _renewed(self, user: User, password: str) -> User:
        """The user, with a new hash where his was of an outdated kind. Not a change of his password.

        Raises Unauthenticated when that was changed meanwhile.
        """
        try:
            fresh = await self._passwords.renewed(user.password_hash, password)
            if fresh is None:
                return user
            renewed = await self._store.rehash_password(user.id, old=user.password_hash, new=fresh)
        except CarillonError as error:
            log.warning("the hash of the password of %r not renewed: %s", user.name, error)
            return user
        self.forget()
        if renewed:
            return replace(user, password_hash=fresh)
        # Meanwhile somebody else has renewed it, or has changed the password.
        now = await self._store.user(user.id)
        if now is None or not await self._passwords.verify(now.password_hash, password):
            raise Unauthenticated(WRONG_PASSWORD)
        return now

    def _count(self, token_id: int | None, user_id: int | None, peer: Peer) -> None:
        if self.publishing is not None:
            self.publishing.take(token_id, user_id, peer, now=self._clock.monotonic())

    def _complain(self, token: Token, peer: Peer, what: str) -> None:
        """In the log, which a program that goes on trying must not fill."""
        now = self._clock.monotonic()
        if self._complaints.wait(token.id, now) <= 0:
            self._complaints.spend(token.id, now)
            log.info("refused what came from %s: %s", peer.address, what)

    def _note_use(self, token: Token) -> bool:
        """Whether it is written down now."""
        now = self._clock.now()
        if now - self._touched.get(token.id, token.last_used or 0) <= TOUCH_EVERY or token.id == LENT:
            return False
        self._touch(token.id, now)
        return True

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


class _Use(Struct, frozen=True):
    """When a device was used last, by which token, and whether that counts."""

    token_id: int
    moment: int
    expires: bool
