from __future__ import annotations

from msgspec import structs

from carillon.core.models import Entry, EntryChange
from carillon.storage.entries import ENTRIES, entry_of, release, renew, row_of, visible, withdraw
from carillon.storage.sqlite import SqliteSession
from tests.builders import NOON
from tests.storage.rows import new_application, new_messages, new_user


def test_the_columns_are_the_fields_in_their_order() -> None:
    assert tuple(name for name, _ in ENTRIES.columns) == Entry.__struct_fields__


def test_a_row_gives_the_entry_back() -> None:
    entry = Entry(user_id=1, message_id=2, application_id=3, changed=4)
    assert row_of(entry) == (1, 2, 3, 4, None, None, None, None, 0)
    assert entry_of(row_of(entry)) == entry
    buried = structs.replace(entry, read=NOON, deleted=NOON)
    assert entry_of(row_of(buried)) == buried


async def test_renewed_entries_are_numbered_anew_and_told(tx: SqliteSession) -> None:
    ada = await new_user(tx)
    await new_messages(tx, await new_application(tx, ada), ada, count=3)
    first, _, third = await visible(tx, ada.id, [3, 1, 2, 2, 7])
    newest = third.changed
    tx.told.clear()
    await renew(tx, [structs.replace(third, read=NOON), structs.replace(first, deleted=NOON)])
    assert tx.told == [
        EntryChange(entry=structs.replace(third, read=NOON, changed=newest + 1)),
        EntryChange(entry=structs.replace(first, deleted=NOON, changed=newest + 2)),
    ]
    assert [entry.message_id for entry in await visible(tx, ada.id, [1, 2, 3])] == [2, 3]


async def test_a_message_goes_with_the_last_that_has_it(tx: SqliteSession) -> None:
    ada, eve = await new_user(tx, "ada"), await new_user(tx, "eve")
    await new_messages(tx, await new_application(tx, ada), ada, eve, count=2)
    await release(tx, [1, 2])
    assert await tx.rows("SELECT id, receivers FROM messages") == [(1, 1), (2, 1)]
    await release(tx, [2])
    assert await tx.rows("SELECT id, receivers FROM messages") == [(1, 1)]


async def test_what_is_withdrawn_is_told_to_those_who_see_it(tx: SqliteSession) -> None:
    ada = await new_user(tx)
    backup = await new_application(tx, ada)
    await new_messages(tx, backup, ada, count=2)
    (entry,) = await visible(tx, ada.id, [2])
    await tx.run("UPDATE subscriptions SET cleared_to = 1")
    tx.told.clear()
    await withdraw(tx, [1, 2], NOON)
    assert [change.changed for change in tx.told] == [entry.changed + 1]
    assert await tx.rows("SELECT message_id, deleted FROM entries ORDER BY message_id") == [(1, 0), (2, NOON)]
    assert await tx.rows("SELECT * FROM messages") == []
