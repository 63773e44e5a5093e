from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from carillon.core.errors import Conflict
from carillon.core.models import Image
from carillon.core.ports import ApplicationChange
from carillon.storage import applications, sharing, subscriptions
from carillon.storage.session import Session
from tests.builders import NOON
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


async def test_what_is_deleted_is_gone_when_nobody_has_a_tie_to_it(tx: Session) -> None:
    ada = await new_user(tx)
    backup = await new_application(tx, ada)
    await applications.set_image(tx, backup.id, Image("a.png", "image/png", b"png"))
    assert await applications.delete(tx, backup.id, now=NOON)
    assert await applications.delete(tx, backup.id, now=NOON + 1) is False
    assert await tx.rows("SELECT left_at FROM subscriptions") == [(NOON,)]
    assert await applications.sender(tx, backup.id) is None
    assert await applications.set_image(tx, backup.id, None) is False
    await applications.remove_forsaken(tx)
    assert await tx.rows("SELECT count(*) FROM applications") == [(1,)]
    await tx.run("DELETE FROM subscriptions")
    await applications.remove_forsaken(tx)
    assert await tx.rows("SELECT id FROM applications UNION ALL SELECT 1 FROM images") == []


async def test_when_the_owner_deletes_it_who_had_left_stays_as_he_is(tx: Session) -> None:
    ada, eve = await new_user(tx, "ada"), await new_user(tx, "eve")
    backup = await new_application(tx, ada)
    await sharing.share(tx, backup.id, user_id=eve.id)
    await subscriptions.leave(tx, eve.id, backup.id, now=NOON)
    await applications.delete(tx, backup.id, now=NOON + 5)
    assert await tx.rows("SELECT left_at FROM subscriptions ORDER BY user_id") == [(NOON + 5,), (NOON,)]


async def test_a_change_of_one_thing_leaves_the_others(tx: Session) -> None:
    ada = await new_user(tx)
    backup = await new_application(tx, ada, description="at night", default_priority=3)
    steps: tuple[dict[str, Any], ...] = (
        {"name": "Night"},
        {"default_priority": 0},
        {"description": ""},
        {"content_type": "text/plain"},
        {"type": "script"},
        {"url": "https://nas.example"},
        {},
    )
    for fields in steps:
        backup = structs.replace(backup, **fields)
        changed = await applications.update(tx, ada.id, backup.id, change=ApplicationChange(**fields))
        assert changed
        assert (changed.application, changed.sort_key) == (backup, "a0")
    assert await applications.update(tx, ada.id, 99, change=ApplicationChange(name="Night")) is None


async def test_what_is_ones_own_leaves_the_others(tx: Session) -> None:
    ada, eve = await new_user(tx, "ada"), await new_user(tx, "eve")
    backup = await new_application(tx, ada)
    await sharing.share(tx, backup.id, user_id=eve.id)
    before = await subscriptions.one(tx, ada.id, backup.id)
    theirs = await subscriptions.one(tx, eve.id, backup.id)
    assert theirs
    steps: tuple[dict[str, Any], ...] = (
        {"muted_until": NOON},
        {"min_level": 8},
        {"sort_key": "a9"},
        {"muted_until": 0},
    )
    for fields in steps:
        theirs = structs.replace(theirs, **fields)
        assert await applications.update(tx, eve.id, backup.id, change=ApplicationChange(**fields)) == theirs
        assert await subscriptions.one(tx, ada.id, backup.id) == before
