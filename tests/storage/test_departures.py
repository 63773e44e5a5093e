from __future__ import annotations

from carillon.storage import departures
from carillon.storage.session import Session
from tests.builders import NOON
from tests.storage.rows import new_application, new_messages, new_user


async def test_an_application_with_another_owner_outlives_one_of_them(tx: Session) -> None:
    ada, eve = await new_user(tx, "ada"), await new_user(tx, "eve")
    shared = await new_application(tx, ada)
    await tx.run(
        "INSERT INTO subscriptions (user_id, application_id, role, sort_key) VALUES (?, ?, 'owner', 'a0')",
        eve.id,
        shared.id,
    )
    assert await departures.delete_user(tx, ada.id, now=NOON)
    assert len(await tx.rows("SELECT * FROM tokens")) == 1
    assert await departures.delete_user(tx, eve.id, now=NOON)
    assert await tx.rows("SELECT id FROM tokens UNION ALL SELECT id FROM applications") == []


async def test_deleting_touches_no_entry(tx: Session) -> None:
    ada = await new_user(tx)
    await new_messages(tx, await new_application(tx, ada), ada, count=3)
    await departures.delete_user(tx, ada.id, now=NOON)
    assert await tx.rows("SELECT count(*) FROM entries") == [(3,)]
