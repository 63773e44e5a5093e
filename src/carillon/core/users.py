"""Users: create, change, delete."""

from __future__ import annotations

import logging

from carillon.core.access import Access
from carillon.core.errors import NotFound
from carillon.core.limits import Limits, require
from carillon.core.models import User
from carillon.core.passwords import Passwords
from carillon.core.ports import Clock, Hub, NewUser, Store

log = logging.getLogger("carillon.users")

FIRST_NAME = "admin"
PUBLISHED_PASSWORD = "admin"  # noqa: S105  # as every Gotify recipe has it; restricted while it stands


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

    async def ensure_first(self, password: str | None) -> None:
        """In an empty installation makes the first admin, with the published password unless another is given."""
        if not await self._store.users():
            await self._add(
                FIRST_NAME, password or PUBLISHED_PASSWORD, admin=True, initial=password in (None, PUBLISHED_PASSWORD)
            )
        for user in await self._store.users():
            if user.initial_password:
                log.warning(
                    "user %r still has the published password, so from other machines it may only sign in; "
                    "to change it: carillon users password %s",
                    user.name,
                    user.name,
                )

    async def all(self) -> list[User]:
        return await self._store.users()

    async def named(self, name: str) -> User:
        """Raises NotFound."""
        user = await self._store.user_by_name(name)
        if user is None:
            raise NotFound(f"there is no user {name!r}")
        return user

    async def add(self, name: str, password: str, *, admin: bool = False) -> User:
        """Raises BadInput, and Conflict when the name is taken."""
        return await self._add(name, password, admin=admin, initial=False)

    async def set_password(self, user_id: int, password: str) -> None:
        """Raises BadInput, NotFound."""
        require("password", password, self._limits.name)
        if not await self._store.set_password(user_id, await self._passwords.hash(password)):
            raise NotFound("there is no such user")
        self._access.forget()

    async def delete(self, user_id: int) -> None:
        """With everything that is his alone. Raises Conflict for the last admin."""
        if not await self._store.delete_user(user_id, now=self._clock.now()):
            raise NotFound("there is no such user")
        self._access.forget()
        self._hub.drop(user_id)

    async def _add(self, name: str, password: str, *, admin: bool, initial: bool) -> User:
        require("name", name, self._limits.name)
        require("password", password, self._limits.name)
        return await self._store.add_user(
            NewUser(
                name=name,
                password_hash=await self._passwords.hash(password),
                admin=admin,
                initial_password=initial,
                created=self._clock.now(),
            )
        )
