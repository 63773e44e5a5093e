from __future__ import annotations

from carillon.storage import groups, sharing, subscriptions
from carillon.storage.session import Session
from tests.builders import NOON
from tests.storage.rows import new_application, new_user


async def test_two_applications_of_a_group_have_two_places_in_the_list(tx: Session) -> None:
    ada, eve = await new_user(tx, "ada"), await new_user(tx, "eve")
    family = await groups.add(tx, "family", now=NOON)
    for digest in (b"1", b"2"):
        application = await new_application(tx, ada, token_digest=digest)
        await sharing.share(tx, application.id, group_id=family.id)
    await groups.add_member(tx, family.id, eve.id)
    keys = [tie.sort_key for tie in await subscriptions.of_user(tx, eve.id)]
    assert keys == ["a0", "a1"]


async def test_with_a_group_nothing_of_it_stays(tx: Session) -> None:
    ada = await new_user(tx)
    family = await groups.add(tx, "family", now=NOON)
    await groups.add_member(tx, family.id, ada.id)
    await sharing.share(tx, (await new_application(tx, ada)).id, group_id=family.id)
    await groups.delete(tx, family.id, now=NOON)
    for table in ("groups", "group_members", "group_applications"):
        assert await tx.rows(f"SELECT count(*) FROM {table}") == [(0,)]  # noqa: S608  # names of the test's own
    assert [tie.role for tie in await subscriptions.of_user(tx, ada.id)] == ["owner"]
