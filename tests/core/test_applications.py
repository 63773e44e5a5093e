from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from carillon.core.errors import BadInput, Conflict, NotFound
from carillon.core.limits import Limits
from carillon.core.models import Subscription
from tests.builders import NOON, House, build

NAME = Limits().name


async def test_an_application_is_listed_for_its_owner_in_his_order(house: House) -> None:
    ada = await house.user()
    first, one = await house.accounts.applications.add(ada.id, "Backup", description="nightly", default_priority=4)
    second, two = await house.accounts.applications.add(ada.id, "Door")
    ahead, _ = await house.accounts.applications.add(ada.id, "Alarm", sort_key="Zz")
    assert [subscription.sort_key for subscription in (first, second, ahead)] == ["a0", "a1", "Zz"]
    assert await house.accounts.applications.of(ada.id) == [ahead, first, second]
    stored = first.application
    assert (stored.name, stored.description, stored.default_priority, stored.created, stored.last_used) == (
        "Backup",
        "nightly",
        4,
        NOON,
        None,
    )
    assert (first.role, first.cleared_to) == ("owner", 0)
    assert one != two


async def test_an_application_token_has_the_shape_that_clients_check_for(house: House) -> None:
    ada = await house.user()
    _, application = await house.accounts.applications.add(ada.id, "Backup")
    _, device = await house.accounts.devices.add(ada.id, "phone")
    assert re.fullmatch("A[0-9A-Za-z]{14}", application)
    assert re.fullmatch("C[0-9A-Za-z]{14}", device)


async def test_a_sort_key_serves_one_application_of_a_user(house: House) -> None:
    ada, eve = await house.user("ada"), await house.user("eve")
    await house.accounts.applications.add(ada.id, "Backup", sort_key="a5")
    with pytest.raises(Conflict, match=r"sort key is not unique"):
        await house.accounts.applications.add(ada.id, "Door", sort_key="a5")
    await house.accounts.applications.add(eve.id, "Door", sort_key="a5")
    assert len(await house.accounts.applications.of(ada.id)) == 1


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"name": ""}, "name must not be empty"),
        ({"name": "x" * (NAME + 1)}, f"name is longer than {NAME} bytes"),
        ({"name": "a\0"}, "name must not contain a zero byte"),
        ({"description": "\0"}, "description must not contain a zero byte"),
        ({"description": "x" * (Limits().description + 1)}, "description is longer than 4096 bytes"),
        ({"sort_key": "x" * (Limits().short + 1)}, "sortKey is longer than 256 bytes"),
        ({"default_priority": 2**31}, "defaultPriority must be a 32-bit number"),
        ({"default_priority": -(2**31) - 1}, "defaultPriority must be a 32-bit number"),
    ],
)
async def test_what_an_application_cannot_be(house: House, fields: dict[str, str | int], text: str) -> None:
    ada = await house.user()
    with pytest.raises(BadInput, match=f"^{re.escape(text)}$"):
        await house.accounts.applications.add(ada.id, **{"name": "Backup", **fields})  # type: ignore[arg-type]  # by case
    assert await house.accounts.applications.of(ada.id) == []


async def test_an_application_of_another_is_as_one_that_does_not_exist(house: House) -> None:
    ada, eve = await house.user("ada"), await house.user("eve")
    sender, _ = await house.sender(ada)
    own = sender.application.id
    assert (await house.accounts.applications.get(ada.id, own)).application == sender.application
    assert await house.accounts.applications.sender(ada.id, own) == sender
    texts = set()
    for user_id, application_id in ((eve.id, own), (ada.id, own + 1), (ada.id, 0), (ada.id, -1)):
        for look_up in (house.accounts.applications.get, house.accounts.applications.sender):
            with pytest.raises(NotFound) as caught:
                await look_up(user_id, application_id)
            texts.add(str(caught.value))
    assert texts == {"application does not exist"}


async def test_who_only_receives_from_an_application_does_not_send_for_it(house: House) -> None:
    ada = await house.user()
    sender, _ = await house.sender(ada)

    class Received:
        """A store in which every tie is that of a receiver."""

        def __getattr__(self, name: str) -> Any:
            return getattr(house.store, name)

        async def subscription(self, user_id: int, application_id: int) -> Subscription | None:
            found = await house.store.subscription(user_id, application_id)
            return msgspec.structs.replace(found, role="receiver") if found else None

    accounts = build(Received(), hub=house.hub, clock=house.clock, limits=Limits()).accounts
    assert (await accounts.applications.get(ada.id, sender.application.id)).role == "receiver"
    with pytest.raises(NotFound):
        await accounts.applications.sender(ada.id, sender.application.id)
