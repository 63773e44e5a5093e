from __future__ import annotations

import pytest

from carillon.core.errors import BadInput
from carillon.core.limits import Limits
from tests.builders import NOON, House

NAME = Limits().name


async def test_devices_are_listed_for_their_user_only(house: House) -> None:
    ada, eve = await house.user("ada"), await house.user("eve")
    phone, _ = await house.accounts.devices.add(ada.id, "phone")
    desk, _ = await house.accounts.devices.add(ada.id, "desk")
    assert await house.accounts.devices.of(ada.id) == [phone, desk]
    assert await house.accounts.devices.of(eve.id) == []
    assert (phone.user_id, phone.created, phone.last_used) == (ada.id, NOON, None)


@pytest.mark.parametrize("name", ["", "a\0", "x" * (NAME + 1), "\ud800"])
async def test_what_a_device_cannot_be_called(house: House, name: str) -> None:
    ada = await house.user()
    with pytest.raises(BadInput, match=r"^name "):
        await house.accounts.devices.add(ada.id, name)
    assert await house.accounts.devices.of(ada.id) == []
