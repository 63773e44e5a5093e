from __future__ import annotations

import pytest

from carillon.core.errors import Conflict
from carillon.storage import applications, subscriptions
from carillon.storage.session import Session
from tests.storage.rows import new_application, new_user


@pytest.mark.parametrize(("greatest", "following"), [("a7", "a8"), ("~ill-formed", "~ill-formedV")])
async def test_a_new_application_sorts_after_the_last(tx: Session, greatest: str, following: str) -> None:
    ada = await new_user(tx)
    await new_application(tx, ada, sort_key=greatest)
    last = await new_application(tx, ada, token_digest=b"2")
    subscription = await subscriptions.one(tx, ada.id, last.id)
    assert subscription
    assert subscription.sort_key == following


async def test_what_is_refused_has_changed_nothing(tx: Session) -> None:
    ada = await new_user(tx)
    await new_application(tx, ada, sort_key="a0")
    for fields in ({"sort_key": "a1"}, {"sort_key": "a0", "token_digest": b"2"}):
        with pytest.raises(Conflict):
            await new_application(tx, ada, **fields)
    assert await tx.rows("SELECT count(*) FROM applications") == [(1,)]


async def test_an_application_without_owner_reaches_nobody(tx: Session) -> None:
    backup = await new_application(tx, await new_user(tx))
    await tx.run("DELETE FROM subscriptions")
    sender = await applications.sender(tx, backup.id)
    assert sender
    assert sender.receivers == ()
