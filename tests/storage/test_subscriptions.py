from __future__ import annotations

from carillon.storage import subscriptions
from carillon.storage.session import Session
from tests.builders import NOON
from tests.storage.rows import new_application, new_messages, new_user


async def test_a_tie_that_was_left_is_listed_while_the_inbox_holds_something(tx: Session) -> None:
    ada = await new_user(tx)
    backup = await new_application(tx, ada)
    await new_messages(tx, backup, ada)
    await subscriptions.untie(tx, ada.id, backup.id, now=NOON)
    (tie,) = await subscriptions.of_user(tx, ada.id)
    assert (tie.role, tie.sort_key) == ("receiver", f"~{backup.id}")
    assert await subscriptions.one(tx, ada.id, backup.id) == tie
    assert await subscriptions.listed(tx, ada.id) == [backup.id]
    await subscriptions.clear(tx, ada.id, [backup.id], now=NOON + 5)
    assert await subscriptions.of_user(tx, ada.id) == [] == await subscriptions.listed(tx, ada.id)
    assert await subscriptions.one(tx, ada.id, backup.id) is None
    assert await tx.rows("SELECT left_at FROM subscriptions") == [(NOON + 5,)]


async def test_a_clearing_does_not_leave_what_was_not_left(tx: Session) -> None:
    ada = await new_user(tx)
    backup = await new_application(tx, ada)
    ((newest,),) = await tx.rows("SELECT changed FROM counters")
    await subscriptions.clear(tx, ada.id, [backup.id], now=NOON)
    assert await tx.rows("SELECT left_at, changed FROM subscriptions") == [(0, newest + 1)]


async def test_who_comes_back_has_it_at_the_end_of_his_list(tx: Session) -> None:
    ada = await new_user(tx)
    first, second = await new_application(tx, ada), await new_application(tx, ada, token_digest=b"2")
    await subscriptions.untie(tx, ada.id, first.id, now=NOON)
    for _ in range(2):
        await subscriptions.tie(tx, ada.id, first.id)
        ties = await subscriptions.of_user(tx, ada.id)
        assert [(tie.application.id, tie.sort_key, tie.role) for tie in ties] == [
            (second.id, "a1", "owner"),
            (first.id, "a2", "receiver"),
        ]
    assert await subscriptions.receivers(tx, first.id) == ()
