from __future__ import annotations

from carillon.core.models import Lists
from carillon.storage import notices, sharing
from carillon.storage.sqlite import SqliteSession
from tests.storage.rows import new_application, new_user


async def drawn(tx: SqliteSession) -> int:
    ((newest,),) = await tx.rows("SELECT changed FROM counters")
    return int(newest)


async def test_each_user_is_told_once_under_a_number_of_his_own(tx: SqliteSession) -> None:
    newest = await drawn(tx)
    tx.told.clear()
    await notices.tell(tx, [7, 3, 7], "user", "sessions")
    assert tx.told == [
        Lists(user_id=3, changed=newest + 1, lists=("user", "sessions")),
        Lists(user_id=7, changed=newest + 2, lists=("user", "sessions")),
    ]
    assert await drawn(tx) == newest + 2


async def test_nobody_to_tell_draws_no_number(tx: SqliteSession) -> None:
    newest = await drawn(tx)
    await notices.tell(tx, [], "user")
    assert await drawn(tx) == newest


async def test_everybody_and_who_is_tied_to_an_application(tx: SqliteSession) -> None:
    ada, eve, bob = [await new_user(tx, name) for name in ("ada", "eve", "bob")]
    backup = await new_application(tx, ada)
    await sharing.share(tx, backup.id, user_id=eve.id)
    tx.told.clear()
    await notices.tell_all(tx, "people")
    await notices.tell_tied(tx, backup.id)
    assert [change.user_id for change in tx.told] == [ada.id, eve.id, bob.id, ada.id, eve.id]
