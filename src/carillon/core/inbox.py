"""A user's messages and what happened to each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from carillon.core.errors import BadInput, NotFound
from carillon.core.limits import Limits
from carillon.core.models import ChangePage, InboxItem
from carillon.core.ports import Clock, Store

BEYOND = 2**63 - 1  # no number gets there: a hole for sure


class Inbox:
    """`cleared` is called after a clearing, so that housekeeping starts to remove what it covers."""

    def __init__(self, *, store: Store, clock: Clock, limits: Limits, cleared: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits
        self._cleared = cleared

    async def page(
        self,
        user_id: int,
        *,
        limit: int,
        before: int | None = None,
        after: int | None = None,
        application_id: int | None = None,
    ) -> list[InboxItem]:
        """Newest first, ids below `before`; with `after` oldest first, ids above it.

        Raises NotFound for an application that the user has no tie to.
        """
        if application_id is not None:
            await self._require_application(user_id, application_id)
        return await self._store.page(user_id, limit=limit, before=before, after=after, application_id=application_id)

    async def item(self, user_id: int, message_id: int) -> InboxItem:
        item = await self._store.item(user_id, message_id)
        if item is None:
            raise NotFound("message does not exist")
        return item

    async def changes(self, user_id: int, *, after: int, limit: int | None = None) -> ChangePage:
        return await self._store.changes(
            user_id, after=after, limit=min(limit or self._limits.changes, self._limits.changes)
        )

    async def cursor(self, user_id: int) -> int:
        """The newest number there is: who wants only what comes from now on begins behind it."""
        return (await self._store.changes(user_id, after=BEYOND, limit=1)).cursor

    async def mark(
        self, user_id: int, ids: Sequence[int], *, read: bool | None = None, dismissed: bool | None = None
    ) -> list[int]:
        """Sets or unsets a state on messages; None leaves it. Returns the ids that are in the inbox."""
        self._bound(ids)
        now = self._clock.now()
        return await self._store.mark(
            user_id, ids, read=_moment(now, state=read), dismissed=_moment(now, state=dismissed)
        )

    async def delete(self, user_id: int, ids: Sequence[int]) -> list[int]:
        """Returns the ids that were in the inbox."""
        self._bound(ids)
        return await self._store.delete_entries(user_id, ids, now=self._clock.now())

    async def delete_one(self, user_id: int, message_id: int) -> None:
        """Raises NotFound."""
        if not await self.delete(user_id, [message_id]):
            raise NotFound("message does not exist")

    async def clear(self, user_id: int, application_id: int | None = None) -> None:
        """Deletes all messages, of one application or of all; answers at once however many there are."""
        if application_id is not None:
            await self._require_application(user_id, application_id)
        await self._store.clear(user_id, application_id, now=self._clock.now())
        self._cleared()

    async def _require_application(self, user_id: int, application_id: int) -> None:
        if await self._store.subscription(user_id, application_id) is None:
            raise NotFound("application does not exist")

    def _bound(self, ids: Sequence[int]) -> None:
        if len(ids) > self._limits.batch:
            raise BadInput(f"at most {self._limits.batch} ids at once")


def _moment(now: int, *, state: bool | None) -> int | None:
    """The time a state began; 0 unsets it."""
    return None if state is None else now if state else 0
