"""How a search goes about it; what it finds is in the contracts."""

from __future__ import annotations

from collections.abc import Sequence

from carillon.core.matching import Wanted
from carillon.core.query import parse
from carillon.storage.filling import fill
from carillon.storage.search import Hunt, Reach, search
from carillon.storage.session import Row, Value
from carillon.storage.sqlite import SqliteSession
from tests.builders import NOON
from tests.storage.rows import new_application, new_messages, new_user

COUNT = 400


class Watched(SqliteSession):
    """Remembers what the index was asked for."""

    def __init__(self, tx: SqliteSession) -> None:
        super().__init__(tx._db)  # the same connection, in the same transaction
        self.asked: list[Value] = []

    async def rows(self, sql: str, *args: Value) -> Sequence[Row]:
        if "MATCH" in sql:
            self.asked.append(args[0])
        return await super().rows(sql, *args)


async def asked(tx: SqliteSession, text: str, *, enough: int = 150) -> list[Value]:
    watched = Watched(tx)
    wanted = Wanted(query=parse(text, now=NOON))
    hunt = await Hunt.begin(watched, 1, wanted, before=None, reach=Reach(newest=COUNT // 4, short=0))
    await hunt.run(enough)
    return watched.asked


async def test_the_index_is_asked_for_what_is_rare(tx: SqliteSession) -> None:
    ada = await new_user(tx)
    await new_messages(tx, await new_application(tx, ada), ada, count=COUNT)  # all say "done"
    assert await asked(tx, "nothing") == []  # nothing is indexed yet
    await fill(tx, COUNT)
    assert await asked(tx, '"done"', enough=9) == []  # the walk has found enough
    assert await asked(tx, "nothing") == ['"nothing"*']
    assert await asked(tx, "don nothing") == ['"don" AND "nothing"*']
    assert await asked(tx, "nothing* don") == ['"nothing"*']  # not for the frequent beginning
    assert await asked(tx, "don -done") == []
    assert await asked(tx, "priority:>=9") == ['("zzlevel9" OR "zzlevel10")']
    assert await asked(tx, "priority:>=9 priority:<=8") == []
    assert await asked(tx, "is:read") == []


async def test_few_are_read_where_most_are_meant(tx: SqliteSession) -> None:
    ada = await new_user(tx)
    await new_messages(tx, await new_application(tx, ada), ada, count=COUNT)
    hunt = await Hunt.begin(tx, ada.id, Wanted(query=parse("done", now=NOON)), before=None, reach=Reach())
    assert await hunt.run(11) == COUNT - 21
    assert len(hunt.hits) == 22
    found = await search(tx, ada.id, Wanted(query=parse("done", now=NOON)), limit=10)
    assert ([item.message.id for item in found.items], found.next) == (list(range(400, 390, -1)), 391)
