from __future__ import annotations

from tests.builders import House


async def test_what_one_part_changes_the_others_see(house: House) -> None:
    ada = await house.accounts.users.add("ada", "secret")
    subscription, _ = await house.accounts.applications.add(ada.id, "Backup")
    device, _ = await house.accounts.devices.add(ada.id, "phone")
    assert [(info.subject, info.user) for info in await house.accounts.tokens.all()] == [
        (subscription.application.name, "ada"),
        (device.name, "ada"),
    ]
