"""That a glance costs the same however full the inbox is, counted in steps of SQLite's machine."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from carillon.core.models import Note
from carillon.storage import glance, sqlite
from carillon.storage.sqlite import SqliteSession
from tests.builders import NOON
from tests.storage.rows import new_application, new_messages, new_user


def test_a_row_gives_the_note() -> None:
    row = (42, "k3X9bQ0aTz5L", 7, "gotify", 5, 5, NOON, "Backup", 1)
    assert glance.note_of(row) == Note(
        id=42,
        public_id="k3X9bQ0aTz5L",
        application_id=7,
        dialect="gotify",
        priority=5,
        level=5,
        created=NOON,
        title="Backup",
        read=True,
    )


async def test_a_quiet_roll_costs_the_same_however_much_is_older(database: Path) -> None:
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    with closing(sqlite.connect(database)) as db:
        tx = SqliteSession(db)
        db.execute("BEGIN")
        ada = await new_user(tx)
        backup = await new_application(tx, ada)
        db.set_progress_handler(count, 1)
        costs = []
        for more in (glance.SLICE, 5 * glance.SLICE):
            await new_messages(tx, backup, ada, count=more)
            before = steps
            assert (await glance.roll(tx, ada.id, since=NOON + 1)).notes == []
            costs.append(steps - before)
    assert costs[0] > glance.SLICE
    assert costs[1] < 1.1 * costs[0]
