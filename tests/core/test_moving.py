from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from carillon.core.foreign import (
    Arrivals,
    ForeignApplication,
    ForeignDevice,
    ForeignMessage,
    ForeignToken,
    ForeignUser,
    Mark,
    Tops,
)
from carillon.core.images import Picture
from carillon.core.moving import Moving
from carillon.core.secrets import Vault
from carillon.core.tokens import Minting
from tests.builders import LOCAL, NOON, SECOND, House, Stream, moving_of, opened

TOPS = Tops(user=3, application=5, device=7, message=9)
USER = ForeignUser(id=3, name="eve", password_hash="", admin=False)
APPLICATION = ForeignApplication(
    id=5,
    user_id=3,
    token=ForeignToken(digest=sha256(b"Afive").digest(), secret="Afive"),
    name="Doorbell",
    description="",
    default_priority=0,
    content_type="text/plain",
    picture=Picture("image/png", "png", b"picture"),
)
DEVICE = ForeignDevice(
    id=7, user_id=3, token=ForeignToken(digest=sha256(b"Cseven").digest(), secret="Cseven"), name="phone"
)
ARRIVALS = Arrivals(
    [
        Mark("user", 3, "eve"),
        Mark("application", 5, APPLICATION.token.digest.hex()),
        Mark("device", 7, DEVICE.token.digest.hex()),
    ],
    TOPS,
)


def foreign_message(number: int) -> ForeignMessage:
    return ForeignMessage(
        id=number,
        application_id=5,
        title="t",
        body="b",
        content_type="text/plain",
        dialect="gotify",
        priority=5,
        level=5,
        created=None if number == 8 else number * SECOND,
    )


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path, minting=Minting(vault=Vault(bytes(32)))) as house:
        yield house


@pytest.fixture
def moving(house: House) -> Moving:
    return moving_of(house)


async def move(moving: Moving) -> int:
    """All of them; the number of the origin."""
    number = (await moving.begin(ARRIVALS)).origin_id or 0
    await moving.users(number, [USER])
    await moving.applications(number, [APPLICATION])
    await moving.devices(number, [DEVICE])
    await moving.messages(number, [foreign_message(8), foreign_message(9)])
    return number


async def test_tokens_work_at_once(house: House, moving: Moving) -> None:
    await move(moving)
    assert (await house.access.sender("Afive", LOCAL)).application.name == "Doorbell"
    assert (await house.access.device("Cseven", LOCAL)).user.name == "eve"


async def test_lists_show_readable_tokens_if_they_show_any(house: House, moving: Moving) -> None:
    await move(moving)
    assert await house.accounts.tokens.revealed("application", [5]) == {5: "Afive"}
    assert await house.accounts.tokens.revealed("device", [7]) == {7: "Cseven"}


async def test_pictures_have_names_of_ours(house: House, moving: Moving) -> None:
    await move(moving)
    name = (await house.store.subscriptions(3))[0].application.image
    assert name is not None
    assert name.endswith(".png")
    assert len(name) == 29
    image = await house.store.image(name)
    assert image is not None
    assert image.content == b"picture"


async def test_messages_come_with_public_ids_and_times(house: House, moving: Moving) -> None:
    await move(moving)
    newer, older = [item.message for item in await house.store.page(3, limit=9)]
    assert (newer.created, older.created) == (9 * SECOND, NOON)
    assert len({newer.public_id, older.public_id}) == 2


async def test_streams_end_so_that_devices_look_anew(house: House, moving: Moving) -> None:
    number = await move(moving)
    stream, other = Stream(7), Stream(None)
    house.hub.join(3, stream)
    house.hub.join(99, other)
    await moving.end(number, TOPS)
    assert stream.ended
    assert other.ended == []
    again = Stream(7)
    house.hub.join(3, again)
    await moving.end(number, TOPS)
    assert again.ended == []


async def test_foreseeing_changes_nothing(house: House, moving: Moving) -> None:
    assert [fate.fate for fate in (await moving.prospect(ARRIVALS)).fates] == ["new"] * 3
    assert await house.store.users() == []
    assert (await moving.prospect(ARRIVALS)).origin_id is None


async def test_who_has_a_password_here_signs_in_with_it(house: House, moving: Moving) -> None:
    await house.user("eve", admin=True)
    await move(moving)
    assert [(user.id, user.admin) for user in await house.store.users()] == [(3, True)]
    assert (await house.access.password("eve", "eve", LOCAL)).user.id == 3
