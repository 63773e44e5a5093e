from __future__ import annotations

from carillon.storage import sharing
from carillon.storage.backup.contents import look
from carillon.storage.migrate import steps
from carillon.storage.sqlite import SqliteSession
from tests.storage.rows import new_application, new_messages, new_user


async def test_what_is_in_it(tx: SqliteSession) -> None:
    ada, bob = await new_user(tx), await new_user(tx, "bob")
    backup = await new_application(tx, ada)
    await sharing.share(tx, backup.id, user_id=bob.id)
    await new_messages(tx, backup, ada, bob, count=3)
    facts = await look(tx, "sqlite", "3.40")
    assert facts.counts == {
        "users": 2,
        "applications": 1,
        "devices": 0,
        "tokens": 1,
        "messages": 3,
        "entries": 6,
    }
    assert (facts.schema, facts.version, facts.problems) == (steps("sqlite")[-1].number, "3.40", [])


async def test_what_is_wrong_in_it(tx: SqliteSession) -> None:
    ada = await new_user(tx)
    await new_messages(tx, await new_application(tx, ada), ada)
    await tx.run("UPDATE counters SET message = 0")
    assert (await look(tx, "sqlite", "")).problems == ["1 messages above the counter"]


async def test_an_older_one_is_left_to_its_carillon(tx: SqliteSession) -> None:
    await tx.run("UPDATE counters SET message = -1")
    await tx.run("DELETE FROM migrations WHERE number > 1")
    facts = await look(tx, "sqlite", "")
    assert (facts.schema, facts.problems) == (1, [])
