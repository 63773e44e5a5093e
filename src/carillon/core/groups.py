"""Groups: several users reached at once. Who may change them, the dialects ask; here anybody may."""

from __future__ import annotations

from carillon.core.access import Access
from carillon.core.errors import NotFound
from carillon.core.limits import Limits, require
from carillon.core.models import Group, User
from carillon.core.ports import Clock, Store


class Groups:
    def __init__(self, *, store: Store, access: Access, clock: Clock, limits: Limits) -> None:
        self._store = store
        self._access = access
        self._clock = clock
        self._limits = limits

    async def all(self) -> list[Group]:
        return await self._store.groups()

    async def named(self, name: str) -> Group:
        """Raises NotFound."""
        group = next((group for group in await self._store.groups() if group.name == name), None)
        if group is None:
            raise NotFound(f"there is no group {name!r}")
        return group

    async def add(self, name: str) -> Group:
        """Raises BadInput, and Conflict when the name is taken."""
        require("name", name, self._limits.name)
        return await self._store.add_group(name, now=self._clock.now())

    async def rename(self, group_id: int, name: str) -> None:
        """Raises BadInput, NotFound, and Conflict when the name is taken."""
        require("name", name, self._limits.name)
        _found(await self._store.rename_group(group_id, name))

    async def delete(self, group_id: int) -> None:
        """Who was a member of an application by it keeps what he has received. Raises NotFound."""
        _found(await self._store.delete_group(group_id, now=self._clock.now()))
        self._access.forget()

    async def members(self, group_id: int) -> list[User]:
        """By id; of a group that does not exist, none."""
        return await self._store.group_members(group_id)

    async def join(self, group_id: int, user_id: int) -> None:
        """From now on the applications shared with the group reach him. Raises NotFound."""
        _found(await self._store.add_member(group_id, user_id), "there is no such group or user")
        self._access.forget()

    async def leave(self, group_id: int, user_id: int) -> None:
        """Raises NotFound for who is not in it."""
        found = await self._store.remove_member(group_id, user_id, now=self._clock.now())
        _found(found, "he is not a member of this group")
        self._access.forget()


def _found(there: bool, otherwise: str = "there is no such group") -> None:
    if not there:
        raise NotFound(otherwise)
