from __future__ import annotations

import pytest

from carillon.core.errors import NotFound, Unauthenticated
from carillon.core.limits import Limits
from tests.builders import LOCAL, House, Stream

NAME = Limits().name


async def test_one_more_token_acts_as_the_same_and_ends_alone(house: House) -> None:
    ada = await house.user()
    sender, first = await house.sender(ada)
    token, second = await house.accounts.tokens.add("application", sender.application.id)
    assert (await house.access.sender(second, LOCAL)).application.id == sender.application.id
    await house.accounts.tokens.revoke(token.id)
    with pytest.raises(Unauthenticated):
        await house.access.sender(second, LOCAL)
    assert (await house.access.sender(first, LOCAL)).application.id == sender.application.id


@pytest.mark.parametrize("kind", ["application", "device"])
async def test_a_token_for_nothing_is_not_made(house: House, kind: str) -> None:
    await house.user()
    with pytest.raises(NotFound):
        await house.accounts.tokens.add(kind, 99)  # type: ignore[arg-type]  # one of the two, by case
    assert await house.accounts.tokens.all() == []


async def test_the_list_of_tokens_names_what_they_act_as(house: House) -> None:
    ada = await house.user()
    await house.sender(ada)
    await house.accounts.devices.add(ada.id, "phone")
    assert [(info.token.kind, info.subject, info.user) for info in await house.accounts.tokens.all()] == [
        ("application", "Backup", "ada"),
        ("device", "phone", "ada"),
    ]


async def test_revoking_a_devices_token_ends_its_streams_only(house: House) -> None:
    ada = await house.user()
    phone, key = await house.accounts.devices.add(ada.id, "phone")
    desk, _ = await house.accounts.devices.add(ada.id, "desk")
    streams = {device.id: Stream(device.id) for device in (phone, desk)}
    for stream in streams.values():
        house.hub.join(ada.id, stream)
    token = next(info.token for info in await house.accounts.tokens.all() if info.subject == "phone")
    await house.accounts.tokens.revoke(token.id)
    assert (streams[phone.id].ended, streams[desk.id].ended) == ([1008], [])
    with pytest.raises(Unauthenticated):
        await house.access.device(key, LOCAL)


async def test_a_token_that_does_not_exist_cannot_be_revoked(house: House) -> None:
    with pytest.raises(NotFound, match=r"^there is no token 99$"):
        await house.accounts.tokens.revoke(99)
