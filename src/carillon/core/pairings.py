"""Pairing: whoever is signed in makes a code, and the device that shows it once becomes his.

Codes are held in memory only, by their digests, like all that lives for minutes in the one process there is. So no
backup carries one, the clock that counts their time is never set, and after a restart they are gone.
"""

from __future__ import annotations

import logging
from hashlib import sha256

from msgspec import Struct

from carillon.core.access import Access, Actor
from carillon.core.devices import Devices
from carillon.core.errors import CarillonError, NotFound, Unauthenticated
from carillon.core.models import Device, User
from carillon.core.peers import Peer
from carillon.core.ports import Clock, Ids, Store
from carillon.core.reasons import because

log = logging.getLogger("carillon.pairings")

CODE = 20  # characters: 119 bits
LIFE = 600  # seconds: to take up the phone, and no longer
PER_USER = 10  # codes at once; beyond, the oldest is withdrawn

WRONG = because("wrong_pairing")
GONE = because("no_pairing")


class Pairing(Struct, kw_only=True):
    """A code, and the device that it is for.

    It is good `until` then of the monotonic clock, and as long as the password of its user is that of the hash, and
    the device `maker` that asked for it is there (None: he asked by password). `taken`: somebody has shown it;
    `device_id`: and has become that device.
    """

    id: str
    user_id: int
    maker: int | None
    password_hash: str
    name: str
    expires_after: int
    until: float
    taken: bool = False
    device_id: int | None = None


class Pairings:
    def __init__(self, *, store: Store, access: Access, devices: Devices, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._access = access
        self._devices = devices
        self._clock = clock
        self._ids = ids
        self._made: dict[bytes, Pairing] = {}  # by the digests of the codes, the oldest first

    async def make(self, actor: Actor, name: str, *, expires_after: int = 0) -> tuple[Pairing, str]:
        """A pairing and its code, shown this once, for a device as `Devices.add` makes it. Raises what that does."""
        user = actor.user
        await self._devices.admit(user.id, name, expires_after=expires_after)
        self._make_room(user.id)
        code = self._ids.secret(CODE)
        pairing = Pairing(
            id=self._ids.public_id(),
            user_id=user.id,
            maker=actor.device.id if actor.device else None,
            password_hash=user.password_hash,
            name=name,
            expires_after=expires_after,
            until=self._clock.monotonic() + LIFE,
        )
        self._made[_digest(code)] = pairing
        log.info("a code for a device of %r is made", user.name)
        return pairing, code

    def get(self, user_id: int, pairing_id: str) -> Pairing:
        """Also one whose code has been used, until its time is over. Raises NotFound, also for another user's."""
        return self._made[self._find(user_id, pairing_id)]

    def withdraw(self, user_id: int, pairing_id: str) -> None:
        """Its code is not good any more. Raises NotFound."""
        del self._made[self._find(user_id, pairing_id)]

    def left(self, pairing: Pairing) -> int:
        """For how many seconds its code is still good."""
        return max(0, round(pairing.until - self._clock.monotonic()))

    async def look(self, code: str, peer: Peer) -> tuple[Pairing, User]:
        """What the code is for, and whose it is; it is not used up.

        Raises NotFound, always the same, for one that is not good; LockedOut after many such; and Forbidden where the
        user may only change his password.
        """
        self._access.admit_code(peer)
        pairing = self._made.get(_digest(code))
        user = await self._maker(pairing) if pairing else None
        if pairing is None or user is None or pairing.taken or self._over(pairing):
            self._access.wrong_code(peer)
            raise NotFound(WRONG)
        self._access.admit(Actor(user), peer)
        return pairing, user

    async def exchange(self, code: str, peer: Peer) -> tuple[User, Device, str]:
        """The device that it has become, and the secret of its token, shown this once. Raises what `look` does, and
        TooMany for more devices than a user may have.
        """
        pairing, user = await self.look(code, peer)
        pairing.taken = True  # nothing waits between the look and this, so of two at once one comes too late
        try:
            device, secret = await self._devices.add(
                user.id, pairing.name, expires_after=pairing.expires_after, password_hash=pairing.password_hash
            )
        except (NotFound, Unauthenticated):  # the user, or his password, has gone this very moment
            raise NotFound(WRONG) from None
        except CarillonError:
            pairing.taken = False  # nothing was stored, and he may try again
            raise
        pairing.device_id = device.id
        log.info("the device %r of %r has come by a code, from %s", device.name, user.name, peer.address)
        return user, device, secret

    async def _maker(self, pairing: Pairing) -> User | None:
        """The user, if everything is still as it was when he asked for the code."""
        user = await self._store.user(pairing.user_id)
        if user is None or user.password_hash != pairing.password_hash:
            return None
        if pairing.maker is not None:
            try:
                await self._devices.get(user.id, pairing.maker)
            except NotFound:
                return None
        return user

    def _find(self, user_id: int, pairing_id: str) -> bytes:
        """The digest of its code. Raises NotFound."""
        for digest, pairing in self._made.items():
            if (pairing.user_id, pairing.id) == (user_id, pairing_id) and not self._over(pairing):
                return digest
        raise NotFound(GONE)

    def _make_room(self, user_id: int) -> None:
        self._made = {digest: pairing for digest, pairing in self._made.items() if not self._over(pairing)}
        his = [digest for digest, pairing in self._made.items() if pairing.user_id == user_id]
        for digest in his[: max(0, len(his) + 1 - PER_USER)]:
            del self._made[digest]

    def _over(self, pairing: Pairing) -> bool:
        return self._clock.monotonic() >= pairing.until


def _digest(code: str) -> bytes:
    return sha256(code.encode("utf-8", "surrogatepass")).digest()
