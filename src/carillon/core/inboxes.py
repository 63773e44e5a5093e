"""What the core asks of storage about inboxes: a part of the Store port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Protocol

from carillon.core.matching import Facets, Found, Wanted
from carillon.core.models import ChangePage, Counts, InboxItem, Roll


class Inboxes(Protocol):
    """Ids and numbers may be any that are asked for; what is not in the inbox is as what does not exist."""

    async def page(
        self,
        user_id: int,
        *,
        limit: int,
        before: int | None = None,
        after: int | None = None,
        application_id: int | None = None,
    ) -> list[InboxItem]:
        """Up to `limit` messages of an inbox, newest first, ids below `before`; with `after` oldest first, above it."""

    async def item(self, user_id: int, message_id: int) -> InboxItem | None: ...
    async def item_by_public_id(self, user_id: int, public_id: str) -> InboxItem | None: ...
    async def counts(self, user_id: int) -> Counts:
        """Reads no more entries than are counted, however many are cleared and not yet swept."""

    async def roll(self, user_id: int, *, since: int) -> Roll:
        """Reads no more than NOTES and NOTES_BEYOND entries, however long the inbox."""

    async def search(self, user_id: int, wanted: Wanted, *, before: int | None = None, limit: int) -> Found:
        """Up to `limit` messages of an inbox, newest first, ids below `before`. Looks through so much and no more:
        where that was not all, `next` says so."""

    async def facets(self, user_id: int, wanted: Wanted, *, zone: tzinfo) -> Facets:
        """Counts the newest of what a search finds, over time by the zone's clocks. Bounded as a search is."""

    async def changes(self, user_id: int, *, after: int, limit: int) -> ChangePage: ...

    async def mark(
        self,
        user_id: int,
        ids: Sequence[int],
        *,
        read: int | None = None,
        dismissed: int | None = None,
        pinned: int | None = None,
    ) -> list[int]:
        """Sets states to a time (0: unset; None: leave). Returns the ids that are in the inbox."""

    async def read_up_to(
        self, user_id: int, up_to: int, *, application_id: int | None = None, now: int, limit: int
    ) -> int:
        """Marks up to `limit` unread messages with ids up to `up_to` as read, and returns how many there were."""

    async def delete_entries(self, user_id: int, ids: Sequence[int], *, now: int) -> list[int]:
        """Their content is gone at once, a tombstone stays. Returns the ids that were in the inbox."""

    async def clear(self, user_id: int, application_id: int | None, *, now: int, up_to: int | None = None) -> None:
        """Deletes all messages of an application (None: of all) from an inbox, or those with ids up to `up_to`;
        costs the same however many."""

    async def clear_to(self, user_id: int, marks: Mapping[int, int], *, now: int) -> None:
        """The same for each application up to an id of its own."""

    async def older(
        self, user_id: int, application_id: int | None, *, older_than: int, up_to: int | None = None
    ) -> dict[int, int]:
        """For an application (None: for each) the id up to which all its messages in the inbox are older than that
        time, at most `up_to`. Reads each of these messages."""
