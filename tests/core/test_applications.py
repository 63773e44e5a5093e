from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from carillon.core.applications import FOR_GOOD
from carillon.core.errors import BadInput, Conflict, Forbidden, NotFound, TooMany, Unauthenticated
from carillon.core.limits import Limits
from carillon.core.models import Share, User
from carillon.core.ports import ApplicationChange
from carillon.core.priority import Scale
from carillon.core.publish import Draft
from tests.builders import LOCAL, NOON, House, opened

NAME = Limits().name
SCALE = Scale("gotify")


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


async def test_a_user_has_so_many_applications_of_his_own(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=Limits(applications_per_user=1)) as house:
        ada, eve = await house.user("ada"), await house.user("eve")
        shared, _ = await house.accounts.applications.add(eve.id, "Door")
        await house.accounts.applications.share(eve.id, shared.application.id, with_user=ada.id)
        await house.accounts.applications.add(ada.id, "Backup")
        with pytest.raises(TooMany, match="no more than 1 applications"):
            await house.accounts.applications.add(ada.id, "Camera")
        assert len(await house.accounts.applications.of(ada.id)) == 2


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


# Who else has it


@dataclass(frozen=True)
class Shared:
    """Ada's application "Backup", with Eve as a member of it. Bob has nothing to do with it; he is an admin."""

    house: House
    ada: User
    eve: User
    bob: User
    number: int
    secret: str

    async def send(self, body: str = "done", secret: str | None = None) -> None:
        sender = await self.house.access.sender(secret or self.secret, LOCAL)
        await self.house.publisher.publish(sender, Draft(body=body), scale=SCALE)

    async def inbox(self, user: User) -> list[str]:
        return [item.message.body for item in await self.house.inbox.page(user.id, limit=100)]

    async def listed(self, user: User) -> list[tuple[str, str]]:
        """Name and role of what is listed for him."""
        found = await self.house.accounts.applications.of(user.id)
        return [(one.application.name, one.role) for one in found]


@pytest.fixture
async def shared(house: House) -> Shared:
    ada, eve, bob = await house.user("ada"), await house.user("eve"), await house.user("bob", admin=True)
    sender, secret = await house.sender(ada)
    number = sender.application.id
    await house.accounts.applications.share(ada.id, number, with_user=eve.id)
    return Shared(house, ada, eve, bob, number, secret)


async def test_a_member_receives_and_does_not_manage(shared: Shared) -> None:
    applications, number = shared.house.accounts.applications, shared.number
    await shared.send()
    assert await shared.inbox(shared.eve) == ["done"] == await shared.inbox(shared.ada)
    assert await shared.listed(shared.eve) == [("Backup", "member")]
    calls: list[Callable[[int], Awaitable[object]]] = [
        lambda user_id: applications.own(user_id, number),
        lambda user_id: applications.sender(user_id, number),
        lambda user_id: applications.regenerate(user_id, number),
        lambda user_id: applications.shares(user_id, number),
        lambda user_id: applications.share(user_id, number, with_user=shared.bob.id),
        lambda user_id: applications.unshare(user_id, number, with_user=shared.eve.id),
        lambda user_id: applications.set_image(user_id, number, None),
        lambda user_id: applications.update(user_id, number, ApplicationChange(name="Mine")),
        lambda user_id: applications.update(user_id, number, ApplicationChange(description="mine")),
        lambda user_id: applications.update(user_id, number, ApplicationChange(default_priority=9)),
        lambda user_id: applications.update(user_id, number, ApplicationChange(content_type="text/plain")),
    ]
    for call in calls:
        with pytest.raises(Forbidden, match="only its owner may do this"):
            await call(shared.eve.id)
        with pytest.raises(NotFound, match=r"^application does not exist$"):
            await call(shared.bob.id)
    with pytest.raises(NotFound):
        await applications.delete(shared.bob.id, number)
    assert await shared.listed(shared.ada) == [("Backup", "owner")]
    await shared.send("the old token")
    assert await shared.inbox(shared.bob) == []


async def test_a_member_has_the_application_where_he_wants_it(shared: Shared) -> None:
    applications = shared.house.accounts.applications
    await applications.add(shared.eve.id, "Door")
    same = await applications.update(
        shared.eve.id, shared.number, ApplicationChange(name="Backup", description="", sort_key="a7")
    )
    assert (same.sort_key, same.role) == ("a7", "member")
    assert await shared.listed(shared.eve) == [("Door", "owner"), ("Backup", "member")]
    assert (await applications.get(shared.ada.id, shared.number)).sort_key == "a0"
    with pytest.raises(Conflict, match="sort key is not unique"):
        await applications.update(shared.eve.id, shared.number, ApplicationChange(sort_key="a1"))


async def test_a_member_is_rung_as_he_wants(shared: Shared) -> None:
    applications = shared.house.accounts.applications
    muted = await applications.update(shared.eve.id, shared.number, ApplicationChange(muted_until=FOR_GOOD))
    assert (muted.muted_until, muted.min_level, muted.role) == (FOR_GOOD, 0, "member")
    picky = await applications.update(shared.eve.id, shared.number, ApplicationChange(muted_until=0, min_level=8))
    assert (picky.muted_until, picky.min_level) == (0, 8)
    theirs = await applications.get(shared.ada.id, shared.number)
    assert (theirs.muted_until, theirs.min_level) == (0, 0)
    await applications.delete(shared.eve.id, shared.number)
    with pytest.raises(NotFound):
        await applications.update(shared.eve.id, shared.number, ApplicationChange(min_level=1))


async def test_an_order_is_ones_own(shared: Shared) -> None:
    applications = shared.house.accounts.applications
    made = [(await applications.add(shared.eve.id, name))[0].application.id for name in ("Door", "Alarm")]
    await applications.order(shared.eve.id, [made[1], shared.number])
    assert [name for name, _ in await shared.listed(shared.eve)] == ["Alarm", "Backup", "Door"]
    for ids, error in (([made[0], made[0]], BadInput), ([made[0], 99], NotFound), ([-1], NotFound)):
        with pytest.raises(error):
            await applications.order(shared.eve.id, ids)
    with pytest.raises(NotFound):
        await applications.order(shared.bob.id, [shared.number])
    assert [name for name, _ in await shared.listed(shared.eve)] == ["Alarm", "Backup", "Door"]
    assert (await applications.get(shared.ada.id, shared.number)).sort_key == "a0"


async def test_whom_it_is_shared_with(shared: Shared) -> None:
    applications, groups = shared.house.accounts.applications, shared.house.accounts.groups
    family = await groups.add("family")
    await groups.join(family.id, shared.bob.id)
    await applications.share(shared.ada.id, shared.number, with_group=family.id)
    await applications.share(shared.ada.id, shared.number, with_user=shared.ada.id)
    assert await applications.shares(shared.ada.id, shared.number) == [
        Share(role="owner", name="ada", user_id=shared.ada.id),
        Share(role="member", name="eve", user_id=shared.eve.id),
        Share(role="member", name="family", group_id=family.id),
    ]
    await shared.send("to all")
    await applications.unshare(shared.ada.id, shared.number, with_user=shared.eve.id)
    await shared.send("to the family")
    await applications.unshare(shared.ada.id, shared.number, with_group=family.id)
    await shared.send("to ada")
    assert await shared.inbox(shared.ada) == ["to ada", "to the family", "to all"]
    assert await shared.inbox(shared.bob) == ["to the family", "to all"]
    assert await shared.inbox(shared.eve) == ["to all"]
    assert await shared.listed(shared.eve) == await shared.listed(shared.bob) == [("Backup", "receiver")]
    for who in ({"with_user": shared.eve.id}, {"with_group": family.id}, {"with_user": shared.ada.id}, {}):
        with pytest.raises(NotFound, match="is not shared"):
            await applications.unshare(shared.ada.id, shared.number, **who)
    for who in ({"with_user": 99}, {"with_group": 99}, {}):
        with pytest.raises(NotFound, match="no such user or group"):
            await applications.share(shared.ada.id, shared.number, **who)


# Changing, deleting


async def test_an_application_is_changed_for_its_next_message(shared: Shared) -> None:
    applications = shared.house.accounts.applications
    await shared.send()
    changed = await applications.update(
        shared.ada.id,
        shared.number,
        ApplicationChange(
            name="Night",
            description="at night",
            type="script",
            url="https://nas.example/",
            default_priority=7,
            content_type="text/markdown",
            sort_key="a4",
            muted_until=NOON + 1,
            min_level=8,
        ),
    )
    assert changed == await applications.get(shared.ada.id, shared.number)
    stored = changed.application
    assert (stored.name, stored.description, stored.default_priority, stored.content_type, changed.sort_key) == (
        "Night",
        "at night",
        7,
        "text/markdown",
        "a4",
    )
    assert (stored.type, stored.url, changed.muted_until, changed.min_level) == (
        "script",
        "https://nas.example/",
        NOON + 1,
        8,
    )
    await shared.send()
    (item, _) = await shared.house.inbox.page(shared.eve.id, limit=2)
    assert (item.message.title, item.message.priority, item.message.content_type) == ("Night", 7, "text/markdown")
    assert await applications.update(
        shared.ada.id, shared.number, ApplicationChange(sort_key="")
    ) == msgspec.structs.replace(changed, application=msgspec.structs.replace(stored, last_used=NOON))


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"name": ""}, "name must not be empty"),
        ({"description": "\0"}, "description must not contain a zero byte"),
        ({"sort_key": "x" * (Limits().short + 1)}, "sortKey is longer than 256 bytes"),
        ({"default_priority": 2**31}, "defaultPriority must be a 32-bit number"),
        ({"content_type": "text/html"}, "content_type must be one of auto, text/plain, text/markdown"),
        ({"type": "x" * (NAME + 1)}, f"type is longer than {NAME} bytes"),
        ({"url": "https://" + "x" * Limits().url}, "url is longer than 2048 bytes"),
        ({"url": "javascript:alert(1)"}, "url must begin with http:// or https://"),
        ({"muted_until": FOR_GOOD + 1}, "muted_until must be a time until the year 9999"),
        ({"muted_until": -1}, "muted_until must be a time until the year 9999"),
        ({"min_level": 11}, "min_level must be from 0 to 10"),
    ],
)
async def test_what_an_application_cannot_become(house: House, fields: dict[str, Any], text: str) -> None:
    ada = await house.user()
    sender, _ = await house.sender(ada)
    with pytest.raises(BadInput, match=f"^{re.escape(text)}$"):
        await house.accounts.applications.update(ada.id, sender.application.id, ApplicationChange(**fields))
    assert (await house.accounts.applications.get(ada.id, sender.application.id)).application == sender.application


async def test_a_new_token_is_the_only_one(shared: Shared) -> None:
    _, other = await shared.house.accounts.tokens.add("application", shared.number)
    await shared.send("first")
    await shared.send("second", other)
    secret = await shared.house.accounts.applications.regenerate(shared.ada.id, shared.number)
    assert re.fullmatch("A[0-9A-Za-z]{14}", secret)
    for dead in (shared.secret, other):
        with pytest.raises(Unauthenticated):
            await shared.send("dead", dead)
    await shared.send("third", secret)
    assert await shared.inbox(shared.eve) == ["third", "second", "first"]


async def test_a_deleted_application_stays_with_those_who_hold_its_messages(shared: Shared) -> None:
    applications = shared.house.accounts.applications
    await shared.send()
    await applications.delete(shared.ada.id, shared.number)
    assert await shared.listed(shared.ada) == [] == await shared.inbox(shared.ada)
    assert await shared.listed(shared.eve) == [("Backup", "receiver")]
    assert await shared.inbox(shared.eve) == ["done"]
    with pytest.raises(Unauthenticated):
        await shared.send()
    with pytest.raises(Forbidden):
        await applications.update(shared.eve.id, shared.number, ApplicationChange(sort_key="a5"))
    with pytest.raises(NotFound):
        await applications.delete(shared.ada.id, shared.number)
    await applications.delete(shared.eve.id, shared.number)
    assert await shared.listed(shared.eve) == [] == await shared.inbox(shared.eve)
    with pytest.raises(NotFound):
        await applications.delete(shared.eve.id, shared.number)


async def test_who_leaves_hears_no_more_until_it_is_shared_with_him_again(shared: Shared) -> None:
    applications = shared.house.accounts.applications
    await shared.send("before")
    await applications.delete(shared.eve.id, shared.number)
    await shared.send("after")
    assert await shared.listed(shared.eve) == [] == await shared.inbox(shared.eve)
    assert await shared.inbox(shared.ada) == ["after", "before"]
    await applications.share(shared.ada.id, shared.number, with_user=shared.eve.id)
    await shared.send("again")
    assert await shared.inbox(shared.eve) == ["again"]


def _dot() -> bytes:
    """A PNG of one pixel."""
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(4))),
        (b"IEND", b""),
    ]
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


async def test_each_picture_has_a_name_of_its_own(house: House) -> None:
    ada, applications = await house.user(), house.accounts.applications
    number = (await applications.add(ada.id, "Backup"))[0].application.id
    names = [(await applications.set_image(ada.id, number, _dot())).application.image or "" for _ in range(2)]
    assert names[0] != names[1]
    assert all(re.fullmatch(r"[0-9A-Za-z]{25}\.png", name) for name in names)
    stored = await applications.image(names[1])
    assert stored is not None
    assert (stored.name, stored.media_type) == (names[1], "image/png")
    assert await applications.image(names[0]) is None
    with pytest.raises(BadInput):
        await applications.set_image(ada.id, number, b"no picture")
    assert (await applications.get(ada.id, number)).application.image == names[1]
    assert (await applications.set_image(ada.id, number, None)).application.image is None
    assert await applications.image(names[1]) is None
    await applications.delete(ada.id, number)
    with pytest.raises(NotFound):
        await applications.set_image(ada.id, number, _dot())


async def test_only_owners_set_a_picture(shared: Shared) -> None:
    applications = shared.house.accounts.applications
    for data in (_dot(), None):
        with pytest.raises(Forbidden):
            await applications.set_image(shared.eve.id, shared.number, data)
        with pytest.raises(NotFound):
            await applications.set_image(shared.eve.id, shared.number + 1, data)
