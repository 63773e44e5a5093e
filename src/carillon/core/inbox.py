"""A user's messages and what happened to each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from carillon.core.errors import BadInput, NotFound
from carillon.core.limits import Limits
from carillon.core.models import ChangePage, Counts, InboxItem, Roll
from carillon.core.ports import Clock, Store
from carillon.core.reasons import because
from carillon.core.remote import RemotePictures

BEYOND = 2**63 - 1  # no number gets there: a hole for sure
NO_MESSAGE = because("no_message")
NO_APPLICATION = because("no_application")
LONGEST_PUBLIC_ID = 64  # ours have 12 characters
SLICES = 10  # transactions in which one call marks messages, of as many as may be marked by their ids
HOUR = 3600 * 1_000_000  # µs


class Inbox:
    """`cleared` is called after a clearing, so that housekeeping starts to remove what it covers.

    `pictures` are those that its messages name and others have.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        limits: Limits,
        cleared: Callable[[], None],
        pictures: RemotePictures,
    ) -> None:
        self.pictures = pictures
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
            raise NotFound(NO_MESSAGE)
        return item

    async def by_public_id(self, user_id: int, public_id: str) -> InboxItem:
        """Raises NotFound."""
        could_be = len(public_id) <= LONGEST_PUBLIC_ID and public_id.isascii() and public_id.isalnum()
        item = await self._store.item_by_public_id(user_id, public_id) if could_be else None
        if item is None:
            raise NotFound(NO_MESSAGE)
        return item

    async def counts(self, user_id: int) -> Counts:
        return await self._store.counts(user_id)

    async def roll(self, user_id: int, hours: int) -> Roll:
        """The notes of the last hours."""
        return await self._store.roll(user_id, since=self._clock.now() - hours * HOUR)

    async def changes(self, user_id: int, *, after: int, limit: int | None = None) -> ChangePage:
        return await self._store.changes(
            user_id, after=after, limit=min(limit or self._limits.changes, self._limits.changes)
        )

    async def cursor(self, user_id: int) -> int:
        """The newest number there is: who wants only what comes from now on begins behind it."""
        return (await self._store.changes(user_id, after=BEYOND, limit=1)).cursor

    async def mark(
        self,
        user_id: int,
        ids: Sequence[int],
        *,
        read: bool | None = None,
        dismissed: bool | None = None,
        pinned: bool | None = None,
    ) -> list[int]:
        """Sets or unsets a state on messages; None leaves it. Returns the ids that are in the inbox."""
        self._bound(ids)
        now = self._clock.now()
        return await self._store.mark(
            user_id,
            ids,
            read=_moment(now, state=read),
            dismissed=_moment(now, state=dismissed),
            pinned=_moment(now, state=pinned),
        )

    async def read_up_to(self, user_id: int, up_to: int, *, application_id: int | None = None) -> tuple[int, bool]:
        """Marks as read what is unread up to that id, in slices between which others write.

        Returns how many, and whether there may be more: one call does SLICES. Raises NotFound.
        """
        if application_id is not None:
            await self._require_application(user_id, application_id)
        now, limit, marked = self._clock.now(), self._limits.batch, 0
        for _ in range(SLICES):
            done = await self._store.read_up_to(user_id, up_to, application_id=application_id, now=now, limit=limit)
            marked += done
            if done < limit:
                return marked, False
        return marked, True

    async def delete(self, user_id: int, ids: Sequence[int]) -> list[int]:
        """Returns the ids that were in the inbox."""
        self._bound(ids)
        return await self._store.delete_entries(user_id, ids, now=self._clock.now())

    async def delete_one(self, user_id: int, message_id: int) -> None:
        """Raises NotFound."""
        if not await self.delete(user_id, [message_id]):
            raise NotFound(NO_MESSAGE)

    async def clear(
        self,
        user_id: int,
        application_id: int | None = None,
        *,
        up_to: int | None = None,
        older_than: int | None = None,
    ) -> None:
        """Deletes all messages, of one application or of all; answers at once however many there are.

        `up_to`: only ids up to it. `older_than`: only what came before the first message that is not older than that
        time; each that goes is looked at. Raises NotFound.
        """
        if application_id is not None:
            await self._require_application(user_id, application_id)
        if older_than is not None:
            marks = await self._store.older(user_id, application_id, older_than=older_than, up_to=up_to)
            await self._store.clear_to(user_id, marks, now=self._clock.now())
        else:
            await self._store.clear(user_id, application_id, up_to=up_to, now=self._clock.now())
        self._cleared()

    async def _require_application(self, user_id: int, application_id: int) -> None:
        if await self._store.subscription(user_id, application_id) is None:
            raise NotFound(NO_APPLICATION)

    def _bound(self, ids: Sequence[int]) -> None:
        if len(ids) > self._limits.batch:
            raise BadInput(f"at most {self._limits.batch} ids at once")


def _moment(now: int, *, state: bool | None) -> int | None:
    """The time a state began; 0 unsets it."""
    return None if state is None else now if state else 0
