"""Several processes on one PostgreSQL: a reader by `after` never skips what another commits."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from carillon.core.models import EntryChange
from tests.contracts.stores import Home, add_application, add_user, drawn
from tests.postgres import Cluster

MESSAGES = 1500
REPLACING = 15  # one of so many has the key of its writer
NAMES = ("a", "b")


async def test_a_reader_beside_two_writers_misses_nothing(postgres: Cluster, tmp_path: Path) -> None:
    url = await postgres.new_database()
    home = Home(url, tmp_path)
    store = await home.open()
    ada = await add_user(store)
    backup = await add_application(store, ada)
    begun = await drawn(store)
    writers = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.contracts.store_writer"),
            *(url, str(ada.id), str(backup.id), name, str(MESSAGES)),
            cwd=Path(__file__).parents[2],
        )
        for name in NAMES
    ]
    writing = asyncio.gather(*(writer.wait() for writer in writers))
    seen: list[int] = []
    arrived: set[str] = set()
    deleted: set[int] = set()
    mixed = cursor = 0
    ended = False
    while not ended:
        ended = writing.done()
        page = await store.changes(ada.id, after=cursor, limit=500)
        for change in page.changes:
            assert isinstance(change, EntryChange)
            seen.append(change.changed)
            if change.message is None:
                deleted.add(change.entry.message_id)
            else:
                arrived.add(change.message.title)
        mixed += len({title[0] for title in arrived}) == len(NAMES) and not ended
        cursor = page.cursor
        ended = ended and not page.more
    assert await writing == [0, 0]
    assert seen == sorted(set(seen))

    # Each number was drawn for an arrival or a deletion; what was deleted between two reads shows its deletion only.
    replaced = len(NAMES) * (MESSAGES // REPLACING - 1)
    assert cursor - begun == len(NAMES) * MESSAGES + replaced
    assert len(deleted) == replaced
    expected = {f"{name}{number}" for name in NAMES for number in range(MESSAGES) if number % REPLACING}
    assert expected <= arrived
    assert mixed > 3  # the reader was there while both wrote
    assert await store.check() == []
    await home.close()
