"""Groups, on both engines: who is in them, and whom their applications reach."""

from __future__ import annotations

import pytest

from carillon.core.errors import Conflict
from carillon.core.models import Application, Group, Share, User
from carillon.core.ports import Store
from tests.builders import DAY, NOON
from tests.contracts.stores import add_application, add_user, count_rows, send, titles


async def reached(store: Store, application: Application) -> tuple[int, ...]:
    sender = await store.sender(application.id)
    assert sender
    return sender.receivers


async def listed(store: Store, user: User) -> list[tuple[str, str]]:
    return [(tie.application.name, tie.role) for tie in await store.subscriptions(user.id)]


async def test_a_group_has_a_name_of_its_own(store: Store) -> None:
    family = await store.add_group("family", now=NOON)
    assert family == Group(id=1, name="family", created=NOON)
    with pytest.raises(Conflict):
        await store.add_group("family", now=NOON)
    team = await store.add_group("Team", now=NOON)
    with pytest.raises(Conflict):
        await store.rename_group(team.id, "family")
    assert await store.rename_group(team.id, "Team") is True
    assert await store.rename_group(team.id, "crew") is True
    assert await store.rename_group(99, "crew") is False
    assert [group.name for group in await store.groups()] == ["family", "crew"]


async def test_its_members_by_id(store: Store) -> None:
    ada, eve = await add_user(store, "ada"), await add_user(store, "eve")
    family = await store.add_group("family", now=NOON)
    for user in (eve, ada, ada):
        assert await store.add_member(family.id, user.id) is True
    assert await store.add_member(family.id, 99) is False
    assert await store.add_member(99, ada.id) is False
    assert await store.group_members(family.id) == [ada, eve]
    assert await store.remove_member(family.id, ada.id, now=NOON) is True
    assert await store.remove_member(family.id, ada.id, now=NOON) is False
    assert await store.group_members(family.id) == [eve]


async def test_who_joins_late_is_reached_from_then_on(store: Store) -> None:
    ada, eve = await add_user(store, "ada"), await add_user(store, "eve")
    door = await add_application(store, ada, "Door")
    family = await store.add_group("family", now=NOON)
    assert await store.share(door.id, group_id=family.id) is True
    assert await store.share(door.id, group_id=family.id) is True
    assert await store.shares(door.id) == [
        Share(role="owner", name="ada", user_id=ada.id),
        Share(role="member", name="family", group_id=family.id),
    ]
    assert await reached(store, door) == (ada.id,)
    await store.add_member(family.id, eve.id)
    assert await reached(store, door) == (ada.id, eve.id)
    assert await listed(store, eve) == [("Door", "member")]


async def test_whom_two_ways_reach_one_way_still_holds(store: Store) -> None:
    ada, eve = await add_user(store, "ada"), await add_user(store, "eve")
    door = await add_application(store, ada, "Door")
    family, team = await store.add_group("family", now=NOON), await store.add_group("team", now=NOON)
    for group in (family, team):
        await store.add_member(group.id, eve.id)
        await store.share(door.id, group_id=group.id)
    await store.share(door.id, user_id=eve.id)
    assert await store.delete_group(family.id, now=NOON) is True
    assert await store.unshare(door.id, user_id=eve.id, now=NOON) is True
    assert await store.unshare(door.id, user_id=eve.id, now=NOON) is False
    assert await reached(store, door) == (ada.id, eve.id)
    assert await store.unshare(door.id, group_id=team.id, now=NOON) is True
    assert await store.unshare(door.id, group_id=team.id, now=NOON) is False
    assert await reached(store, door) == (ada.id,)
    assert await listed(store, eve) == []


@pytest.mark.parametrize("way", ["member leaves", "group goes", "not shared any more", "application goes"])
async def test_what_came_by_a_group_stays_and_so_does_its_application_in_the_list(store: Store, way: str) -> None:
    ada, eve = await add_user(store, "ada"), await add_user(store, "eve")
    door = await add_application(store, ada, "Door")
    family = await store.add_group("family", now=NOON)
    await store.add_member(family.id, eve.id)
    await store.share(door.id, group_id=family.id)
    await send(store, door, ada, eve, title="ring")
    match way:
        case "member leaves":
            await store.remove_member(family.id, eve.id, now=NOON)
        case "group goes":
            assert await store.delete_group(family.id, now=NOON) is True
            assert await store.delete_group(family.id, now=NOON) is False
        case "not shared any more":
            await store.unshare(door.id, group_id=family.id, now=NOON)
        case _:
            await store.delete_application(door.id, now=NOON)
    assert await titles(store, eve) == ["ring"]
    assert await listed(store, eve) == [("Door", "receiver")]
    await store.clear(eve.id, door.id, now=NOON)
    assert await listed(store, eve) == []

    while await store.sweep(10):
        pass
    await store.forget(tombstones_before=NOON + DAY, now=NOON + DAY, limit=10)
    assert await count_rows(store, "subscriptions", f"user_id = {eve.id}") == 0
    assert await store.check() == []


async def test_a_user_who_goes_is_in_no_group(store: Store) -> None:
    await add_user(store, "root", admin=True)
    eve = await add_user(store, "eve")
    family = await store.add_group("family", now=NOON)
    await store.add_member(family.id, eve.id)
    assert await store.delete_user(eve.id, now=NOON) is True
    assert await store.group_members(family.id) == []


async def test_left_on_his_own_a_member_of_the_group_is_not_reached_until_asked_again(store: Store) -> None:
    ada, eve = await add_user(store, "ada"), await add_user(store, "eve")
    door = await add_application(store, ada, "Door")
    family = await store.add_group("family", now=NOON)
    await store.add_member(family.id, eve.id)
    await store.share(door.id, group_id=family.id)
    await send(store, door, ada, eve)
    assert await store.leave(eve.id, door.id, now=NOON) is True
    assert await store.leave(eve.id, door.id, now=NOON) is False
    assert await titles(store, eve) == [] == await listed(store, eve)
    assert await reached(store, door) == (ada.id,)
    await store.share(door.id, user_id=eve.id)
    assert await reached(store, door) == (ada.id, eve.id)
    assert await listed(store, eve) == [("Door", "member")]
    assert await titles(store, eve) == []
