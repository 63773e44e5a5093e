from __future__ import annotations

from carillon.core.models import Share
from carillon.storage import groups, sharing, subscriptions
from carillon.storage.session import Session
from tests.builders import NOON
from tests.storage.rows import new_application, new_user


async def test_one_way_to_a_member_is_enough(tx: Session) -> None:
    ada, eve = await new_user(tx, "ada"), await new_user(tx, "eve")
    backup = await new_application(tx, ada)
    family = await groups.add(tx, "family", now=NOON)
    await groups.add_member(tx, family.id, eve.id)
    await sharing.share(tx, backup.id, user_id=eve.id)
    await sharing.share(tx, backup.id, group_id=family.id)
    assert await sharing.shares(tx, backup.id) == [
        Share(role="owner", name="ada", user_id=ada.id),
        Share(role="member", name="eve", user_id=eve.id),
        Share(role="member", name="family", group_id=family.id),
    ]
    assert await sharing.unshare(tx, backup.id, user_id=eve.id, now=NOON) is True
    assert await subscriptions.receivers(tx, backup.id) == (ada.id, eve.id)
    assert await sharing.shares(tx, backup.id) == [
        Share(role="owner", name="ada", user_id=ada.id),
        Share(role="member", name="family", group_id=family.id),
    ]
    assert await sharing.unshare(tx, backup.id, group_id=family.id, now=NOON) is True
    assert await subscriptions.receivers(tx, backup.id) == (ada.id,)
    assert await subscriptions.of_user(tx, eve.id) == []


async def test_an_owner_is_no_member(tx: Session) -> None:
    ada = await new_user(tx)
    backup = await new_application(tx, ada)
    assert await sharing.share(tx, backup.id, user_id=ada.id) is True
    assert await sharing.unshare(tx, backup.id, user_id=ada.id, now=NOON) is False
    assert await sharing.shares(tx, backup.id) == [Share(role="owner", name="ada", user_id=ada.id)]


async def test_nobody_is_shared_with(tx: Session) -> None:
    backup = await new_application(tx, await new_user(tx))
    assert await sharing.share(tx, backup.id) is False
    assert await sharing.share(tx, backup.id, user_id=99) is False
    assert await sharing.share(tx, backup.id, group_id=99) is False
    assert await sharing.share(tx, 99, user_id=1) is False
    assert await sharing.unshare(tx, backup.id, now=NOON) is False
