"""Searching a user's messages, newest first.

Three ways lead to them, and each is bounded: a list that is short, such as what is pinned, is read to its end; the
newest messages are read one after the other, which finds what is frequent; and the index names those that have the
words, which finds what is rare. Whatever is named is read before it counts, so all three find the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from operator import itemgetter

from msgspec import Struct

from carillon.core.matching import (
    IMAGE_MARK,
    LINK_MARK,
    Facets,
    Found,
    Matcher,
    Texts,
    Wanted,
    application_mark,
    buckets,
    level_mark,
)
from carillon.core.priority import HIGHEST, LOWEST
from carillon.storage import inbox
from carillon.storage.filling import SEARCH, reached
from carillon.storage.search_index import Sought
from carillon.storage.search_lists import Lists, Named
from carillon.storage.session import FAR, Row, Session

FEW = 2  # times as many as are enough, read first: where most are meant, that ends it
COUNTED = 1_000  # messages in facets
TIMES = 60  # spans of time in facets

# A beginning of words that is met in more than this share of the newest messages is no help from the index: there it
# stands for a list of nearly everything, which has to be put together first.
FREQUENT = 0.05

TEXTS = "m.title, m.body, m.url, m.url_title, m.tags, m.content_type, {extras}, m.encrypted"
BARE = "'', '', NULL, NULL, NULL, '', NULL, m.encrypted"
NAMED = """
    SELECT m.id, m.application_id, m.level, m.created, {texts} FROM messages m
    WHERE m.id AMONG ? AND m.level >= ? AND m.level <= ? AND m.created >= ? AND m.created < ?
"""


class Reach(Struct, frozen=True, kw_only=True):
    """How far one search goes."""

    newest: int = 500  # entries that are read before the index is asked
    slice: int = 500  # entries, and candidates of the index, that are read at once
    most: int = 2_500  # entries of which the texts are read
    most_bare: int = 30_000  # entries where no texts have to be read
    largest: int = 4_000_000  # characters of texts that are read
    short: int = 1_000  # entries of a particular list that is read to its end


USUAL = Reach()


class Hit:
    __slots__ = ("application_id", "created", "id", "level")

    def __init__(self, row: Row) -> None:
        self.id, self.application_id, self.level, self.created = row[:4]


async def search(
    tx: Session, user_id: int, wanted: Wanted, *, before: int | None = None, limit: int, reach: Reach = USUAL
) -> Found:
    hunt = await Hunt.begin(tx, user_id, wanted, before=before, reach=reach)
    rest = await hunt.run(limit + 1)
    ids = [hit.id for hit in hunt.hits[: limit + 1]]
    items = [inbox.item_of(row) for row in await tx.each(inbox.ONE, ids[:limit], user_id)]
    return Found(items, ids[limit - 1] if len(ids) > limit else rest)


async def facets(tx: Session, user_id: int, wanted: Wanted, *, zone: tzinfo, reach: Reach = USUAL) -> Facets:
    hunt = await Hunt.begin(tx, user_id, wanted, before=None, reach=reach)
    rest = await hunt.run(COUNTED + 1)
    hits = hunt.hits[:COUNTED]
    applications: dict[int, int] = {}
    levels = [0] * (HIGHEST + 1)
    for hit in hits:
        applications[hit.application_id] = applications.get(hit.application_id, 0) + 1
        levels[hit.level] += 1
    return Facets(
        total=len(hits),
        capped=rest is not None or len(hunt.hits) > COUNTED,
        applications=sorted(applications.items(), key=lambda one: (-one[1], one[0])),
        levels=levels,
        time=buckets([hit.created for hit in hits], TIMES, zone),
    )


_id = itemgetter(0)


class Hunt:
    """One search, on its way from the newest message downwards. `hits` are by falling id."""

    def __init__(self, tx: Session, wanted: Wanted, lists: Lists, *, indexed: int, below: int, reach: Reach) -> None:
        query = wanted.query
        self.hits: list[Hit] = []
        self._tx = tx
        self._wanted = wanted
        self._lists = lists
        self._indexed = indexed
        self._below = below
        self._matcher = Matcher(query)
        self._reach = reach
        self._left = reach.most if self._matcher.reads else reach.most_bare
        self._room = reach.largest
        extras = "m.extras" if query.image is not None else "NULL"
        self._sql = NAMED.format(texts=TEXTS.format(extras=extras) if self._matcher.reads else BARE)
        self._bounds = (
            query.lowest,
            query.highest,
            query.since if query.since is not None else -FAR,
            query.before if query.before is not None else FAR,
        )

    @classmethod
    async def begin(cls, tx: Session, user_id: int, wanted: Wanted, *, before: int | None, reach: Reach) -> Hunt:
        (newest,) = await tx.rows("SELECT message FROM counters")
        indexed = await reached(tx, SEARCH)
        lists = await Lists.of(tx, user_id, wanted, indexed=indexed)
        below = newest[0] + 1 if before is None else max(0, min(before, newest[0] + 1))
        return cls(tx, wanted, lists, indexed=indexed, below=below, reach=reach)

    async def run(self, enough: int) -> int | None:
        """Until there are so many hits, or enough has been looked at. Below which id it goes on; None: nowhere."""
        if self._wanted.query.lowest > self._wanted.query.highest:
            return None
        short = await self._lists.short(self._below, self._reach.short)
        if short is not None:
            return await self._exhaust(short, enough)
        rest = await self._walk(enough, least=self._indexed, entries=self._reach.newest)
        sought = self._sought()
        if rest is None or len(self.hits) >= enough:
            return rest
        if sought.empty:
            return await self._walk(enough, least=-1, entries=FAR)
        return await self._ask(enough, sought)

    async def _exhaust(self, entries: Sequence[Named], enough: int) -> int | None:
        """Reads a short list, but for texts so long that they are too much at once."""
        for at in range(0, len(entries), self._reach.slice):
            if len(self.hits) >= enough or self._room <= 0:
                return entries[at - 1].id
            await self._read(entries[at : at + self._reach.slice])
        return None

    def _over(self, enough: int) -> bool:
        return len(self.hits) >= enough or self._left <= 0 or self._room <= 0

    async def _walk(self, enough: int, *, least: int, entries: int) -> int | None:
        """Reads the newest of the list: so many entries, and further down to the id `least`."""
        walked, step = 0, FEW * enough
        while not self._over(enough) and (walked < entries or self._below > least + 1):
            step = min(step, self._reach.slice, self._left, max(entries - walked, enough))
            named = await self._lists.newest(self._below, step)
            await self._read(named.entries)
            if named.rest is None:
                return None
            self._below = named.rest
            walked, step = walked + step, self._reach.slice
        return self._below

    async def _ask(self, enough: int, sought: Sought) -> int | None:
        step = FEW * enough
        while not self._over(enough):
            step = min(step, self._reach.slice, self._left)
            found = await self._lists.candidates(sought, self._below, step)
            waiting = found.ids
            while waiting and not self._over(enough):
                ids, waiting = waiting[:step], waiting[step:]
                named = await self._lists.named(ids)
                self._left -= len(ids) - len(named)
                await self._read(named)
                self._below = ids[-1]
                step = self._reach.slice
            if waiting:
                break
            if found.rest is None:
                return None
            self._below = found.rest
        return self._below

    async def _read(self, entries: Sequence[Named]) -> None:
        """Keeps those that are meant."""
        self._left -= len(entries)
        ids = [entry.id for entry in entries if self._lists.shows(entry)]
        rows = await self._tx.rows_among(self._sql, ids, *self._bounds)
        for row in sorted(rows, key=_id, reverse=True):
            texts = Texts(*row[4:])
            self._room -= len(texts.title) + len(texts.body)
            if self._matcher.accepts(texts):
                self.hits.append(Hit(row))

    def _sought(self) -> Sought:
        """What the index is asked for. Where nothing was read yet, all beginnings are taken to be rare."""
        query = self._wanted.query
        words = [word for term in query.terms for word in term.words[: -1 if term.prefix else None]]
        read, met = max(self._matcher.read, 1), self._matcher.met
        beginnings = sorted((met[at] / read, term.words[-1]) for at, term in enumerate(query.terms) if term.prefix)
        rare = [word for share, word in beginnings if share <= FREQUENT]
        if query.link:
            words.append(LINK_MARK)
        if query.image:
            words.append(IMAGE_MARK)
        choices = []
        if (query.lowest, query.highest) != (LOWEST, HIGHEST):
            choices.append(tuple(level_mark(level) for level in range(query.lowest, query.highest + 1)))
        if self._wanted.applications is not None:
            choices.append(tuple(application_mark(number) for number in sorted(self._wanted.applications)))
        return Sought(tuple(words), tuple(rare), tuple(choices))
