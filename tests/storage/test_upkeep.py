from __future__ import annotations

from carillon.storage import departures, inbox, upkeep
from carillon.storage.session import Session
from tests.builders import NOON
from tests.storage.rows import new_application, new_messages, new_user


async def test_a_slice_of_the_sweep_goes_over_several_inboxes(tx: Session) -> None:
    ada, eve = await new_user(tx, "ada"), await new_user(tx, "eve")
    for owner, digest in ((ada, b"1"), (eve, b"2")):
        await new_messages(tx, await new_application(tx, owner, token_digest=digest), owner, count=3)
        await inbox.clear(tx, owner.id, None, now=NOON)
    assert await upkeep.sweep(tx, 5) == 5
    assert await tx.rows("SELECT user_id, message_id FROM entries") == [(eve.id, 4)]  # the newest went first
    assert await upkeep.sweep(tx, 5) == 1


async def test_what_arrives_for_a_user_who_is_gone_is_swept(tx: Session) -> None:
    ada, eve, bob = [await new_user(tx, name) for name in ("ada", "eve", "bob")]
    backup = await new_application(tx, eve)
    await departures.delete_user(tx, ada.id, now=NOON)
    await new_messages(tx, backup, ada, eve, bob)
    await departures.delete_user(tx, bob.id, now=NOON)
    assert await upkeep.sweep(tx, 10) == 2
    assert await tx.rows("SELECT user_id FROM entries") == [(eve.id,)]
    assert await upkeep.faults(tx) == []


async def test_the_highest_forgotten_number_never_falls(tx: Session) -> None:
    ada = await new_user(tx)
    await new_messages(tx, await new_application(tx, ada), ada, count=2)
    await inbox.delete(tx, ada.id, [1], now=NOON + 1)
    await inbox.delete(tx, ada.id, [2], now=NOON)  # the clock was set back
    ((newest,),) = await tx.rows("SELECT changed FROM counters")
    for _ in range(2):
        assert await upkeep.forget(tx, tombstones_before=NOON + 2, now=NOON, limit=1) == 1
    assert await tx.rows("SELECT forgotten FROM users") == [(newest,)]


async def test_the_schema_is_the_last_step(tx: Session) -> None:
    await tx.run("INSERT INTO migrations (number, name) VALUES (12, '0012_later')")
    assert await upkeep.schema(tx) == 12
