from __future__ import annotations

import pytest

from carillon.core.errors import BadInput, Conflict, NotFound
from carillon.core.peers import Peer
from tests.builders import NOON, House

LOCAL = Peer("127.0.0.1", local=True)


async def test_a_group_is_made_named_and_deleted(house: House) -> None:
    groups = house.accounts.groups
    family = await groups.add("family")
    assert (family.name, family.created) == ("family", NOON)
    await groups.add("team")
    await groups.rename(family.id, "home")
    assert [group.name for group in await groups.all()] == ["home", "team"]
    assert (await groups.named("home")).id == family.id
    await groups.delete(family.id)
    assert [group.name for group in await groups.all()] == ["team"]


async def test_a_name_is_taken_once(house: House) -> None:
    groups = house.accounts.groups
    family, team = await groups.add("family"), await groups.add("team")
    with pytest.raises(Conflict):
        await groups.add("team")
    with pytest.raises(Conflict):
        await groups.rename(family.id, "team")
    await groups.rename(team.id, "team")
    assert [group.name for group in await groups.all()] == ["family", "team"]


async def test_what_a_group_cannot_be_called(house: House) -> None:
    group = await house.accounts.groups.add("family")
    for name in ("", "a\0", "x" * 300):
        with pytest.raises(BadInput):
            await house.accounts.groups.add(name)
        with pytest.raises(BadInput):
            await house.accounts.groups.rename(group.id, name)
    assert [group.name for group in await house.accounts.groups.all()] == ["family"]


async def test_what_is_not_there(house: House) -> None:
    groups = house.accounts.groups
    ada = await house.user()
    family = await groups.add("family")
    for doing in (
        groups.named("team"),
        groups.rename(99, "team"),
        groups.delete(99),
        groups.join(99, ada.id),
        groups.join(family.id, 99),
        groups.leave(family.id, ada.id),
    ):
        with pytest.raises(NotFound):
            await doing
    assert await groups.members(99) == []


async def test_its_members_are_reached_from_the_next_message_on(house: House) -> None:
    ada, eve = await house.user("ada"), await house.user("eve")
    _, secret = await house.sender(ada, "Doorbell")
    application = (await house.access.sender(secret, LOCAL)).application
    groups = house.accounts.groups
    family = await groups.add("family")
    await house.store.share(application.id, group_id=family.id)
    assert (await house.access.sender(secret, LOCAL)).receivers == (ada.id,)

    await groups.join(family.id, eve.id)
    assert await groups.members(family.id) == [eve]
    assert (await house.access.sender(secret, LOCAL)).receivers == (ada.id, eve.id)
    assert [(tie.application.name, tie.role) for tie in await house.accounts.applications.of(eve.id)] == [
        ("Doorbell", "member")
    ]

    await groups.leave(family.id, eve.id)
    assert (await house.access.sender(secret, LOCAL)).receivers == (ada.id,)
    assert await house.accounts.applications.of(eve.id) == []

    await groups.join(family.id, eve.id)
    await groups.delete(family.id)
    assert (await house.access.sender(secret, LOCAL)).receivers == (ada.id,)
