"""PostgreSQL's index of words, beside the contracts that both engines keep."""

from __future__ import annotations

import asyncpg

from carillon.storage.filling import fill
from carillon.storage.migrate import migrate_postgres
from carillon.storage.postgres import PostgresSession
from carillon.storage.search_index import Candidates, Sought
from carillon.storage.search_postgres import LARGEST, SPANS, PostgresIndex, expression
from tests.storage.rows import new_application, new_messages, new_user

SPAN = 1 << SPANS[0]


def test_what_is_sought_becomes_an_expression() -> None:
    sought = Sought(("a", "b" * 300), ("c",), (("d",), ("e", "f")))
    assert expression(sought) == f"'a' & '{'b' * 200}' & 'c':* & ('d') & ('e' | 'f')"


async def test_spans_are_gone_through_from_the_newest(postgres_url: str) -> None:
    await migrate_postgres(postgres_url)
    connection = await asyncpg.connect(postgres_url)
    tx = PostgresSession(connection)
    ada = await new_user(tx)
    await new_messages(tx, await new_application(tx, ada), ada, count=9)
    places = [1, 2, SPAN - 1, SPAN, 3 * SPAN, 3 * SPAN + 1, 200 * SPAN, 2**28, 2**40]
    for number, place in reversed([*enumerate(places, 1)]):
        await tx.run("UPDATE messages SET id = ? WHERE id = ?", place, number)
    await fill(tx, 100)
    index, done = PostgresIndex(), Sought(("done",))
    assert await index.size(tx) == 9
    assert await index.find(tx, done, above=0, below=2**62, limit=99) == Candidates(places[::-1], None)
    assert await index.find(tx, done, above=2, below=2**40, limit=99) == Candidates(places[7:1:-1], None)
    first = await index.find(tx, done, above=0, below=2**62, limit=1)
    assert first == Candidates([2**40], 2**40)
    assert await index.find(tx, Sought(("nothing",)), above=0, below=2**62, limit=9) == Candidates([], None)
    await connection.close()


async def test_a_message_of_too_many_words_is_found_by_some(postgres_url: str) -> None:
    await migrate_postgres(postgres_url)
    connection = await asyncpg.connect(postgres_url)
    tx = PostgresSession(connection)
    ada = await new_user(tx)
    await new_messages(tx, await new_application(tx, ada), ada)
    words = [f"{number:x}".rjust(150, "w") for number in range(2 * LARGEST // 150)]
    await tx.run("UPDATE messages SET body = ?, title = ?", " ".join(words), "ü" * 3000)
    await fill(tx, 1)
    index = PostgresIndex()
    assert await index.size(tx) == 1
    found = [await index.find(tx, Sought((word,)), above=0, below=9, limit=9) for word in (*words[::97], "ü" * 3000)]
    assert 0 < sum(len(one.ids) for one in found) < len(found)
    await connection.close()
