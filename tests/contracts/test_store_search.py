"""The Store port: searching an inbox, whatever of it is indexed already."""

from __future__ import annotations

from datetime import UTC
from functools import partial
from typing import Any

import pytest
from msgspec import Raw

from carillon.core.matching import Bucket, Found, Wanted
from carillon.core.models import Application, Message, User
from carillon.core.ports import Filled, Store
from carillon.core.query import parse
from carillon.storage import search as storage_search
from carillon.storage.search import Reach
from carillon.storage.search_lists import INDEXES
from carillon.storage.session import Session
from tests.builders import DAY, HOUR, NOON
from tests.contracts.stores import Home, add_application, add_user, count_rows, join, send, write

TEXTS = [
    ("Backup failed", "Disk usage on host db-3 is above ninety percent"),
    ("Backup done", "All 31 disks are fine: https://example.org/report"),
    ("Müllabfuhr", "Morgen wird in der Königstraße der Biomüll geholt"),
    ("MUELL", "Straße und STRASSE, groß und Gross"),
    ("Türklingel", "Jemand ist an der Tür"),
    ("Łódź, Île-de-France", "crème brûlée"),
    ("192.168.1.17", "sshd[4242]: accepted publickey for root@db-31"),
]


@pytest.fixture
async def ada(store: Store) -> User:
    return await add_user(store)


@pytest.fixture
async def backup(store: Store, ada: User) -> Application:
    return await add_application(store, ada, "Backup")


@pytest.fixture
async def texts(store: Store, ada: User, backup: Application) -> list[Message]:
    return [await send(store, backup, ada, title=title, body=body) for title, body in TEXTS]


def wanted(text: str, **chosen: Any) -> Wanted:
    return Wanted(query=parse(text, now=NOON), **chosen)


async def found(store: Store, user: User, text: str, **chosen: Any) -> list[int]:
    """Ids, over as many pages as it takes."""
    ids: list[int] = []
    before = None
    while True:
        page = await store.search(user.id, wanted(text, **chosen), before=before, limit=3)
        ids += [item.message.id for item in page.items]
        if page.next is None:
            return ids
        assert before is None or page.next < before
        before = page.next


# So few entries are read one after the other that the index is asked, again and again.
INDEX_ONLY = Reach(newest=0, slice=2, short=0)


async def far(store: Store, user: User, text: str, **chosen: Any) -> list[int]:
    """By the index, in one page."""

    async def ask(tx: Session) -> Found:
        return await storage_search.search(tx, user.id, wanted(text, **chosen), limit=100, reach=INDEX_ONLY)

    page = await write(store, ask)
    assert page.next is None
    return [item.message.id for item in page.items]


async def fill(store: Store, limit: int = 500) -> int:
    done = 0
    while (filled := await store.fill(limit)).more:
        done += filled.messages
    return done


WORDS = [
    ("backup", [2, 1]),
    ("backup failed", [1]),
    ("BACKUP Don", [2]),
    ("dis", [2, 1]),
    ('"dis"', []),
    ('"disk"', [1]),
    ("disk usage", [1]),
    ('"disk usage"', [1]),
    ('"usage disk"', []),
    ('"failed disk"', []),
    ("backup -failed", [2]),
    ('backup -"disk usage"', [2]),
    ("-backup", [7, 6, 5, 4, 3]),
    ("müll", [3]),
    ("mull", [3]),
    ("MÜLLABFUHR", [3]),
    ("muell", [4]),
    ("biomull", [3]),
    ("strasse", [4]),
    ("straße", [4]),
    ("konigstraß", [3]),
    ("königstras", [3]),
    ('"grosz"', []),
    ('"groß gross"', []),
    ("groß", [4]),
    ("tur", [5]),
    ('"tur"', [5]),
    ("łodz", [6]),
    ("creme brulee", [6]),
    ("ile", [6]),
    ("de-france", [6]),
    ("db-3", [7, 1]),
    ('"db-3"', [1]),
    ("192.168", [7]),
    ("168.1.17", [7]),
    ("root@db", [7]),
    ("dis* fin* repor", [2]),
    ("example.org/rep", [2]),
    ("has:link", [2]),
    ("-has:link disk", [1]),
    ("", [7, 6, 5, 4, 3, 2, 1]),
    ("?! ...", [7, 6, 5, 4, 3, 2, 1]),
    ("zzapp1", []),
    ("zz", []),
]


@pytest.mark.parametrize("indexed", [0, 3, 7])
async def test_words_are_found_indexed_or_not(store: Store, ada: User, texts: list[Message], indexed: int) -> None:
    if indexed:
        assert (await store.fill(indexed)).messages == indexed
    for text, expected in WORDS:
        assert await found(store, ada, text) == expected, text
        assert await far(store, ada, text) == expected, text


async def test_a_page_after_the_other(store: Store, ada: User, texts: list[Message]) -> None:
    first = await store.search(ada.id, wanted(""), limit=4)
    assert ([item.message for item in first.items], first.next) == (texts[:2:-1], 4)
    assert first.items[0].entry.application_id == texts[0].application_id
    second = await store.search(ada.id, wanted(""), before=4, limit=4)
    assert ([item.message for item in second.items], second.next) == (texts[2::-1], None)
    for beyond in (1, 0, -(2**70)):
        assert (await store.search(ada.id, wanted(""), before=beyond, limit=4)).items == []
    assert len((await store.search(ada.id, wanted(""), before=2**70, limit=7)).items) == 7


@pytest.mark.parametrize("indexed", [False, True])
async def test_filters(store: Store, ada: User, backup: Application, indexed: bool) -> None:
    other = await add_application(store, ada, "Other")
    for number, (application, level) in enumerate([(backup, 0), (other, 5), (backup, 8), (other, 10)]):
        await send(
            store,
            application,
            ada,
            title=f"word {number}",
            level=level,
            created=NOON - number * DAY,
            content_type="text/markdown",
        )
    await send(store, other, ada, title="word", body="![x](http://h/p.png)", content_type="text/markdown")
    await send(store, other, ada, title="word", body="![x]", extras=Raw(b'{"n":{"bigImageUrl":"http://h/p"}}'))
    await store.mark(ada.id, [2, 3], read=NOON)
    await store.mark(ada.id, [1, 3], pinned=NOON)
    if indexed:
        await fill(store)
    only, others = {"applications": frozenset({backup.id})}, {"not_applications": frozenset({backup.id})}
    for text, chosen, expected in (
        ("", only, [3, 1]),
        ("", others, [6, 5, 4, 2]),
        ("", {"applications": frozenset()}, []),
        ("", {"applications": frozenset({99})}, []),
        ("priority:>=8", {}, [4, 3]),
        ("priority:>=8", only, [3]),
        ("priority:silent", {}, [1]),
        ("priority:99", {}, []),
        ("priority:>=5 priority:<5", {}, []),
        ("is:unread", {}, [6, 5, 4, 1]),
        ("is:read", {}, [3, 2]),
        ("is:pinned", {}, [3, 1]),
        ("-is:pinned", {}, [6, 5, 4, 2]),
        ("is:pinned is:unread", {}, [1]),
        ("is:unread", others, [6, 5, 4]),
        ("since:1d", {}, [6, 5, 2, 1]),
        ("before:1d", {}, [4, 3]),
        ("since:3d before:1d", {}, [4, 3]),
        ("before:9d", {}, []),
        ("has:image", {}, [6, 5]),
        ("-has:image", {}, [4, 3, 2, 1]),
        ("has:link", {}, [5]),
        ("has:image -has:link", {}, [6]),
    ):
        for words in ("", " word"):
            assert await found(store, ada, text + words, **chosen) == expected, text
            assert await far(store, ada, text + words, **chosen) == expected, text
        assert await found(store, ada, f"{text} -word", **chosen) == [], text


async def test_only_what_a_user_has_is_found(
    store: Store, ada: User, texts: list[Message], backup: Application
) -> None:
    eve = await add_user(store, "eve")
    await join(store, eve, backup)
    await send(store, backup, ada, eve, title="for both")
    await fill(store)
    for text in ("", "both", "is:unread"):
        assert await found(store, eve, text) == [8] == await far(store, eve, text)
    await store.clear(ada.id, backup.id, now=NOON, up_to=5)
    for text, expected in (("", [8, 7, 6]), ("is:unread", [8, 7, 6]), ("disk", []), ("bo", [8])):
        assert await found(store, ada, text) == expected == await far(store, ada, text)
    await store.delete_entries(eve.id, [8], now=NOON)
    assert await found(store, eve, "both") == [] == await far(store, eve, "both")
    assert await found(store, ada, "both") == [8]


async def test_what_is_deleted_leaves_the_index(
    store: Store, ada: User, texts: list[Message], backup: Application
) -> None:
    assert await fill(store, 3) == 7
    assert await store.check() == []
    assert await store.delete_entries(ada.id, [1, 2], now=NOON) == [1, 2]
    await send(store, backup, ada, title="disk 1", key="one")
    await send(store, backup, ada, title="disk 2", expires=NOON)
    await fill(store)
    await send(store, backup, ada, title="disk 3", key="one")
    await store.expire(NOON, 10)
    assert await found(store, ada, "disk") == [10] == await far(store, ada, "disk")
    assert await store.check() == []
    await fill(store)
    await store.clear(ada.id, None, now=NOON)
    while await store.sweep(3):
        assert await store.check() == []
    assert await found(store, ada, "") == []
    assert await size(store) == 0 == await count_rows(store, "messages")


async def size(store: Store) -> int:
    async def ask(tx: Session) -> int:
        return await INDEXES[tx.kind].size(tx)

    return await write(store, ask)


async def test_what_is_encrypted_is_found_by_what_is_readable(store: Store, ada: User, backup: Application) -> None:
    await send(store, backup, ada, title="c2VjcmV0", body="http://c2VjcmV0", url="c2VjcmV0", level=9, encrypted=True)
    for _ in range(2):
        for text, expected in (("", [1]), ("priority:9", [1]), ("c2VjcmV0", []), ("-x", []), ("has:link", [])):
            assert await found(store, ada, text) == expected == await far(store, ada, text), text
        await fill(store)
    assert await size(store) == 1


async def test_a_long_way_is_gone_in_steps(store: Store, ada: User, backup: Application) -> None:
    for number in range(40):
        await send(store, backup, ada, title=f"word {number}", body="x" * 100)
    await fill(store)
    step = Reach(newest=0, slice=3, most=12, most_bare=12, short=0)
    wide = Reach(newest=0, slice=3, largest=700, short=0)

    async def ask(tx: Session, text: str, before: int | None, reach: Reach) -> Found:
        return await storage_search.search(tx, ada.id, wanted(text), before=before, limit=10, reach=reach)

    async def walk(text: str, reach: Reach) -> tuple[list[int], int]:
        ids: list[int] = []
        before, steps = None, 0
        while True:
            page = await write(store, partial(ask, text=text, before=before, reach=reach))
            ids += [item.message.id for item in page.items]
            steps += 1
            if page.next is None:
                return ids, steps
            before = page.next

    assert await walk("is:read", step) == ([], 4)
    assert await walk('"word 3"', step) == ([4], 1)
    assert await walk("word -word", step) == ([], 4)
    assert await walk("word -word", wide) == ([], 5)
    assert (await walk("is:unread", step))[0] == list(range(40, 0, -1))
    brief = Reach(newest=0, slice=3, largest=700, short=99)
    assert await walk("is:unread -word", brief) == ([], 5)
    assert (await walk("is:unread word", brief))[0] == list(range(40, 0, -1))


async def test_facets(store: Store, ada: User, backup: Application) -> None:
    other = await add_application(store, ada, "Other")
    for number in range(6):
        await send(store, other if number % 3 else backup, ada, level=number, created=NOON + number * HOUR // 2)
    await fill(store)
    facets = await store.facets(ada.id, wanted("priority:>=1"), zone=UTC)
    assert (facets.total, facets.capped) == (5, False)
    assert facets.applications == [(other.id, 4), (backup.id, 1)]
    assert facets.levels == [0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    assert facets.time[0] == Bucket(NOON + HOUR // 2, NOON + HOUR // 2 + HOUR // 12, 1)
    assert sum(bucket.count for bucket in facets.time) == 5
    nothing = await store.facets(ada.id, wanted("nothing"), zone=UTC)
    assert (nothing.total, nothing.capped, nothing.applications, nothing.time) == (0, False, [], [])


async def test_facets_count_so_many(store: Store, ada: User, backup: Application) -> None:
    for number in range(5):
        await send(store, backup, ada, level=number)
    reach = Reach(newest=0, slice=2, most=3, most_bare=3, short=0)
    facets = await write(store, lambda tx: storage_search.facets(tx, ada.id, wanted(""), zone=UTC, reach=reach))
    assert (facets.total, facets.capped) == (3, True)


async def test_it_is_filled_in_slices(home: Home, store: Store, ada: User, backup: Application) -> None:
    assert await store.fill(5) == Filled(0, 0, more=False)
    for _ in range(5):
        await send(store, backup, ada)
    assert [await slice_of(store) for _ in range(3)] == [(3, 5), (2, 5), (0, 5)]
    await send(store, backup, ada, body="long " * 60_000)
    await send(store, backup, ada, body="long")
    assert [await slice_of(store) for _ in range(3)] == [(1, 7), (1, 7), (0, 7)]
    await store.close()
    store = await home.open()
    assert await slice_of(store) == (0, 7)
    assert await far(store, ada, "long") == [7, 6]


async def slice_of(store: Store) -> tuple[int, int]:
    done = await store.fill(3)
    return done.messages, done.newest


async def test_what_was_written_in_many_parts_is_put_together(store: Store, ada: User, backup: Application) -> None:
    """In slices, which end."""
    for number in range(40):
        await send(store, backup, ada, title=f"word {number}")
        await store.fill(1)
    for _ in range(100):
        if not (await store.fill(1)).more:
            break
    assert not (await store.fill(1)).more
    assert await far(store, ada, "word") == list(range(40, 0, -1))
    assert await store.check() == []
