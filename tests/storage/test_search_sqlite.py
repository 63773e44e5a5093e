from __future__ import annotations

import pytest

from carillon.core.models import MARKDOWN
from carillon.storage import search_sqlite
from carillon.storage.filling import fill
from carillon.storage.search_index import Candidates, Sought
from carillon.storage.search_sqlite import SHARP, SqliteIndex, expression, ways
from carillon.storage.sqlite import SqliteSession
from tests.storage.rows import new_application, new_messages, new_user


def test_what_is_sought_becomes_an_expression() -> None:
    assert (
        expression(Sought(("a", "b"), ("c",), (("d",), ("e", "f")))) == '"a" AND "b" AND "c"* AND "d" AND ("e" OR "f")'
    )


@pytest.mark.parametrize(
    ("word", "goes_on", "found"),
    [
        ("disk", False, ["disk"]),
        ("strasse", False, ["strasse", "straße"]),
        ("strass", True, ["strass", "straß", "strasß"]),
        ("dis", True, ["dis", "diß"]),
        ("ss", False, ["ss", "ß"]),
    ],
)
def test_a_word_may_have_been_written_with_a_sharp_s(word: str, goes_on: bool, found: list[str]) -> None:
    assert ways(word, goes_on=goes_on) == found


def test_there_are_not_too_many_ways_to_write_a_word() -> None:
    assert len(ways("ss" * 50, goes_on=True)) == 2 * 2**SHARP


async def test_the_newest_of_a_word_come_first(tx: SqliteSession) -> None:
    ada = await new_user(tx)
    await new_messages(tx, await new_application(tx, ada), ada, count=9)
    await fill(tx, 9)
    index = SqliteIndex()
    assert await index.size(tx) == 9
    done = Sought(("done",))
    assert await index.find(tx, done, above=2, below=8, limit=3) == Candidates([7, 6, 5], 5)
    assert await index.find(tx, done, above=2, below=5, limit=3) == Candidates([4, 3], None)
    assert await index.find(tx, Sought(("done",), ("nothing",)), above=0, below=10, limit=3) == Candidates([], None)
    begun = await index.find(tx, Sought(beginnings=("do",)), above=0, below=10, limit=1)
    assert begun == Candidates([9, 8, 7, 6, 5, 4, 3, 2, 1], None)


async def test_no_plan_reads_everything(tx: SqliteSession) -> None:
    plan = await tx.rows(f"EXPLAIN QUERY PLAN {search_sqlite.FIND}", '"x"', 1, 2, 3)
    assert [row[3] for row in plan] == ["SCAN search VIRTUAL TABLE INDEX 192:M6><"]


async def test_links_and_pictures_are_marked(tx: SqliteSession) -> None:
    ada = await new_user(tx)
    await new_messages(tx, await new_application(tx, ada), ada, count=5)
    changes = (
        "url = 'x'",
        "body = 'http://x'",
        "extras = '{\"bigImageUrl\":1}'",
        f"body = '![', content_type = '{MARKDOWN}'",
    )
    for number, change in enumerate(changes, 1):
        await tx.run(f"UPDATE messages SET {change} WHERE id = ?", number)  # noqa: S608  # the tests' own
    await fill(tx, 5)
    every = [5, 4, 3, 2, 1]
    for mark, ids in (("zzlink", [2, 1]), ("zzimage", [4, 3]), ("zzapp1", every), ("zzlevel5", every)):
        assert (await SqliteIndex().find(tx, Sought((mark,)), above=0, below=9, limit=9)).ids == ids
