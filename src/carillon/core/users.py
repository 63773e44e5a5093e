"""Users: create, change, delete."""

from __future__ import annotations

import logging
import math

from carillon.core.access import Access
from carillon.core.errors import BadInput, Conflict, NotFound, TooMany
from carillon.core.limits import Limits, require
from carillon.core.models import User
from carillon.core.passwords import Passwords
from carillon.core.peers import Peer
from carillon.core.ports import Clock, Holdings, Hub, NewUser, Store, UserInfo
from carillon.core.rates import Buckets, Rate, block
from carillon.core.reasons import because

log = logging.getLogger("carillon.users")

FIRST_NAME = "admin"
PUBLISHED_PASSWORD = "admin"  # noqa: S105  # as every Gotify recipe has it; restricted while it stands

GONE = because("no_user")
COUNTED = 10_000  # messages of a user who is to be deleted: more are as many

# Accounts that one address makes for itself: a household at once, a forum's worth in a month.
REGISTRATIONS = Rate(interval=600.0, burst=5)


class Users:
    def __init__(
        self, *, store: Store, hub: Hub, access: Access, passwords: Passwords, clock: Clock, limits: Limits
    ) -> None:
        self._store = store
        self._hub = hub
        self._access = access
        self._passwords = passwords
        self._clock = clock
        self._limits = limits
        self._registrations = Buckets(REGISTRATIONS)

    async def ensure_first(self, password: str | None) -> None:
        """In an empty installation makes the first admin, with the published password unless another is given."""
        if not await self._store.users():
            await self._add(
                FIRST_NAME, password or PUBLISHED_PASSWORD, admin=True, initial=password in (None, PUBLISHED_PASSWORD)
            )
        for user in await self._store.users():
            if user.initial_password:
                log.warning(
                    "user %r still has the published password, with which other machines may only sign in "
                    "and change it; do so now: carillon users password %s",
                    user.name,
                    user.name,
                )

    async def all(self) -> list[User]:
        return await self._store.users()

    async def first_run(self) -> bool:
        """Whether somebody still has the published password."""
        return any(user.initial_password for user in await self._store.users())

    async def infos(self) -> list[UserInfo]:
        """By id."""
        return await self._store.user_infos()

    async def info(self, user_id: int) -> UserInfo:
        """Raises NotFound."""
        info = next((info for info in await self._store.user_infos() if info.user.id == user_id), None)
        if info is None:
            raise NotFound(GONE)
        return info

    async def holdings(self, user_id: int) -> Holdings:
        """What goes with him, of his messages up to COUNTED. Raises NotFound."""
        await self.get(user_id)
        return await self._store.holdings(user_id, COUNTED)

    async def named(self, name: str) -> User:
        """Raises NotFound."""
        user = await self._store.user_by_name(name)
        if user is None:
            raise NotFound(f"there is no user {name!r}")
        return user

    async def get(self, user_id: int) -> User:
        """Raises NotFound."""
        user = await self._store.user(user_id)
        if user is None:
            raise NotFound(GONE)
        return user

    async def add(self, name: str, password: str, *, admin: bool = False) -> User:
        """Raises BadInput, and Conflict when the name is taken."""
        return await self._add(name, password, admin=admin, initial=False)

    async def register(self, name: str, password: str, peer: Peer) -> User:
        """Somebody makes himself an account. Raises what `add` does, and TooMany where that has happened too often."""
        self._check(name, password)
        address, now = block(peer.address), self._clock.monotonic()
        wait = math.ceil(self._registrations.wait(address, now))
        if wait > 0:
            raise TooMany(because("too_many_registrations", seconds=wait), wait)
        self._registrations.spend(address, now)
        return await self.add(name, password)

    async def update(
        self, user_id: int, *, name: str | None = None, admin: bool | None = None, password: str | None = None
    ) -> User:
        """None leaves; a new password does what `set_password` does.

        Raises BadInput, NotFound, and Conflict when the name is taken or no admin would be left.
        """
        return await self._change(user_id, name=name, admin=admin, password=password)

    async def set_password(self, user_id: int, password: str, *, keep: int | None = None) -> None:
        """Ends the user's sessions in browsers, and the elevation of his devices, but for the device `keep`; and
        streams that began with a password.

        Devices stay. Raises BadInput, NotFound.
        """
        await self._change(user_id, password=password, keep=keep)

    async def delete(self, user_id: int) -> None:
        """With everything that is his alone. Raises Conflict for the last admin."""
        if not await self._store.delete_user(user_id, now=self._clock.now()):
            raise NotFound(GONE)
        self._access.forget()
        self._hub.drop(user_id)

    async def _change(
        self,
        user_id: int,
        *,
        name: str | None = None,
        admin: bool | None = None,
        password: str | None = None,
        keep: int | None = None,
    ) -> User:
        self._check(name, password)
        await self.get(user_id)  # before the dear work of hashing
        hashed = None if password is None else await self._passwords.hash(password)
        changed = await self._store.update_user(user_id, name=name, admin=admin, password_hash=hashed, keep=keep)
        if changed is None:
            raise NotFound(GONE)
        self._access.forget()
        for session_id in changed.ended:
            self._hub.drop(user_id, session_id)
        if password is not None:
            self._hub.drop_without_device(user_id)
        return changed.user

    def _check(self, name: str | None, password: str | None, *, first: bool = False) -> None:
        """Raises BadInput. None is nothing to check.

        Only the `first` may have the published password: of another's nobody would know that it stands.
        """
        if name is not None:
            require("name", name, self._limits.name)
        if password is not None:
            require("password", password, self._limits.name)
            if password == PUBLISHED_PASSWORD and not first:
                raise BadInput(because("published_password", field="password"))

    async def _add(self, name: str, password: str, *, admin: bool, initial: bool) -> User:
        self._check(name, password, first=initial)
        if await self._store.user_by_name(name) is not None:
            raise Conflict(because("name_taken"))
        return await self._store.add_user(
            NewUser(
                name=name,
                password_hash=await self._passwords.hash(password),
                admin=admin,
                initial_password=initial,
                created=self._clock.now(),
            )
        )
