"""The lists of an inbox that a search goes through: all of it, what is unread or pinned, or that of applications."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from carillon.core.matching import Wanted
from carillon.storage.search_index import Candidates, SearchIndex, Sought
from carillon.storage.search_postgres import PostgresIndex
from carillon.storage.search_sqlite import SqliteIndex
from carillon.storage.session import FAR, EngineKind, Session

INDEXES: dict[EngineKind, SearchIndex] = {"sqlite": SqliteIndex(), "postgres": PostgresIndex()}

HOUR = 3600 * 1_000_000  # µs
MERGED = 10_000  # ids, of all applications, of which the newest are taken
SAMPLE = 500  # entries by which it is judged whether what is unread is sparse
SPARSE = 0.1

ENTRY = "SELECT message_id, application_id, read, pinned FROM entries"
BETWEEN = "AND message_id > ? AND message_id < ? ORDER BY message_id DESC LIMIT ?"
WHOLE = f"{ENTRY} WHERE user_id = ? AND deleted = 0 {BETWEEN}"
NAMED = f"{ENTRY} WHERE message_id AMONG ? AND user_id = ? AND deleted = 0"

# Each needs its index only, and nothing of the entries: else SQLite would walk through the whole inbox.
PINNED = f"SELECT message_id FROM entries WHERE user_id = ? AND deleted = 0 AND pinned IS NOT NULL {BETWEEN}"
OF_APPLICATIONS = """
    SELECT e.message_id FROM subscriptions s CROSS JOIN entries e
    WHERE s.application_id {chosen} AND s.user_id = ? AND e.user_id = s.user_id AND e.application_id = s.application_id
    AND e.deleted = 0 AND e.message_id > s.cleared_to {state} AND e.message_id > ? AND e.message_id < ?
    {order} LIMIT ?
"""
STATES = {False: "", True: "AND e.read IS NULL"}
NEWEST = "ORDER BY e.message_id DESC"
OF_EACH = {unread: OF_APPLICATIONS.format(chosen="= ?", state=STATES[unread], order=NEWEST) for unread in STATES}
OF_ALL = {unread: OF_APPLICATIONS.format(chosen="AMONG ?", state=STATES[unread], order="") for unread in STATES}

FIRST = "SELECT min(first_id) FROM search_hours WHERE hour >= ?"
LAST = "SELECT max(last_id) FROM search_hours WHERE hour <= ?"


class Named(NamedTuple):
    """An entry that may be meant."""

    id: int
    application_id: int
    read: int | None
    pinned: int | None


class Newest(NamedTuple):
    """`rest`: below this id the list goes on; None: it does not."""

    entries: list[Named]
    rest: int | None


class Lists:
    def __init__(
        self, tx: Session, user_id: int, wanted: Wanted, *, cleared: dict[int, int], indexed: int, since: int, last: int
    ) -> None:
        """`cleared`: of each application that may be meant, the id up to which it is cleared. `since`: no id below it
        is meant; `last`: of those that are indexed none above it.
        """
        self.user_id = user_id
        self._tx = tx
        self._query = wanted.query
        self._cleared = cleared
        self._indexed = indexed
        self._last = last
        self._above = max(min(cleared.values(), default=FAR), since - 1)
        self._narrow = wanted.applications is not None
        self._unread = wanted.query.read is False
        self._walked = self._shown = 0  # entries of the whole inbox

    @classmethod
    async def of(cls, tx: Session, user_id: int, wanted: Wanted, *, indexed: int) -> Lists:
        ties = await tx.rows("SELECT application_id, cleared_to FROM subscriptions WHERE user_id = ?", user_id)
        cleared = {
            number: cleared_to
            for number, cleared_to in ties
            if (wanted.applications is None or number in wanted.applications) and number not in wanted.not_applications
        }
        first, last = 0, FAR
        if wanted.query.since is not None:
            (row,) = await tx.rows(FIRST, wanted.query.since // HOUR)
            first = indexed + 1 if row[0] is None else row[0]
        if wanted.query.before is not None:
            (row,) = await tx.rows(LAST, (wanted.query.before - 1) // HOUR)
            last = row[0] or 0
        return cls(tx, user_id, wanted, cleared=cleared, indexed=indexed, since=first, last=last)

    def shows(self, entry: Named) -> bool:
        """Whether it is there for the user, and in the state that is asked for."""
        query = self._query
        if query.read is not None and query.read is (entry.read is None):
            return False
        if query.pinned is not None and query.pinned is (entry.pinned is None):
            return False
        return entry.id > self._cleared.get(entry.application_id, FAR)

    async def short(self, below: int, most: int) -> list[Named] | None:
        """The whole list where it is a particular one of up to `most` entries."""
        below, bounds = self._skipping(below), (self.user_id, self._above)
        if self._query.pinned:
            rows = await self._tx.rows(PINNED, *bounds, below, most + 1)
        elif self._narrow or self._unread:
            rows = await self._tx.rows_among(OF_ALL[self._unread], [*self._cleared], *bounds, below, most + 1)
        else:
            return None
        return await self.named([row[0] for row in rows]) if len(rows) <= most else None

    async def newest(self, below: int, limit: int) -> Newest:
        """The next entries of the list, up to `limit`.

        What is unread is looked for in the whole inbox while it is found there: its own index has no order over all
        applications.
        """
        below, bounds = self._skipping(below), (self.user_id, self._above)
        sparse = self._unread and self._walked >= SAMPLE and self._shown < self._walked * SPARSE
        if self._query.pinned:
            ids = [row[0] for row in await self._tx.rows(PINNED, *bounds, below, limit)]
        elif self._narrow or sparse:
            limit = min(limit, MERGED // max(len(self._cleared), 1) + 1)
            rows = await self._tx.each(OF_EACH[self._unread], [*self._cleared], *bounds, below, limit)
            ids = sorted((row[0] for row in rows), reverse=True)[:limit]
        else:
            found = [Named(*row) for row in await self._tx.rows(WHOLE, *bounds, below, limit)]
            self._walked += len(found)
            self._shown += sum(map(self.shows, found))
            return Newest(found, found[-1].id if len(found) == limit else None)
        return Newest(await self.named(ids), ids[-1] if len(ids) == limit else None)

    async def candidates(self, sought: Sought, below: int, limit: int) -> Candidates:
        index = INDEXES[self._tx.kind]
        return await index.find(self._tx, sought, above=self._above, below=self._skipping(below), limit=limit)

    def _skipping(self, below: int) -> int:
        """Of what is indexed it is known up to where it may be meant."""
        return min(below, self._last + 1) if below <= self._indexed + 1 else below

    async def named(self, ids: Sequence[int]) -> list[Named]:
        """Those of the messages that are in the inbox."""
        return sorted((Named(*row) for row in await self._tx.rows_among(NAMED, ids, self.user_id)), reverse=True)
