from __future__ import annotations

import pytest

from carillon.core.matching import Wanted
from carillon.core.query import parse
from carillon.storage import search_lists
from carillon.storage.inbox import mark
from carillon.storage.search_lists import OF_EACH, PINNED, SAMPLE, WHOLE, Lists
from carillon.storage.session import FAR
from carillon.storage.sqlite import SqliteSession
from tests.builders import NOON
from tests.storage.rows import new_application, new_messages, new_user


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        (WHOLE, "PRIMARY KEY (user_id=? AND deleted=? AND message_id>? AND message_id<?)"),
        (PINNED, "COVERING INDEX entries_pinned (user_id=? AND deleted=? AND message_id>? AND message_id<?)"),
        (OF_EACH[True], "COVERING INDEX entries_unread (user_id=? AND application_id=? AND message_id>? AND"),
        (OF_EACH[False], "COVERING INDEX entries_application (user_id=? AND application_id=? AND deleted=? AND"),
        (search_lists.NAMED.replace("AMONG ?", "= ?"), "PRIMARY KEY (user_id=? AND deleted=? AND message_id=?)"),
    ],
)
async def test_each_list_is_read_by_its_index(tx: SqliteSession, sql: str, index: str) -> None:
    plan = await tx.rows(f"EXPLAIN QUERY PLAN {sql}", *[1] * sql.count("?"))
    assert index in plan[-1][3]
    assert not any("TEMP B-TREE" in row[3] for row in plan)


async def lists_of(tx: SqliteSession, user_id: int, text: str) -> Lists:
    return await Lists.of(tx, user_id, Wanted(query=parse(text, now=NOON)), indexed=0)


async def test_what_is_sparse_is_looked_for_in_a_list_of_its_own(tx: SqliteSession) -> None:
    ada = await new_user(tx)
    applications = [await new_application(tx, ada, token_digest=bytes([n])) for n in range(3)]
    for application in applications:
        await new_messages(tx, application, ada, count=SAMPLE)
    unread = [5, 600, 601, 700, 1200]
    await mark(tx, ada.id, [number for number in range(1, 3 * SAMPLE + 1) if number not in unread], read=NOON)

    lists = await lists_of(tx, ada.id, "is:unread")
    first = await lists.newest(FAR, SAMPLE)
    assert [entry.id for entry in first.entries] == list(range(3 * SAMPLE, 2 * SAMPLE, -1))
    assert [entry.id for entry in first.entries if lists.shows(entry)] == [1200]
    assert first.rest == 2 * SAMPLE + 1
    second = await lists.newest(first.rest, 2)
    assert ([entry.id for entry in second.entries], second.rest) == ([700, 601], 601)
    third = await lists.newest(601, 3)
    assert ([entry.id for entry in third.entries], third.rest) == ([600, 5], None)


async def test_a_list_may_be_short(tx: SqliteSession) -> None:
    ada = await new_user(tx)
    await new_messages(tx, await new_application(tx, ada), ada, count=5)
    for text, most, count in (("", 9, None), ("is:unread", 5, 5), ("is:unread", 4, None), ("is:pinned", 0, 0)):
        short = await (await lists_of(tx, ada.id, text)).short(FAR, most)
        assert (short if short is None else len(short)) == count, text
